package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
)

// dated is a date of the member that starts a playbook.
type dated struct {
	start
	id    string    // by which marks name it: see naming.StartOf
	since time.Time // when it began to be watched as it is
}

// dates prepares the playbooks that dates start.
func (e *Engine) dates() {
	for _, p := range e.ws.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind == playbooks.TriggerDate && p.Status != playbooks.Draft {
				id := naming.StartOf(p.ID, t.Via)
				e.dated = append(e.dated, &dated{start: start{e.active[p.ID], t}, id: id, since: e.o.Watched[watches.Date(id)]})
			}
		}
	}
}

func (w *dated) date() view.Date { return view.Date{DateTrigger: w.t.Date, Schema: w.b.ws.Schema} }

func (w *dated) known(m *Member) (DateMark, bool) {
	k, ok := m.Dates[w.id]
	return k, ok && k.Since == member.Number(w.since)
}

// recordDates notes when dates come next of a member who was there before the watch began, as the
// member is before an input changes them. It reports whether there was something to note.
func (d *decider) recordDates(at time.Time) (noted bool) {
	m := d.st.Member
	for _, w := range d.e.dated {
		if _, ok := w.known(m); ok || at.Before(w.since) {
			continue
		}
		zone, been := d.e.zones.Of(m), m.Dates[w.id].Been
		next, _ := w.date().Next(m, zone, member.Begun(w.since, at), been)
		d.markDate(w, DateMark{At: next, Been: been}, zone)
		noted = true
	}
	return noted
}

func (d *decider) markDate(w *dated, k DateMark, zone *time.Location) {
	m := d.st.Member
	if m.Dates == nil {
		m.Dates = map[string]DateMark{}
	}
	k.Since = member.Number(w.since)
	if zone.String() != d.e.ws.Schema.Timezone.String() {
		k.Zone = zone.String()
	}
	if was, known := m.Dates[w.id]; !known || was != k { // a mark without a date says that there is none
		m.Dates[w.id] = k
		d.touched = true
	}
}

// reevaluateDates returns the starts of the playbooks whose date has come, and when the next date
// comes. The member may have been given another date by what was just decided.
func (d *decider) reevaluateDates(at time.Time) (come []Input, next time.Time) {
	m := d.st.Member
	before := len(m.Dates)
	maps.DeleteFunc(m.Dates, func(id string, _ DateMark) bool {
		return !slices.ContainsFunc(d.e.dated, func(w *dated) bool { return w.id == id })
	})
	d.touched = d.touched || len(m.Dates) != before
	for _, w := range d.e.dated {
		if at.Before(w.since) { // decided late: the watch has not begun
			next = member.Sooner(next, w.since)
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

// reevaluateDate returns the start of the playbook when its date has come, and when it comes next.
func (d *decider) reevaluateDate(w *dated, at time.Time) (start Input, comes bool, next time.Time) {
	m := d.st.Member
	was, known := w.known(m)
	been := m.Dates[w.id].Been
	if known && !was.At.IsZero() {
		from := d.e.zones.Named(was.Zone)
		come := was.At
		var which string
		if !was.At.After(at) {
			_, which = w.date().Next(m, from, was.At.Add(-time.Millisecond), been)
		} else {
			come, which = w.date().Passed(m, was, from, d.zone, at)
		}
		if comes = which != "" || !was.At.After(at); comes {
			start = Input{
				Kind: InputSchedule, ID: naming.Joined("date", w.id, come.Format(time.RFC3339), m.ID),
				Member: m.ID, Name: w.b.ID, Time: come, At: at, Payload: &Payload{Via: w.t.Via},
			}
			been = cmp.Or(which, been)
		}
	}
	next, _ = w.date().Next(m, d.zone, at, been)
	d.markDate(w, DateMark{At: next, Been: been}, d.zone)
	return start, comes, next
}
