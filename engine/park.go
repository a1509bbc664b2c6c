package engine

import (
	"fmt"
	"maps"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// parked is how long a run rests that cannot go on, before it is tried again: its playbook is a draft, or its revision cannot be
// compiled by this version of usher. An hour is often enough for what a person has to mend.
const parked = time.Hour

// park puts a run off whose revision cannot be had. It says why once, on the run and on its trace.
func (d *decider) park(r *Run, at time.Time) {
	why := d.e.unusable[r.Revision]
	if why == "" {
		why = "it is not known"
	}
	reason := fmt.Sprintf("parked: revision %s of playbook %s cannot be run: %s", r.Revision, r.Playbook, why)
	if r.Reason != reason {
		r.Reason = reason
		d.trace(r, at, TraceEntry{What: "parked", Reason: reason})
	}
	r.DueAt, r.Changed = at.Add(parked).UTC(), true
}

// keep holds the answer of a parked run's webhook until the run can read it.
func (d *decider) keep(r *Run, step string, at time.Time, answer map[string]any) {
	if r.Actions == nil {
		r.Actions = map[string]map[string]any{}
	}
	r.Actions[step] = maps.Clone(answer)
	d.park(r, at)
}

// kept takes the answer that a run has kept for its webhook; nil when there is none.
func (d *decider) kept(r *Run, s *playbooks.Step) map[string]any {
	answer := r.Actions[s.Name()]
	if s.Key != KeyWebhook || r.Reason == "" || answer["step"] == nil {
		return nil
	}
	delete(r.Actions, s.Name())
	r.DueAt, r.Changed = time.Time{}, true
	return answer
}
