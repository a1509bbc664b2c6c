package engine_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

const judgeSchema = "usher: 1\ntimezone: UTC\nevents: {go: {}, buy: {}}\n"

// A playbook that is paused, or is not there any more, takes nobody in and does not even ask its
// condition. An open run goes on.
func TestPausedIsTheFirstGate(t *testing.T) {
	book := "id: a\nstage: activation\ntrigger: {event: go}\ncondition: len(events(\"buy\")) == 0\n" +
		"actions: [{wait: 1h}, {tag: passed}]\n"
	ws := load(t, map[string]string{"usher.yaml": judgeSchema, "playbooks/a.yaml": book})
	for name, today := range map[string]*engine.Engine{
		"paused": engine.New(ws, engine.Options{
			Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(),
			Paused: map[string]bool{"a": true},
		}),
		"removed": newEngine(load(t, map[string]string{"usher.yaml": judgeSchema})).WithRevision(ws, ws.Playbook("a")),
	} {
		s := newShell(t, newEngine(ws))
		s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
		s.e = today
		later := memoryStart.Add(2 * time.Hour)
		s.decide([]engine.Input{
			happened(2, "buy", time.Minute, engine.Payload{}), happened(3, "go", 2*time.Minute, engine.Payload{}),
		}, later)
		if len(s.order) != 1 || s.runs[s.order[0]].State != engine.RunDone {
			t.Errorf("%s: the open run did not go on alone: %d runs, %+v", name, len(s.order), s.runs[s.order[0]])
		}
		if name == "removed" && len(s.refusals) == 0 {
			continue // nothing listens to the event any more
		}
		if len(s.refusals) != 1 || s.refusals[0].Reason != engine.ReasonPaused {
			t.Errorf("%s: %+v", name, s.refusals)
		}
	}
}

// A goal counts once an entry: after it, to the end of its time, also when the run has ended.
func TestGoalCountsOnceAfterTheEntryInTime(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": judgeSchema, "playbooks/a.yaml": `id: a
stage: activation
trigger: {event: go}
goal: {event: buy, within: 2h}
actions: [{tag: x}]
`}))
	for name, c := range map[string]struct {
		after []time.Duration // when the member buys, after the entry
		at    time.Duration   // when the goal is reached; negative: never
	}{
		"never":              {nil, -1},
		"before":             {[]time.Duration{-time.Minute}, -1},
		"after the run":      {[]time.Duration{time.Hour}, time.Hour},
		"once":               {[]time.Duration{time.Minute, time.Hour}, time.Minute},
		"at the end":         {[]time.Duration{2 * time.Hour}, 2 * time.Hour},
		"later than in time": {[]time.Duration{2*time.Hour + time.Millisecond}, -1},
	} {
		s := newShell(t, e)
		var inputs []engine.Input
		for i, after := range c.after {
			inputs = append(inputs, happened(int64(i+2), "buy", after, engine.Payload{}))
		}
		entry := happened(1, "go", 0, engine.Payload{})
		if len(inputs) > 0 && c.after[0] < 0 {
			inputs = append(inputs, entry)
		} else {
			inputs = append([]engine.Input{entry}, inputs...)
		}
		s.decide(inputs, memoryStart.Add(3*time.Hour))
		r := s.runs[s.order[0]]
		if r.State != engine.RunDone || (c.at < 0) != r.ConvertedAt.IsZero() ||
			c.at >= 0 && !r.ConvertedAt.Equal(memoryStart.Add(c.at)) {
			t.Errorf("%s: %s, converted at %v", name, r.State, r.ConvertedAt)
		}
	}
}
