package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
)

// watched is a segment whose members' coming and going starts runs.
type watched struct {
	*playbooks.Segment
	since time.Time // when it began to be watched as it is: members were in it then or not, and that fires nothing
	turns *reevaluation.Reevaluation
	enter []start // by playbook id
	exit  []start
}

// Watched returns the definitions of what is watched of subjects: see [watches.Of].
func Watched(ws *playbooks.Workspace) map[string]string { return watches.Of(ws) }

// watch prepares the segments that triggers are about.
func (e *Engine) watch() {
	for _, name := range slices.Sorted(maps.Keys(watches.By(e.ws))) {
		g := e.ws.Schema.Segment(name)
		if g == nil || g.Expr == nil {
			continue
		}
		w := &watched{Segment: g, since: e.o.Watched[name], turns: e.ws.Schema.ReevaluationOf(name)}
		for _, p := range e.ws.Playbooks {
			for _, t := range p.Trigger.Items() {
				into := map[playbooks.TriggerKind]*[]start{playbooks.TriggerEnter: &w.enter, playbooks.TriggerExit: &w.exit}[t.Kind]
				if into == nil || p.Status == playbooks.Draft || t.Segment != name {
					continue
				}
				if n := len(*into); n == 0 || (*into)[n-1].b.Playbook != p { // of several the first
					*into = append(*into, start{e.active[p.ID], t})
				}
			}
		}
		e.watched = append(e.watched, w)
	}
}

// known returns what is recorded of the member and the segment as it is watched now.
func (w *watched) known(m *Member) (Membership, bool) {
	k, ok := m.Segments[w.Name]
	return k, ok && k.Since == member.Number(w.since)
}

// unrecorded is [Engine.Unrecorded] of the engine that decides for the subject.
func (e *Engine) unrecorded(m *Member) (since time.Time) {
	if m == nil {
		return since
	}
	for _, w := range e.watched {
		if _, ok := w.known(m); !ok {
			since = member.Sooner(since, w.since)
		}
	}
	for _, w := range e.dated {
		if _, ok := w.known(m); !ok {
			since = member.Sooner(since, w.since)
		}
	}
	for _, w := range e.ending {
		if w.unrecorded(m) {
			since = member.Sooner(since, w.since)
		}
	}
	if m.Unlotted(e.expiry()) {
		since = member.Sooner(since, e.o.Watched[watches.Points])
	}
	if w := e.expiring; w.unrecorded(m) {
		since = member.Sooner(since, w.since)
	}
	return since
}

// watches is [Engine.Watches] of one engine.
func (e *Engine) watches(since time.Time) bool {
	return slices.ContainsFunc(e.watched, func(w *watched) bool { return w.since.Equal(since) }) ||
		slices.ContainsFunc(e.dated, func(w *dated) bool { return w.since.Equal(since) }) ||
		slices.ContainsFunc(e.ending, func(w *ending) bool { return w.since.Equal(since) }) ||
		e.expiring != nil && e.expiring.since.Equal(since) ||
		e.ws.Schema.Points != nil && e.o.Watched[watches.Points].Equal(since)
}

// recordMemberships notes which watched segments a member is in who was there before the watch
// began: as the member is before an input changes them, at the instant of the beginning. It reports
// whether there was something to note.
func (d *decider) recordMemberships(at time.Time) (noted bool) {
	m := d.st.Member
	if m == nil {
		return false // nobody yet: in no segment
	}
	noted = d.recordPoints(at)
	for _, w := range d.e.watched {
		if _, ok := w.known(m); ok || at.Before(w.since) {
			continue
		}
		d.begin(member.Begun(w.since, at))
		in, err := w.Expr.Test(d.env)
		d.setMembership(w, in && err == nil)
		noted = true
	}
	noted = d.recordDates(at) || noted
	if len(d.e.ending) > 0 {
		noted = d.recordEnds() || noted
	}
	return d.st.Member.Rare != nil && d.recordCoupons(at) || noted
}

func (d *decider) setMembership(w *watched, in bool) {
	m := d.st.Member
	if m.Segments == nil {
		m.Segments = map[string]Membership{}
	}
	m.Segments[w.Name] = Membership{In: in, Since: member.Number(w.since)}
	d.touched = true
}

// moved is what a re-evaluation found, at an instant.
type moved struct {
	at        time.Time
	dates     []Input    // the dates that have come, of playbooks that they start
	crossings []crossing // of segments whose crossing starts playbooks
}

// crossing says that the member has come into a watched segment, or left it.
type crossing struct {
	segment *watched
	entered bool
}

// starts returns the triggers of playbooks that the crossing is.
func (x crossing) starts() []start {
	if x.entered {
		return x.segment.enter
	}
	return x.segment.exit
}

// way returns how the crossing is called in the id of its input.
func (x crossing) way() string {
	if x.entered {
		return "enter"
	}
	return "exit"
}

// mayMove reports whether a re-evaluation can find anything: something is watched of the member,
// or was.
func (d *decider) mayMove() bool {
	m := d.st.Member
	return m != nil && (len(d.e.watched)+len(d.e.dated)+len(d.e.ending) > 0 ||
		len(m.Segments)+len(m.Dates)+len(m.Rarely().Exits) > 0 || !m.ReevaluateAt.IsZero())
}

// reevaluate finds which watched segments the member has come into or left, and which dates have
// come: by what was just decided, or by the passing of time. It notes when time may do it again. An
// instant before the last re-evaluation is that of the last one.
func (d *decider) reevaluate(at time.Time) (out moved) {
	m := d.st.Member
	if !d.mayMove() {
		return out
	}
	d.forgetSegments()
	d.forgetEnds()
	d.recordEnds()
	if at.Before(m.ReevaluatedAt) {
		at = m.ReevaluatedAt
	}
	if !at.Equal(m.ReevaluatedAt) {
		m.ReevaluatedAt = at
		d.touched = true
	}
	d.begin(at)
	out.at = at
	var next time.Time
	out.dates, next = d.reevaluateDates(at)
	for _, w := range d.e.watched {
		if at.Before(w.since) { // decided late: the watch has not begun
			next = member.Sooner(next, w.since)
			continue
		}
		was, known := w.known(m)
		in, err := w.Expr.Test(d.env)
		if err != nil {
			in = was.In // what cannot be told changes nothing
		}
		if !known || in != was.In {
			d.setMembership(w, in)
		}
		if x := (crossing{w, in}); in != was.In && len(x.starts()) > 0 {
			out.crossings = append(out.crossings, x)
		}
		next = member.Sooner(next, w.turns.Next(d.env, d.past.Oldest))
	}
	_, ends := d.nextEnd()
	next = member.Sooner(next, ends)
	if next = next.UTC(); !next.Equal(m.ReevaluateAt) {
		m.ReevaluateAt, d.dueChanged, d.touched = next, true, true
	}
	return out
}

// forgetSegments drops what is known of segments that are not watched any more.
func (d *decider) forgetSegments() {
	m := d.st.Member
	before := len(m.Segments)
	maps.DeleteFunc(m.Segments, func(name string, _ Membership) bool {
		return !slices.ContainsFunc(d.e.watched, func(w *watched) bool { return w.Name == name })
	})
	if len(m.Segments) != before {
		d.touched = true
	}
}
