package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Reasons of a wait and of its end.
const (
	ReasonPast    = "past"      // the time of an `until` is over
	ReasonMissing = "missing"   // the time of an `until` is missing
	ReasonEvent   = "event"     // the event came
	ReasonTimeout = "timed out" // it did not
)

// beginWait makes the run wait. It reports false when there is nothing to wait for: the run goes
// on.
func (d *decider) beginWait(r *Run, b *book, s *playbooks.Step) bool {
	due, reason, err := d.waitEnds(b, s.Wait)
	if err != nil {
		d.fail(r, s, err)
		return false
	}
	if reason == "" && !due.After(d.now) {
		reason = ReasonPast
	}
	if reason != "" {
		d.trace(r, d.now, TraceEntry{What: "wait", Step: s.Name(), Reason: reason})
		r.PC++
		return false
	}
	r.DueAt = due
	detail := map[string]any{"until": due}
	if s.Wait.Event != nil {
		detail["event"] = s.Wait.Event.Name
	}
	d.trace(r, d.now, TraceEntry{What: "wait", Step: s.Name(), Detail: detail})
	return true
}

// waitEnds returns when a wait that begins now ends at the latest, or the reason why it does not
// begin.
func (d *decider) waitEnds(b *book, w *playbooks.Wait) (due time.Time, reason string, err error) {
	now := d.now.In(d.zone)
	switch {
	case w.Clock != nil:
		due = schema.NextClock(now, *w.Clock)
	case w.Day != nil:
		due = w.Day.Next(now)
	case w.Event != nil:
		due = w.Timeout.After(now)
	case w.Until != nil:
		v, err := d.value(b, w.Until)
		if err != nil {
			return due, "", err
		}
		t, ok := v.(time.Time)
		if !ok {
			return due, ReasonMissing, nil
		}
		due = t
	default:
		due = w.For.After(now)
	}
	return due.UTC().Truncate(time.Millisecond), "", nil
}
