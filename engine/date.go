package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// dated is a date of the member that starts a playbook.
type dated struct {
	start
	id    string    // by which marks name it: see naming.StartOf
	since time.Time // when it began to be watched as it is
}

// dateWatch is how the watch of a date is called among those of segments, which have no
// such names.
func dateWatch(start string) string { return ":date:" + start }

// dates prepares the playbooks that dates start.
func (e *Engine) dates() {
	for _, p := range e.ws.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind == playbooks.TriggerDate && p.Status != playbooks.Draft {
				id := naming.StartOf(p.ID, t.Via)
				e.dated = append(e.dated, &dated{start: start{e.active[p.ID], t}, id: id, since: e.o.Watched[dateWatch(id)]})
			}
		}
	}
}

func (w *dated) number() int64 {
	if w.since.IsZero() {
		return 0
	}
	return w.since.UnixMilli()
}

func (w *dated) known(m *Member) (DateMark, bool) {
	k, ok := m.Dates[w.id]
	return k, ok && k.Since == w.number()
}

// next returns when the member's date comes for the first time after an instant, in UTC, and which
// one it is; zero when it does not. The one that has been does not come again.
func (w *dated) next(
	m *Member, zone *time.Location, after time.Time, been string,
) (at time.Time, which string) {
	t := w.t.Date
	var value any
	switch t.Attribute {
	case "created_at":
		value = m.CreatedAt
	case "last_seen_at":
		value = m.LastSeenAt
	default:
		raw, has := m.Attributes[t.Attribute]
		value, _ = t.Type.AsOptional().Coerce(raw) // one that is no date any more counts as missing
		if a := w.b.ws.Schema.Attribute(t.Attribute); !has && a != nil {
			value = a.Default
		}
	}
	local, ok := schema.Localize(t.Type, value, zone).(time.Time)
	if !ok || local.IsZero() {
		return time.Time{}, ""
	}
	at, which = t.Next(local, after, been)
	return at.UTC().Truncate(time.Millisecond), which
}

// longestMove is the most by which a date comes sooner or later for a member who moves: zones lie
// 26 hours apart.
const longestMove = 26 * time.Hour

// passed returns the date that was to come and is over all the same, because the member has moved
// east over it. It comes at once: else there would be none this year. A date that was set anew to a
// day that is over does not come.
func (w *dated) passed(
	m *Member, was DateMark, from, zone *time.Location, at time.Time,
) (time.Time, string) {
	if from == nil || from.String() == zone.String() || !was.At.After(at) {
		return time.Time{}, ""
	}
	same, which := w.next(m, from, was.At.Add(-time.Millisecond), was.Been)
	if !same.Equal(was.At) {
		return time.Time{}, ""
	}
	over, now := w.next(m, zone, was.At.Add(-longestMove-time.Millisecond), was.Been)
	if now != which || over.After(at) {
		return time.Time{}, ""
	}
	return over, which
}

// recordDates notes when dates come next of a member who was there before the watch began, as the
// member is before an input changes them. It reports whether there was something to note.
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
		zone, been := d.e.zoneOf(m), m.Dates[w.id].Been
		next, _ := w.next(m, zone, begun, been)
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
	k.Since = w.number()
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
		from := d.e.zoneNamed(was.Zone)
		come := was.At
		var which string
		if !was.At.After(at) {
			_, which = w.next(m, from, was.At.Add(-time.Millisecond), been)
		} else {
			come, which = w.passed(m, was, from, d.zone, at)
		}
		if comes = which != "" || !was.At.After(at); comes {
			start = Input{
				Kind: InputSchedule, ID: naming.Joined("date", w.id, come.Format(time.RFC3339), m.ID),
				Member: m.ID, Name: w.b.ID, Time: come, At: at, Payload: &Payload{Via: w.t.Via},
			}
			been = cmp.Or(which, been)
		}
	}
	next, _ = w.next(m, d.zone, at, been)
	d.markDate(w, DateMark{At: next, Been: been}, d.zone)
	return start, comes, next
}
