package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// An `if` beside a goal, an exit or a wait that cannot be evaluated is no match, and the trace says
// why.
func TestMatchThatFailsIsTraced(t *testing.T) {
	const much = "event.n * 9007199254740992 * 9007199254740992 > 0"
	for what, keys := range map[string]string{
		"goal": "goal: {event: view, if: " + much + ", within: 2d}\nactions: [{wait: 1d}]\n",
		"exit": "exit: [{event: view, if: " + much + "}]\nactions: [{wait: 1d}]\n",
		"here": "actions: [{id: here, wait: {event: view, if: " + much + ", timeout: 1d}}]\n",
	} {
		t.Run(what, func(t *testing.T) {
			s := newShell(t, newEngine(load(t, map[string]string{
				"usher.yaml":       boundsUsher,
				"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: buy}\n" + keys,
			})))
			first, second := boundsEvent(0, "buy", nil), boundsEvent(1, "view", map[string]any{"n": 3.0})
			s.decide([]engine.Input{first, second}, second.At)
			run := s.runs[s.order[0]]
			if run.State != engine.RunWaiting || !run.ConvertedAt.IsZero() {
				t.Errorf("the run is %s, converted at %v", run.State, run.ConvertedAt)
			}
			var found []string
			for _, e := range s.traces[run.ID] {
				if e.What == engine.WhatError {
					found = append(found, fmt.Sprint(e.Step, ": ", e.Reason, " ", e.Detail["id"]))
				}
			}
			if len(found) != 1 || !strings.HasPrefix(found[0], what+": evaluate ") || !strings.HasSuffix(found[0], " e1") {
				t.Errorf("the trace says %q", found)
			}
			s.decide(nil, start.Add(3*24*time.Hour))
			if run := s.runs[run.ID]; run.State != engine.RunDone {
				t.Errorf("the run ended as %s", run.State)
			}
		})
	}
}
