package engine

import (
	"time"

	"github.com/usher-run/usher/engine/effects"
)

// due is what the passing of time brings next: the end of a run's wait, or a re-evaluation of the
// member's segments and dates.
type due struct {
	at      time.Time
	ends    bool   // something that the member has to an end comes to it
	message string // the key of a delivery that is to be released
	run     *Run   // whose wait ends; nil, and nothing else: a re-evaluation
	exits   bool   // the run exits instead: its playbook is not active any more
}

// mayBeDue reports whether it is worth asking what is due at or before t: nothing mostly is.
func (d *decider) mayBeDue(t time.Time) bool {
	for _, r := range d.State.Runs {
		if r.State == RunWaiting && !r.DueAt.IsZero() && !r.DueAt.After(t) {
			return true
		}
	}
	if len(d.e.index.Ending) > 0 {
		if run, at := d.nextEnd(); run != nil && !at.After(t) {
			return true
		}
	}
	m := d.State.Member
	return m != nil && (len(m.Deferred) > 0 || m.Rare != nil && !m.Ends().IsZero() ||
		!m.ReevaluateAt.IsZero() && !m.ReevaluateAt.After(t))
}

// nextDue returns what is due first, at or before t. At one instant runs exit first whose playbook is not active any
// more; then come other ends, then messages that were put off, since they were decided before, then waits, then the
// re-evaluation.
func (d *decider) nextDue(t time.Time) (next due, ok bool) {
	var run *Run
	for _, r := range d.State.Runs {
		if r.State != RunWaiting || r.DueAt.IsZero() || r.DueAt.After(t) {
			continue
		}
		if run == nil || effects.CompareWaits(r, run) < 0 {
			run = r
		}
	}
	at, reevaluate := d.reevaluationDue(t)
	next, ok = d.nextOfOthers(t, run, at, reevaluate)
	if exits, at := d.nextEnd(); exits != nil && !at.After(t) && (!ok || !at.After(next.at)) {
		return due{at: at, run: exits, exits: true}, true
	}
	return next, ok
}

// nextOfOthers returns what is due first but for the ends of playbooks, where the first wait and the re-evaluation are
// known.
func (d *decider) nextOfOthers(t time.Time, run *Run, at time.Time, reevaluate bool) (next due, ok bool) {
	m := d.State.Member
	if m != nil && m.Rare != nil {
		first := m.Ends()
		keys := m.DeferredKeys(d.e.index.CompareTurns)
		comes := !first.IsZero() && !first.After(t)
		if comes && (run == nil || !first.After(run.DueAt)) && (!reevaluate || !first.After(at)) &&
			(len(keys) == 0 || !first.After(m.Deferred[keys[0]].At)) {
			return due{at: first, ends: true}, true
		}
	}
	if m != nil && len(m.Deferred) > 0 {
		keys := m.DeferredKeys(d.e.index.CompareTurns)
		first := m.Deferred[keys[0]].At
		if !first.After(t) && (run == nil || !first.After(run.DueAt)) && (!reevaluate || !first.After(at)) {
			return due{at: first, message: keys[0]}, true
		}
	}
	switch {
	case run != nil && (!reevaluate || !at.Before(run.DueAt)):
		return due{at: run.DueAt, run: run}, true
	case reevaluate:
		return due{at: at}, true
	}
	return due{}, false
}

// reevaluationDue returns when the member's segments are to be evaluated again, and reports
// whether that is at or before t.
func (d *decider) reevaluationDue(t time.Time) (at time.Time, due bool) {
	if d.State.Member == nil {
		return at, false
	}
	at = d.State.Member.ReevaluateAt
	return at, !at.IsZero() && !at.After(t)
}
