package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
)

// recordDates notes when dates come next of a member who was there before the watch began, as the
// member is before an input changes them. It reports whether there was something to note.
func (d *decider) recordDates(at time.Time) (noted bool) {
	m := d.State.Member
	for _, w := range d.e.index.Dated {
		if _, ok := w.Known(m); ok || at.Before(w.Since) {
			continue
		}
		zone, been := d.e.zones.Of(m), m.Dates[w.ID].Been
		next, _ := w.Date().Next(m, zone, member.Begun(w.Since, at), been)
		d.markDate(w, DateMark{At: next, Been: been}, zone)
		noted = true
	}
	return noted
}

func (d *decider) markDate(w *index.Dated, k DateMark, zone *time.Location) {
	m := d.State.Member
	if m.Dates == nil {
		m.Dates = map[string]DateMark{}
	}
	k.Since = member.Number(w.Since)
	if zone.String() != d.e.index.WS.Schema.Timezone.String() {
		k.Zone = zone.String()
	}
	if was, known := m.Dates[w.ID]; !known || was != k { // a mark without a date says that there is none
		m.Dates[w.ID] = k
		d.touched = true
	}
}

// reevaluateDates returns the starts of the playbooks whose date has come, and when the next date
// comes. The member may have been given another date by what was just decided.
func (d *decider) reevaluateDates(at time.Time) (come []Input, next time.Time) {
	m := d.State.Member
	before := len(m.Dates)
	maps.DeleteFunc(m.Dates, func(id string, _ DateMark) bool {
		return !slices.ContainsFunc(d.e.index.Dated, func(w *index.Dated) bool { return w.ID == id })
	})
	d.touched = d.touched || len(m.Dates) != before
	for _, w := range d.e.index.Dated {
		if at.Before(w.Since) { // decided late: the watch has not begun
			next = member.Sooner(next, w.Since)
			continue
		}
		start, comes, when := d.reevaluateDate(w, at)
		if comes {
			come = append(come, start)
		}
		next = member.Sooner(next, when)
	}
	return come, next
}

// waitEndsBy reports whether a wait is to end by an instant.
func (d *decider) waitEndsBy(at time.Time) bool {
	return slices.ContainsFunc(d.State.Runs, func(r *Run) bool {
		return r.State == RunWaiting && !r.DueAt.IsZero() && !r.DueAt.After(at)
	})
}

// reevaluateDate returns the start of the playbook when its date has come, and when it comes next.
func (d *decider) reevaluateDate(w *index.Dated, at time.Time) (start Input, comes bool, next time.Time) {
	m := d.State.Member
	was, known := w.Known(m)
	been := m.Dates[w.ID].Been
	if known && was.At.Equal(at) && d.waitEndsBy(at) {
		return start, false, at // after the waits of the instant
	}
	if known && !was.At.IsZero() {
		from := d.e.zones.Named(was.Zone)
		come := was.At
		var which string
		if !was.At.After(at) {
			_, which = w.Date().Next(m, from, was.At.Add(-time.Millisecond), been)
		} else {
			come, which = w.Date().Passed(m, was, from, d.Zone, at)
		}
		if comes = which != "" || !was.At.After(at); comes {
			start = Input{
				Kind: InputSchedule, ID: naming.Joined("date", w.ID, come.Format(time.RFC3339), m.ID),
				Member: m.ID, Name: w.Book.ID, Time: come, At: at, Payload: &Payload{Via: w.Trigger.Via},
			}
			been = cmp.Or(which, been)
		}
	}
	next, _ = w.Date().Next(m, d.Zone, at, been)
	d.markDate(w, DateMark{At: next, Been: been}, d.Zone)
	return start, comes, next
}
