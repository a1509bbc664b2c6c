package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// dated is a playbook that a date of the member starts.
type dated struct {
	*book
	since time.Time // when it began to be watched as it is
}

// DateMark is what is known of a member and a playbook that a date starts.
type DateMark struct {
	Since int64     `json:"since,omitempty"` // of the watch that it belongs to, in milliseconds
	At    time.Time `json:"at,omitzero"`     // when the date comes next; zero: it does not
}

// dateWatch is how the watch of a playbook's date is called among those of segments, which have no such names.
func dateWatch(playbook string) string { return ":date:" + playbook }

// dates prepares the playbooks that dates start.
func (e *Engine) dates() {
	for _, p := range e.ws.Playbooks {
		if p.Trigger.Kind == playbooks.TriggerDate && p.Status != playbooks.Draft {
			e.dated = append(e.dated, &dated{book: e.active[p.ID], since: e.o.Watched[dateWatch(p.ID)]})
		}
	}
}

func (w *dated) epoch() int64 {
	if w.since.IsZero() {
		return 0
	}
	return w.since.UnixMilli()
}

func (w *dated) known(m *Member) (DateMark, bool) {
	k, ok := m.Dates[w.ID]
	return k, ok && k.Since == w.epoch()
}

// next gives when the member's date comes for the first time after an instant, in UTC; zero when it does not.
func (w *dated) next(m *Member, zone *time.Location, after time.Time) time.Time {
	t := w.Trigger.Date
	var value any
	switch t.Attribute {
	case "created_at":
		value = m.CreatedAt
	case "last_seen_at":
		value = m.LastSeenAt
	default:
		raw, has := m.Attributes[t.Attribute]
		value, _ = t.Type.AsOptional().Coerce(raw) // one that is no date any more counts as missing
		if a := w.ws.Schema.Attribute(t.Attribute); !has && a != nil {
			value = a.Default
		}
	}
	at, ok := playbooks.Localize(t.Type, value, zone).(time.Time)
	if !ok || at.IsZero() {
		return time.Time{}
	}
	return t.Next(at, after).UTC().Truncate(time.Millisecond)
}

// recordDates notes when dates come next of a member who was there before the watch began, as the member is before an input
// changes them. It tells whether there was something to note.
func (d *decider) recordDates(at time.Time) (noted bool) {
	m := d.st.Member
	for _, w := range d.e.dated {
		if _, ok := w.known(m); ok || at.Before(w.since) {
			continue
		}
		begun := w.since
		if begun.IsZero() {
			begun = at
		}
		d.mark(w, w.next(m, d.e.zoneOf(m), begun))
		noted = true
	}
	return noted
}

func (d *decider) mark(w *dated, at time.Time) {
	m := d.st.Member
	if m.Dates == nil {
		m.Dates = map[string]DateMark{}
	}
	m.Dates[w.ID] = DateMark{Since: w.epoch(), At: at}
	d.touched = true
}

// turnDates starts the playbooks whose date has come, and gives when the next one comes. The member may have been given another
// date by what was just decided.
func (d *decider) turnDates(at time.Time) (next time.Time) {
	m := d.st.Member
	before := len(m.Dates)
	maps.DeleteFunc(m.Dates, func(id string, _ DateMark) bool {
		return !slices.ContainsFunc(d.e.dated, func(w *dated) bool { return w.ID == id })
	})
	d.touched = d.touched || len(m.Dates) != before
	for _, w := range d.e.dated {
		if at.Before(w.since) { // decided late: the watch has not begun
			next = sooner(next, w.since)
			continue
		}
		was, known := w.known(m)
		if known && !was.At.IsZero() && !was.At.After(at) {
			d.cascade.follow(Input{
				Kind: InputSchedule, ID: "date:" + w.ID + ":" + was.At.Format(time.RFC3339) + ":" + m.ID, Member: m.ID, Name: w.ID,
				Time: was.At, At: at, Payload: &Payload{},
			})
		}
		when := w.next(m, d.zone, at)
		if !known || !when.Equal(was.At) {
			d.mark(w, when)
		}
		next = sooner(next, when)
	}
	return next
}
