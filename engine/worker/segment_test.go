package worker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

func crossing(way, segment string) string {
	return fmt.Sprintf("id: %s-%s\nstage: retention\ntrigger: {segment_%s: %s}\nmode: parallel\nactions: [{tag: %s-%s}]\n", way, segment, way, segment, way, segment)
}

// reevaluated reports whether it is known of the member whether they are in the segment.
func (w *world) reevaluated(member, segment string) bool {
	m, err := w.Member(w.ctx, member)
	if err != nil {
		return false
	}
	_, known := m.Segments[segment]
	return known
}

// Who was in a segment before it was watched is in it and nothing happens; whoever comes or goes
// after, by whatever means, is found once.
func TestSegmentTriggers(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	w.run()
	w.accept(order("e1", "old"), engine.Input{Kind: engine.InputEvent, ID: "e2", Member: "quiet", Name: "member.left"})
	w.until("the first runs", func() bool {
		_, err := w.Member(w.ctx, "quiet")
		return err == nil && w.state("thanks", engine.RunDone) == 1
	})

	w.activate(crossing("enter", "buyers"), crossing("enter", "gold"), crossing("exit", "gold"),
		crossing("enter", "lapsed"))
	w.until("a look at those who were there",
		func() bool { return w.reevaluated("old", "buyers") && w.reevaluated("quiet", "lapsed") })
	w.accept(
		order("e3", "old"), order("e4", "new"), order("e5", "new"),
		engine.Input{
			Kind: engine.InputUpdate, ID: "u1", Member: "quiet",
			Payload: &engine.Payload{Attributes: map[string]any{"level": "gold"}},
		},
		engine.Input{
			Kind: engine.InputUpdate, ID: "u2", Member: "quiet",
			Payload: &engine.Payload{Attributes: map[string]any{"level": nil}},
		},
	)
	w.until("the crossings", func() bool {
		return w.state("enter-buyers", engine.RunDone) == 1 && w.state("enter-gold", engine.RunDone) == 1 &&
			w.state("exit-gold", engine.RunDone) == 1
	})
	if n := w.state("enter-lapsed", engine.RunDone); n != 0 {
		t.Fatalf("%d members lapsed at once", n)
	}
	w.advance(3*24*time.Hour - time.Minute)
	w.accept(engine.Input{
		Kind: engine.InputUpdate, ID: "u3", Member: "quiet",
		Payload: &engine.Payload{AddTags: []string{"decided"}},
	})
	w.until("three days, less a minute", func() bool {
		m, err := w.Member(w.ctx, "quiet")
		return err == nil && slices.Contains(m.Tags, "decided")
	})
	if n := w.state("enter-lapsed", engine.RunDone); n != 0 {
		t.Fatalf("%d members lapsed too early", n)
	}
	w.advance(2 * time.Minute)
	w.until("three days", func() bool { return w.state("enter-lapsed", engine.RunDone) == 3 })
	w.accept(order("e6", "old"))
	w.until("the event that ends it", func() bool {
		m, err := w.Member(w.ctx, "old")
		return err == nil && !m.Segments["lapsed"].In
	})
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "enter-lapsed"})
	if err != nil || len(runs) != 3 {
		t.Fatalf("%d runs of enter-lapsed, %v", len(runs), err)
	}
	for _, r := range runs {
		m, err := w.Member(w.ctx, r.Member)
		if err != nil {
			t.Fatal(err)
		}
		if want := m.LastSeenAt.Add(72 * time.Hour); r.Member != "old" && !r.StartedAt.Equal(want) {
			t.Errorf("%s was found at %v, not at %v", r.Member, r.StartedAt, want)
		}
	}
	if n := w.counts("enter-buyers").Entered; n != 1 {
		t.Errorf("%d members became buyers, want 1", n)
	}
}

// A segment that is defined anew is another audience: who is in it is noted, and nothing happens.
func TestSegmentIsDefinedAnew(t *testing.T) {
	w := newWorld(t, embedded(t))
	before := declarations
	t.Cleanup(func() { declarations = before })
	w.activate(crossing("enter", "buyers"))
	wk := w.run()
	w.accept(engine.Input{Kind: engine.InputEvent, ID: "e1", Member: "m", Name: "member.left"})
	w.until("the member", func() bool { return w.reevaluated("m", "buyers") })
	first, err := w.Member(w.ctx, "m")
	if err != nil {
		t.Fatal(err)
	}

	declarations = "usher: 1\nevents: {order.paid: {amount: number}, member.left: {}}\nsegments: {buyers: 'days_since(member.created_at) >= 0'}\nchannels: {shop: {type: log}}\n"
	w.activate(crossing("enter", "buyers"))
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.until("another look", func() bool {
		m, err := w.Member(w.ctx, "m")
		return err == nil && m.Segments["buyers"].Since > first.Segments["buyers"].Since && m.Segments["buyers"].In
	})
	w.accept(order("e2", "m"), order("e3", "n"))
	w.until("the newcomer", func() bool { return w.state("enter-buyers", engine.RunDone) == 1 })
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "enter-buyers"})
	if err != nil || len(runs) != 1 || runs[0].Member != "n" {
		t.Errorf("runs %+v, %v", runs, err)
	}
}
