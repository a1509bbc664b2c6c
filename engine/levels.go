package engine

import (
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/member"
)

// recordLevel gives a member who was there before levels began to be as they are the level that they
// had then. That starts nothing, nor does what it does to segments. What time did to it since is a
// change as any other. It reports whether there was something to note.
func (d *decider) recordLevel(at time.Time) bool {
	w, m := d.e.index.Levels, d.st.Member
	if w == nil || m.LevelOf(&w.Levels) != nil || at.Before(w.Since) {
		return false
	}
	d.begin(member.Begun(w.Since, at))
	was := w.Steps.Place(m.Attributes[w.Attribute])
	reached, number, ok := d.reachedSteps(w)
	if !ok {
		reached = was
	}
	before := d.inWatched()
	if m.RecordLevel(&w.Levels, reached, d.now) {
		d.refresh()
		d.noteLevel(effects.ReasonEdited, member.Moved{Was: was, Is: reached}, number)
		for i, in := range d.inWatched() {
			if s := d.e.index.Watching[i]; in != before[i] {
				if _, known := s.Known(m); known {
					d.setMembership(s, in)
				}
			}
		}
		d.noteFields()
	}
	d.touched = true
	d.updateLevel(at)
	return true
}

// inWatched returns in which of the watched segments the member is.
func (d *decider) inWatched() []bool {
	out := make([]bool, len(d.e.index.Watching))
	for i, w := range d.e.index.Watching {
		in, err := w.Expr.Test(d.env)
		out[i] = in && err == nil
	}
	return out
}

// reachedSteps returns how many steps the number of the member reaches, and the number; none when it is
// missing. It reports false when that cannot be told.
func (d *decider) reachedSteps(w *index.Levels) (steps int, number any, ok bool) {
	number, err := w.By.Eval(d.env)
	if err != nil {
		return 0, nil, false
	}
	switch n := number.(type) {
	case int:
		steps = w.Steps.Reached(float64(n))
	case float64:
		steps = w.Steps.Reached(n)
	}
	return steps, number, true
}

// updateLevel lets the level of the member follow its number at an instant, and notes when time may
// change it again. A number that cannot be told changes nothing. It reports whether the level changed.
func (d *decider) updateLevel(at time.Time) (moved bool) {
	w, m := d.e.index.Levels, d.st.Member
	if w == nil || m == nil || at.Before(w.Since) {
		return false
	}
	d.begin(at)
	k := m.LevelOf(&w.Levels)
	if k == nil { // a new member
		m.RecordLevel(&w.Levels, w.Steps.Place(m.Attributes[w.Attribute]), at)
		k, d.touched = m.LevelOf(&w.Levels), true
	}
	var until time.Time
	if reached, number, ok := d.reachedSteps(w); ok {
		l := m.MoveLevel(&w.Levels, reached, at.In(d.zone))
		until, moved = l.Until, l.Is != l.Was
		switch {
		case l.Is > l.Was:
			d.noteLevel(effects.ReasonReached, l, number)
		case moved:
			d.noteLevel(effects.ReasonBelow, l, number)
		case l.Fell:
			d.noteLevel(effects.ReasonGrace, l, number)
		}
		if l.Changed {
			d.refresh()
		}
	}
	next := member.Sooner(w.Turns.Next(d.env, d.past.Oldest), until).UTC()
	if !next.Equal(k.Next) {
		k.Next, d.dueChanged, d.touched = next, true, true
	}
	return moved
}

// noteLevel puts on the record what became of the level, and why.
func (d *decider) noteLevel(reason string, l member.Moved, number any) {
	e := d.note(d.now)
	e.What, e.Reason = effects.WhatLevel, reason
	if d.e.o.Brief {
		return
	}
	s := d.e.index.WS.Schema
	e.Detail = map[string]any{
		"attribute": s.Levels.Attribute, "before": s.LevelAt(l.Was), "after": s.LevelAt(l.Is), "number": number,
	}
	if !l.Until.IsZero() {
		e.Detail["until"] = l.Until
	}
}

// endLevel forgets what is known of a level that follows a number no more, or another one.
func (d *decider) endLevel() {
	r := d.st.Member.Rare
	if w := d.e.index.Levels; r != nil && r.Level != nil && (w == nil || d.st.Member.LevelOf(&w.Levels) == nil) {
		r.Level = nil
	}
}
