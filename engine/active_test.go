package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

const activeBook = "id: a\nstage: activation\nACTIVE\ntrigger: {event: go}\nmode: parallel\n" +
	"actions:\n  - wait: 1h\n  - points: 1\n"

func activeEngine(t *testing.T, active string, since map[string]time.Time) *engine.Engine {
	t.Helper()
	ws := load(t, map[string]string{
		"usher.yaml": judgeSchema, "playbooks/a.yaml": strings.ReplaceAll(activeBook, "ACTIVE", active),
	})
	return engine.New(ws, engine.Options{
		Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(), Watched: since,
	})
}

func until(at time.Time) string {
	return "active: {to: " + at.UTC().Format("2006-01-02T15:04:05Z") + ", open: exit}"
}

// The end of `active` comes before a wait that is over at that instant, to the millisecond, and wakes a member whose runs
// wait for longer.
func TestActiveEndsBeforeWaits(t *testing.T) {
	for name, c := range map[string]struct {
		to   time.Duration // after the entry
		want engine.RunState
	}{
		"before":  {time.Hour - time.Second, engine.RunExited},
		"with it": {time.Hour, engine.RunDone}, // a time includes itself
	} {
		s := newShell(t, activeEngine(t, until(memoryStart.Add(c.to)), nil))
		s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
		if st := s.state(); !st.Member.ReevaluateAt.Equal(memoryStart.Add(c.to + time.Millisecond)) {
			t.Errorf("%s: the member is looked at at %s", name, st.Member.ReevaluateAt)
		}
		s.decide(nil, memoryStart.Add(2*time.Hour))
		r := s.runs[s.order[0]]
		if r.State != c.want {
			t.Errorf("%s: %+v", name, r)
		}
		if c.want == engine.RunExited &&
			(r.Reason != engine.ReasonNotActive || !r.EndedAt.Equal(memoryStart.Add(c.to+time.Millisecond))) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// A wait that is over one millisecond later is over at the end.
	s := newShell(t, activeEngine(t, until(memoryStart.Add(time.Hour)), nil))
	s.decide([]engine.Input{happened(1, "go", time.Millisecond, engine.Payload{})}, memoryStart.Add(2*time.Hour))
	if r := s.runs[s.order[0]]; r.State != engine.RunExited || r.Reason != engine.ReasonNotActive {
		t.Errorf("at one instant: %+v", r)
	}
}

// An edit counts at once: for whoever enters, and for runs that are open, at the instant from which it holds. Who has
// entered and is not noted is looked at.
func TestActiveIsAlwaysTodays(t *testing.T) {
	edited := memoryStart.Add(30 * time.Minute)
	since := map[string]time.Time{":active:a": edited}
	for name, c := range map[string]struct {
		today string
		state engine.RunState
		at    time.Time
	}{
		"an end that is over":  {until(memoryStart.Add(-time.Hour)), engine.RunExited, edited},
		"an end that comes":    {until(memoryStart.Add(40 * time.Minute)), engine.RunExited, memoryStart.Add(40*time.Minute + time.Millisecond)},
		"no end any more":      {"# none", engine.RunDone, memoryStart.Add(time.Hour)},
		"an end that lets run": {"active: {to: 2020-01-01}", engine.RunDone, memoryStart.Add(time.Hour)},
	} {
		s := newShell(t, activeEngine(t, until(memoryStart.Add(50*time.Minute)), map[string]time.Time{":active:a": memoryStart}))
		s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
		if got := s.e.Unrecorded(s.state().Member); !got.IsZero() {
			t.Errorf("%s: unrecorded since %s", name, got)
		}
		s.e = activeEngine(t, c.today, since)
		if got := s.e.Unrecorded(s.state().Member); got.Equal(edited) != strings.Contains(c.today, "exit") {
			t.Errorf("%s: unrecorded since %s", name, got)
		}
		s.decide([]engine.Input{{
			Seq: 2, Kind: engine.InputSchedule, ID: "look", Member: "m", Name: engine.SegmentReevaluation, Time: edited, At: edited,
		}}, edited)
		if got := s.e.Unrecorded(s.state().Member); !got.IsZero() {
			t.Errorf("%s: unrecorded since %s after the look", name, got)
		}
		s.decide([]engine.Input{happened(3, "go", 45*time.Minute, engine.Payload{})}, memoryStart.Add(5*time.Hour))
		r := s.runs[s.order[0]]
		if r.State != c.state || !r.EndedAt.Equal(c.at) {
			t.Errorf("%s: %+v", name, r)
		}
		refused := slices.ContainsFunc(s.refusals, func(d engine.Decision) bool { return d.Reason == engine.ReasonNotActive })
		if refused != (c.today != "# none") {
			t.Errorf("%s: %+v", name, s.refusals)
		}
	}
}

// What open runs have is theirs; `active` and `priority` are not in the revision that they keep.
func TestActiveIsNoRevision(t *testing.T) {
	var revisions []string
	for _, active := range []string{"# none", "active: {to: 2026-01-01}", "active: {from: 2026-01-01}", "priority: 7"} {
		revisions = append(revisions, activeEngine(t, active, nil).Workspace().Playbooks[0].Revision)
	}
	if len(slices.Compact(slices.Clone(revisions))) != 1 {
		t.Error(revisions)
	}
}
