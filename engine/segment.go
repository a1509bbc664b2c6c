package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
)

// Watched returns the definitions of what is watched of subjects: see [watches.Of].
func Watched(ws *playbooks.Workspace) map[string]string { return watches.Of(ws) }

// recordMemberships notes which watched segments a member is in who was there before the watch
// began: as the member is before an input changes them, at the instant of the beginning. It reports
// whether there was something to note.
func (d *decider) recordMemberships(at time.Time) (noted bool) {
	m := d.State.Member
	if m == nil || !d.e.index.Marks && m.Rare == nil {
		return false // nobody yet: in no segment
	}
	noted = d.recordPoints(at)
	noted = d.recordLevel(at) || noted
	for _, w := range d.e.index.Watching {
		if _, ok := w.Known(m); ok || at.Before(w.Since) {
			continue
		}
		d.Begin(member.Begun(w.Since, at))
		in, err := w.Expr.Test(d.Env)
		d.setMembership(w, in && err == nil)
		noted = true
	}
	noted = d.recordDates(at) || noted
	if len(d.e.index.Ending) > 0 {
		noted = d.recordEnds() || noted
	}
	return d.State.Member.Rare != nil && d.recordCoupons(at) || noted
}

func (d *decider) setMembership(w *index.Watched, in bool) {
	m := d.State.Member
	if m.Segments == nil {
		m.Segments = map[string]Membership{}
	}
	m.Segments[w.Name] = Membership{In: in, Since: member.Number(w.Since)}
	d.touched = true
}

// moved is what a re-evaluation found, at an instant.
type moved struct {
	at        time.Time
	dates     []Input          // the dates that have come, of playbooks that they start
	crossings []index.Crossing // of segments whose crossing starts playbooks
	over      []wake           // waits that are over
}

// mayMove reports whether a re-evaluation can find anything: something is watched of the member,
// or was.
func (d *decider) mayMove() bool {
	m := d.State.Member
	return m != nil && (len(d.e.index.Watching)+len(d.e.index.Dated)+len(d.e.index.Ending) > 0 ||
		len(m.Segments)+len(m.Dates)+len(m.Rarely().Exits) > 0 || !m.ReevaluateAt.IsZero() || d.looks())
}

// reevaluate finds which watched segments the member has come into or left, and which dates have
// come: by what was just decided, or by the passing of time. It notes when time may do it again. An
// instant before the last re-evaluation is that of the last one.
func (d *decider) reevaluate(at time.Time) (out moved) {
	m := d.State.Member
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
	d.Begin(at)
	out.at = at
	var next time.Time
	out.dates, next = d.reevaluateDates(at)
	for _, w := range d.e.index.Watching {
		if at.Before(w.Since) { // decided late: the watch has not begun
			next = member.Sooner(next, w.Since)
			continue
		}
		was, known := w.Known(m)
		in, err := w.Expr.Test(d.Env)
		if err != nil {
			in = was.In // what cannot be told changes nothing
		}
		if !known || in != was.In {
			d.setMembership(w, in)
		}
		if x := (index.Crossing{Segment: w, Entered: in}); in != was.In && len(x.Starts()) > 0 {
			out.crossings = append(out.crossings, x)
		}
		next = member.Sooner(next, w.Turns.Next(d.Env, d.Past.Oldest))
	}
	if d.looks() {
		over, turns := d.look()
		out.over, next = over, member.Sooner(next, turns)
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
	m := d.State.Member
	before := len(m.Segments)
	maps.DeleteFunc(m.Segments, func(name string, _ Membership) bool {
		return !slices.ContainsFunc(d.e.index.Watching, func(w *index.Watched) bool { return w.Name == name })
	})
	if len(m.Segments) != before {
		d.touched = true
	}
}
