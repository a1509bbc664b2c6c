package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// watched is a segment whose members' coming and going starts runs.
type watched struct {
	*playbooks.Segment
	since time.Time // when it began to be watched as it is: members were in it then or not, and that fires nothing
	turns *expression.Turns
	enter []*book // by playbook id
	exit  []*book
}

// Membership is what is known of a member and a watched segment.
type Membership struct {
	In    bool  `json:"in,omitempty"`
	Since int64 `json:"since,omitempty"` // of the watch that it belongs to, in milliseconds
}

// Watched gives the definitions of the segments that triggers of the workspace are about, by name, and of dates that are.
func Watched(ws *playbooks.Workspace) map[string]string {
	out := map[string]string{}
	for _, p := range ws.Playbooks {
		if k := p.Trigger.Kind; p.Status != playbooks.Draft && (k == playbooks.TriggerEnter || k == playbooks.TriggerExit) {
			out[p.Trigger.Segment] = ws.Schema.Definition(p.Trigger.Segment)
		}
		if p.Trigger.Kind == playbooks.TriggerDate && p.Status != playbooks.Draft {
			out[dateWatch(p.ID)] = p.Trigger.Date.Definition(ws.Schema.Timezone)
		}
	}
	return out
}

// watch prepares the segments that triggers are about.
func (e *Engine) watch() {
	for _, name := range slices.Sorted(maps.Keys(Watched(e.ws))) {
		g := e.ws.Schema.Segment(name)
		if g == nil || g.Expr == nil {
			continue
		}
		w := &watched{Segment: g, since: e.o.Watched[name], turns: e.ws.Schema.TurnsOf(name)}
		for _, p := range e.ws.Playbooks {
			switch b := e.active[p.ID]; {
			case p.Status == playbooks.Draft || p.Trigger.Segment != name:
			case p.Trigger.Kind == playbooks.TriggerEnter:
				w.enter = append(w.enter, b)
			case p.Trigger.Kind == playbooks.TriggerExit:
				w.exit = append(w.exit, b)
			}
		}
		e.watched = append(e.watched, w)
	}
}

// epoch names the watch in memberships; 0 where nobody said since when.
func (w *watched) epoch() int64 {
	if w.since.IsZero() {
		return 0
	}
	return w.since.UnixMilli()
}

// known gives what is recorded of the member and the segment as it is watched now.
func (w *watched) known(m *Member) (Membership, bool) {
	k, ok := m.Segments[w.Name]
	return k, ok && k.Since == w.epoch()
}

// Unrecorded gives when the earliest watch began of which nothing is recorded about the member; zero when all is.
func (e *Engine) Unrecorded(m *Member) (since time.Time) {
	if m == nil {
		return since
	}
	for _, w := range e.watched {
		if _, ok := w.known(m); !ok {
			since = sooner(since, w.since)
		}
	}
	for _, w := range e.dated {
		if _, ok := w.known(m); !ok {
			since = sooner(since, w.since)
		}
	}
	return since
}

// Watches tells whether a segment is watched since that instant.
func (e *Engine) Watches(since time.Time) bool {
	return slices.ContainsFunc(e.watched, func(w *watched) bool { return w.since.Equal(since) }) ||
		slices.ContainsFunc(e.dated, func(w *dated) bool { return w.since.Equal(since) })
}

// record notes which watched segments a member is in who was there before the watch began: as the member is before an input
// changes them, at the instant of the beginning. It tells whether there was something to note.
func (d *decider) record(at time.Time) (noted bool) {
	m := d.st.Member
	if m == nil {
		return false // nobody yet: in no segment
	}
	for _, w := range d.e.watched {
		if _, ok := w.known(m); ok || at.Before(w.since) {
			continue
		}
		begun := w.since
		if begun.IsZero() {
			begun = at
		}
		d.begin(begun)
		in, err := w.Expr.Test(d.env)
		d.join(w, in && err == nil)
		noted = true
	}
	return d.recordDates(at) || noted
}

func (d *decider) join(w *watched, in bool) {
	m := d.st.Member
	if m.Segments == nil {
		m.Segments = map[string]Membership{}
	}
	m.Segments[w.Name] = Membership{In: in, Since: w.epoch()}
	d.touched = true
}

// turn finds which watched segments the member has come into or left by what was just decided, or by the passing of time, and
// lets the triggers follow. It notes when time may do it again. An instant before the last look is that of the last look.
func (d *decider) turn(at time.Time) {
	m := d.st.Member
	if m == nil || len(d.e.watched)+len(d.e.dated)+len(m.Segments)+len(m.Dates) == 0 && m.LookAt.IsZero() {
		return
	}
	d.forgetSegments()
	if at.Before(m.LookedAt) {
		at = m.LookedAt
	}
	if !at.Equal(m.LookedAt) {
		m.LookedAt = at
		d.touched = true
	}
	d.begin(at)
	next := d.turnDates(at)
	for _, w := range d.e.watched {
		if at.Before(w.since) { // decided late: the watch has not begun
			next = sooner(next, w.since)
			continue
		}
		was, known := w.known(m)
		in, err := w.Expr.Test(d.env)
		if err != nil {
			in = was.In // what cannot be told changes nothing
		}
		if !known || in != was.In {
			d.join(w, in)
		}
		if in != was.In {
			d.crossed(w, in)
		}
		next = sooner(next, w.turns.Next(d.env, d.oldest))
	}
	if next = next.UTC(); !next.Equal(m.LookAt) {
		m.LookAt, d.lookAt, d.touched = next, true, true
	}
}

// sooner gives the earlier of two instants, of which either may be none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// lookDue tells whether the member is to be looked at, at or before t.
func (d *decider) lookDue(t time.Time) (at time.Time, due bool) {
	if d.st.Member == nil {
		return at, false
	}
	at = d.st.Member.LookAt
	return at, !at.IsZero() && !at.After(t)
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

// crossed puts the crossing of a segment's border into the cascade.
func (d *decider) crossed(w *watched, in bool) {
	books, way := w.exit, "exit"
	if in {
		books, way = w.enter, "enter"
	}
	if len(books) == 0 || d.quiet {
		return
	}
	depth, err := d.cascade.link()
	if err != nil {
		if d.acted != nil {
			d.trace(d.acted, d.now, TraceEntry{What: "error", Step: "segment " + w.Name, Reason: err.Error()})
		}
		for _, b := range books {
			d.refuse(b, ReasonError, map[string]any{"trigger": err.Error()})
		}
		return
	}
	d.cascade.follow(Input{
		Kind: InputSegment, ID: fmt.Sprintf("segment:%s:%s:%s", way, w.Name, d.e.id(d.now, "segment", way, w.Name, d.id, d.input)),
		Member: d.id, Name: w.Name, Time: d.now, At: d.now, Payload: &Payload{Depth: depth, Entered: in},
	})
}

// border judges the playbooks that the crossing of a segment's border triggers, and lets the runs act that begin.
func (d *decider) border(in *Input, p *Payload) error {
	i := slices.IndexFunc(d.e.watched, func(w *watched) bool { return w.Name == in.Name })
	if i < 0 {
		return nil
	}
	books := d.e.watched[i].exit
	if p.Entered {
		books = d.e.watched[i].enter
	}
	d.begin(in.At)
	rec := expression.Fields{"time": in.At.In(d.zone)}
	d.judging(rec)
	var entries []*entry
	for _, b := range books {
		if en := d.judge(b, rec, nil); en != nil {
			entries = append(entries, en)
		}
	}
	return d.together(nil, entries)
}

// look looks at the member again, whom time may have moved into a segment or out of one.
func (d *decider) look(at time.Time) {
	d.input = "look:" + at.UTC().Format(time.RFC3339Nano)
	d.record(at)
	d.turn(at)
}

// passed tells whether the look at an instant was given up.
func (st *State) passed(at time.Time) bool {
	return slices.ContainsFunc(st.PassedLooks, func(t time.Time) bool { return t.Sub(at) < time.Millisecond && !at.After(t) })
}

// passLook notes where the member is and when their dates come next, and lets nothing start by it.
func (d *decider) passLook(at time.Time) {
	d.look(at)
	d.cascade.queue = nil
}
