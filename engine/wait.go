package engine

import (
	"cmp"
	"slices"
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

// wait makes the run wait; false when there is nothing to wait for, and the run goes on.
func (d *decider) wait(r *Run, b *book, s *playbooks.Step) bool {
	due, reason, err := d.due(b, s.Wait)
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

// due gives when a wait that begins now ends at the latest, or the reason why it does not begin.
func (d *decider) due(b *book, w *playbooks.Wait) (due time.Time, reason string, err error) {
	now := d.now.In(d.zone)
	switch {
	case w.Clock != nil:
		due = schema.NextClock(now, *w.Clock)
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

// woken is a run whose wait an event has ended.
type woken struct {
	run *Run
	b   *book
}

// met ends the waits that the event meets, of open runs by start, then playbook. The runs are to act afterwards.
func (d *decider) met(in *Input) []woken {
	var out []woken
	for _, r := range d.st.Runs {
		b := d.e.books[r.Revision]
		if r.State != RunWaiting || b == nil || r.PC >= len(b.Steps) || d.e.status(r.Playbook) == playbooks.Draft {
			continue
		}
		s := &b.Steps[r.PC]
		if s.Wait == nil || s.Wait.Event == nil || s.Wait.Event.Name != in.Name || !d.matches(b, r, in, s.Wait.Event.If) {
			continue
		}
		rec, err := in.recordOf(b.ws.Schema, d.zone)
		if err != nil {
			continue // not an event that the run's revision could read
		}
		d.observeMatch(s.Wait.Event)
		d.trace(r, d.now, TraceEntry{What: "woke", Step: s.Name(), Reason: ReasonEvent, Detail: map[string]any{"event": in.Name, "id": in.ID}})
		d.waited(r, b, s, map[string]any{"timed_out": false, "event": rec})
		out = append(out, woken{r, b})
	}
	return out
}

// waited moves a run behind its wait, with what the wait leaves.
func (d *decider) waited(r *Run, b *book, s *playbooks.Step, result map[string]any) {
	if result != nil {
		d.remember(r, b, s.ID, result)
	}
	r.DueAt = time.Time{}
	r.PC++
	r.Changed = true
}

// together lets the runs that woke and those that begin act, in the order of their playbooks' ids; of one playbook those that woke first.
func (d *decider) together(awake []woken, entries []*entry) error {
	slices.SortStableFunc(awake, func(x, y woken) int { return cmp.Compare(x.b.ID, y.b.ID) })
	for len(awake)+len(entries) > 0 {
		if len(entries) == 0 || len(awake) > 0 && awake[0].b.ID <= entries[0].b.ID {
			if w := awake[0]; w.run.State == RunWaiting { // not ended by what acted before
				if err := d.advance(w.run, w.b); err != nil {
					return err
				}
			}
			awake = awake[1:]
			continue
		}
		if err := d.enter(entries[0]); err != nil {
			return err
		}
		entries = entries[1:]
	}
	return nil
}
