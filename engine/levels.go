package engine

import (
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/member"
)

// recordLevel gives a member who was there before levels began to be as they are the level that they had then: silently,
// and so for the segments that read it. What time did to it since is a change as any other. It reports whether there was
// something to note.
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
		d.noteLevel(effects.ReasonEdited, was, reached, number, time.Time{})
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

// reachedSteps returns how many steps the number of the member reaches, none when it is missing, and the number. It reports
// false when that cannot be told.
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

// updateLevel lets the level of the member follow its number at an instant, and notes when time may change it again. A
// number that cannot be told changes nothing. It reports whether the level changed.
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
		was, is, kept, began := m.MoveLevel(&w.Levels, reached, at.In(d.zone))
		until, moved = kept, is != was
		switch {
		case is > was:
			d.noteLevel(effects.ReasonReached, was, is, number, kept)
		case is < was:
			d.noteLevel(effects.ReasonBelow, was, is, number, kept)
		case began:
			d.noteLevel(effects.ReasonGrace, was, is, number, kept)
		}
		if moved || began {
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
func (d *decider) noteLevel(reason string, was, is int, number any, until time.Time) {
	w := d.e.index.Levels
	e := d.note(d.now)
	e.What, e.Reason = effects.WhatLevel, reason
	if d.e.o.Brief {
		return
	}
	e.Detail = map[string]any{
		"attribute": w.Attribute, "before": d.e.index.WS.Schema.LevelAt(was), "after": d.e.index.WS.Schema.LevelAt(is), "number": number,
	}
	if !until.IsZero() {
		e.Detail["until"] = until
	}
}

// endLevel forgets what is known of a level that follows a number no more, or another one.
func (d *decider) endLevel() {
	r := d.st.Member.Rare
	if w := d.e.index.Levels; r != nil && r.Level != nil && (w == nil || d.st.Member.LevelOf(&w.Levels) == nil) {
		r.Level = nil
	}
}
