package engine

import "time"

// ended is what the member had to an instant, and has no more.
type ended struct {
	tags    []string
	points  int
	coupons []string // their codes
	made    []Input  // events that say so
}

func (e *ended) nothing() bool { return len(e.tags)+e.points+len(e.coupons) == 0 }

// takeEnded takes away what the member had to an instant: tags, then points, then coupons. The record says what.
func (d *decider) takeEnded(at time.Time) (out ended) {
	out.tags = d.st.Member.EndTags(at)
	out.points, out.made = d.endPoints(at)
	codes, made := d.endCoupons(at)
	out.coupons, out.made = codes, append(out.made, made...)
	d.endLevel()
	d.dueChanged = true
	d.refresh()
	if out.nothing() {
		return out
	}
	e := d.note(at)
	e.What = WhatEnded
	if d.e.o.Brief {
		return out
	}
	e.Detail = map[string]any{}
	if len(out.tags) > 0 {
		e.Detail["tags"] = out.tags
	}
	if out.points > 0 {
		e.Detail["points"] = out.points
	}
	if len(out.coupons) > 0 {
		e.Detail["coupons"] = out.coupons
	}
	return out
}
