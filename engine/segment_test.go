package engine_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

// A watch that began when a member was there already counts from its beginning, whenever the member
// is first looked at.
func TestWatchCountsFromItsBeginning(t *testing.T) {
	ws := load(t, map[string]string{
		"usher.yaml": "usher: 1\nevents: {go: {}}\nsegments: {quiet: days_since(member.last_seen_at) > 30}\n",
		"playbooks/p.yaml": `id: p
stage: retention
trigger: {segment_enter: quiet}
actions: [{tag: quiet}]
`,
	})
	day := 24 * time.Hour
	watch := func(since time.Time) *engine.Engine {
		return engine.New(ws, engine.Options{
			Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(),
			Watched: map[string]time.Time{"quiet": since},
		})
	}
	look := func(at time.Time) engine.Input {
		return engine.Input{
			Kind: engine.InputSchedule, ID: "look", Name: engine.SegmentReevaluation, Member: "m", Time: at,
			At: at,
		}
	}
	update := func(at time.Time) engine.Input {
		return engine.Input{
			Kind: engine.InputUpdate, ID: "u", Member: "m", Time: at, At: at,
			Payload: &engine.Payload{AddTags: []string{"x"}},
		}
	}
	for name, c := range map[string]struct {
		seen    time.Duration // before the watch began
		input   engine.Input
		horizon time.Duration // after it began
		enters  time.Duration // after it began; -1: never
	}{
		"quiet before":                                   {40 * day, look(start), 40 * day, -1},
		"quiet before, touched later":                    {40 * day, update(start.Add(5 * day)), 40 * day, -1},
		"falls quiet after":                              {29 * day, look(start), 40 * day, 2 * day},
		"falls quiet before the look comes":              {29 * day, look(start), 3 * day, 2 * day},
		"falls quiet after the first touch":              {29 * day, update(start.Add(day)), 3 * day, 2 * day},
		"fell quiet before the first touch, found there": {29 * day, update(start.Add(5 * day)), 5 * day, 5 * day},
		"not yet": {29 * day, look(start), day, -1},
	} {
		t.Run(name, func(t *testing.T) {
			e := watch(start)
			st := &engine.State{Member: &engine.Member{ID: "m", CreatedAt: start.Add(-c.seen), LastSeenAt: start.Add(-c.seen)}}
			changes := new(engine.Changes)
			if err := e.Decide("m", st, []engine.Input{c.input}, start.Add(c.horizon), nil, changes); err != nil {
				t.Fatal(err)
			}
			entered := time.Duration(-1)
			for _, r := range changes.Runs {
				entered = r.StartedAt.Sub(start)
			}
			if entered != c.enters || len(changes.Runs) > 1 {
				t.Errorf("%d runs, the last %v after the watch began; want %v", len(changes.Runs), entered, c.enters)
			}
			// Watched anew later, when they are in it: that fires nothing.
			st.Runs = nil // stored, and closed
			again := new(engine.Changes)
			later := start.Add(50 * day)
			if err := watch(later).Decide("m", st, []engine.Input{look(later)}, later.Add(day), nil, again); err != nil {
				t.Fatal(err)
			}
			if len(again.Runs) > 0 {
				t.Errorf("watching it anew began %d runs", len(again.Runs))
			}
			if k := st.Member.Segments["quiet"]; !k.In || k.Since != later.UnixMilli() {
				t.Errorf("known: %+v", k)
			}
		})
	}
}
