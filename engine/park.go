package engine

import (
	"fmt"
	"maps"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// parked is how long a run that cannot go on is put off before it is tried again: its playbook is a
// draft, or this version of usher cannot compile its revision. An hour is often enough for what a
// person has to mend.
const parked = time.Hour

// parkRun puts off a run whose revision cannot be had. It says why once, on the run and on its
// trace.
func (d *decider) parkRun(r *Run, at time.Time) {
	why := d.e.index.Unusable[r.Revision]
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

// keepAnswer keeps the answer of a parked run's webhook until the run can read it.
func (d *decider) keepAnswer(r *Run, step string, at time.Time, answer map[string]any) {
	if r.Actions == nil {
		r.Actions = map[string]map[string]any{}
	}
	r.Actions[step] = maps.Clone(answer)
	d.parkRun(r, at)
}

// takeAnswer returns the answer that a run has kept for its webhook, and forgets it; nil when there
// is none.
func (d *decider) takeAnswer(r *Run, s *playbooks.Step) map[string]any {
	answer := r.Actions[s.Name()]
	if s.Key != KeyWebhook || r.Reason == "" || answer["step"] == nil {
		return nil
	}
	delete(r.Actions, s.Name())
	r.DueAt, r.Changed = time.Time{}, true
	return answer
}

// resumable returns the playbook by which a run that is due can go on. It is nil when the run
// cannot: the playbook is a draft, where nothing moves, or the revision cannot be had. The run is
// put off then.
func (d *decider) resumable(r *Run) *book {
	if d.e.index.Status(r.Playbook) == playbooks.Draft {
		r.DueAt = r.DueAt.Add(parked)
		r.Changed = true
		return nil
	}
	b := d.e.index.Books[r.Revision]
	if b == nil || r.PC >= len(b.Steps) {
		d.parkRun(r, r.DueAt)
		return nil
	}
	return b
}
