package engine

import (
	"cmp"
	"slices"
)

// makes reports whether an event that usher makes itself is to be made for the member: the workspace names it, or the
// revision of an open run of theirs does, or that of a goal. For nobody it is not.
func (d *decider) makes(event string) bool {
	if !d.e.index.WS.Schema.MakesEvent(event) {
		return false
	}
	if d.e.index.Makes[event] {
		return true
	}
	for _, r := range d.State.Runs {
		if b := d.e.index.Books[r.Revision]; r.State == RunWaiting && b != nil && slices.Contains(b.Makes, event) {
			return true
		}
	}
	return slices.ContainsFunc(d.State.Member.Goals, func(g GoalWatch) bool { return g.Event == event })
}

// made returns an event that usher makes itself, to be decided after the present decision and in its transaction;
// nothing where nobody asks for it. key tells it apart from others of the decision. A chain that is too long stops
// before it: the error is on the trace of r, or of the run that acted last.
func (d *decider) made(event string, properties map[string]any, key string, r *Run) []Input {
	if !d.makes(event) {
		return nil
	}
	depth, err := d.cascade.link(1)
	if err != nil {
		if r = cmp.Or(r, d.cascade.acted); r != nil {
			d.trace(r, d.Now, TraceEntry{What: WhatError, Step: "event " + event, Reason: err.Error()})
		}
		return nil
	}
	return []Input{{
		Kind: InputEvent, ID: d.e.id(d.Now, "made", event, d.ID, d.input, key), Member: d.ID, Name: event, Time: d.Now,
		At: d.Now, Payload: &Payload{Properties: properties, Depth: depth},
	}}
}
