package engine

import "time"

// applyBackfill takes in what happened before usher was there, or before it was told. It counts as
// history and starts nothing:
//
//  1. Its event stands in events() at its time, and created_at moves back to it; last_seen_at moves
//     only forward.
//  2. An attribute is written when the member has none, or has one that came from an older
//     backfill. What was written otherwise stays, and so does a removal that is not older than the
//     backfill.
//  3. No trigger, goal, exit or wait sees it. Which segments the member is in after it is recorded
//     and fires nothing. What the passing of time had done to the member before it still fires.
//
// Tags and, in expressions, the events themselves are like those of any other input afterwards.
func (d *decider) applyBackfill(in *Input, p *Payload) {
	m, at := d.st.Member, in.Time
	if at.IsZero() {
		at = in.At
	}
	for name, v := range p.Attributes {
		if d.e.index.WS.Schema.IsLevel(name) {
			continue // it was accepted before levels were declared
		}
		m.Backfill(name, d.e.normalized(name, v), at)
	}
	d.changeTags(p.AddTags, p.RemoveTags, time.Time{})
	if at.Before(m.CreatedAt) {
		m.CreatedAt = at
	}
	if in.Kind == InputEvent {
		if at.After(m.LastSeenAt) {
			m.LastSeenAt = at
		}
		d.keep(in, d.e.index.Listening(in.Name))
		d.noteReferral(in, p)
	}
	d.touched = true
	d.begin(in.At)
	d.updateLevel(in.At)
}
