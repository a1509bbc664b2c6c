package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const changedUsher = "usher: 1\nmember: {level: {enum: [a, b], default: a}, at: datetime, n: {type: int, default: 0}}\nevents: {go: {}}\n"

// changedShell has a playbook that tags by its trigger.
func changedShell(t *testing.T, trigger, tag string) *shell {
	t.Helper()
	return newShell(t, newEngine(load(t, map[string]string{
		"usher.yaml": changedUsher,
		"playbooks/told.yaml": "id: told\nstage: activation\ntrigger: " + trigger + "\nmode: parallel\nactions:\n" +
			"  - tag: " + tag + "\n",
	})))
}

// wrote is an update of the member's attributes, at a second.
func wrote(n int64, attributes map[string]any, backfill bool) engine.Input {
	in := happened(n, "", time.Duration(n)*time.Second, engine.Payload{Attributes: attributes, Backfill: backfill})
	in.Kind = engine.InputUpdate
	return in
}

// What is told of before counts and starts nothing, and what comes then is compared with it.
func TestBackfillIsNoChange(t *testing.T) {
	s := changedShell(t, "{changed: member.level}", "= trigger.after")
	s.decide([]engine.Input{
		wrote(1, map[string]any{"n": 1}, false), wrote(2, map[string]any{"level": "b"}, true),
		wrote(3, map[string]any{"level": "b"}, false), wrote(4, map[string]any{"level": "a"}, false),
	}, memoryStart.AddDate(0, 0, 1))
	if got := s.state().Member.Tags; !slices.Equal(got, []string{"a"}) {
		t.Errorf("tags %v, want those of the last change alone", got)
	}
}

// The same instant is no change, wherever its clock stands.
func TestSameInstantIsNoChange(t *testing.T) {
	s := changedShell(t, "{changed: member.at}", "x")
	s.decide([]engine.Input{
		wrote(1, map[string]any{"at": "2026-03-08T02:30:00Z"}, false),
		wrote(2, map[string]any{"at": "2026-03-08T10:30:00+08:00"}, false),
		wrote(3, map[string]any{"at": "2026-03-08T02:30:01Z"}, false),
	}, memoryStart.AddDate(0, 0, 1))
	if n := len(s.runs); n != 2 {
		t.Errorf("%d runs, want 2: one for each instant", n)
	}
}

// A change that a change brings about is a link of the chain, which has an end.
func TestChangesAreLinksOfAChain(t *testing.T) {
	s := newShell(t, newEngine(load(t, map[string]string{
		"usher.yaml": changedUsher,
		"playbooks/count.yaml": "id: count\nstage: activation\ntrigger: {changed: member.n}\nmode: parallel\nactions:\n" +
			"  - set: {n: = member.n + 1}\n",
	})))
	s.decide([]engine.Input{wrote(1, map[string]any{"n": 1}, false)}, memoryStart.AddDate(0, 0, 1))
	if n := len(s.runs); n != 16 {
		t.Errorf("%d runs, want the 16 of a chain", n)
	}
	stopped := 0
	for _, d := range s.refusals {
		if d.Playbook == "count" && strings.Contains(d.Seen["trigger"].(string), "the chain is 16 events long") {
			stopped++
		}
	}
	if stopped != 1 {
		t.Errorf("the end of the chain is told %d times: %v", stopped, s.refusals)
	}
}
