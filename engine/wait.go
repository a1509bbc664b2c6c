package engine

import (
	"slices"
	"strings"
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
	ReasonEnough  = "enough"    // as many as are waited for have come already
	ReasonHolds   = "holds"     // what is waited for holds already
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
	if d.lookAtBegin(r, b, s) {
		return false
	}
	detail := map[string]any{"until": due}
	if s.Wait.Count > 0 {
		n, last, err := d.counted(r, b, s)
		if err != nil {
			d.fail(r, s, err)
			return false
		}
		result := map[string]any{"count": n}
		if last != nil {
			result["event"] = last
		}
		if n >= s.Wait.Count {
			d.trace(r, d.now, TraceEntry{What: "wait", Step: s.Name(), Reason: ReasonEnough, Detail: map[string]any{"count": n}})
			result["timed_out"] = false
			d.endWait(r, b, s, result)
			d.scope(r, b, nil)
			return false
		}
		d.keepCount(r, b, s, result)
		detail["count"] = n
	}
	r.DueAt = due
	var events, conditions []string
	for i := range s.Wait.Matches {
		switch m := &s.Wait.Matches[i]; {
		case m.Watched():
			conditions = append(conditions, m.Label())
		case !slices.Contains(events, m.Name):
			events = append(events, m.Name)
		}
	}
	if events != nil {
		detail["event"] = strings.Join(events, ", ")
	}
	if conditions != nil {
		detail["condition"] = strings.Join(conditions, ", ")
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
	case w.Matches != nil:
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
