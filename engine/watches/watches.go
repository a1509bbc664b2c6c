// Package watches names what is watched of subjects, and says by which definition: segments whose borders start
// runs, dates, and what ends. Pure.
package watches

import (
	"maps"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
)

// Date is how the watch of a date is called among those of segments, which have no such names.
func Date(start string) string { return ":date:" + start }

// Coupons is how the watch of coupons that expire is called.
const Coupons = ":coupons"

// Points is how the watch of points that expire is called.
const Points = ":points"

// Levels is how the watch of the attribute that follows a number is called.
const Levels = ":levels"

// Active is how the watch of a playbook's end is called.
func Active(playbook string) string { return ":active:" + playbook }

// Of returns the definitions of the segments that triggers of the workspace are about, by
// name, those of the dates that start playbooks, and those of the ends of playbooks whose open runs exit.
func Of(ws *playbooks.Workspace) map[string]string {
	out := By(ws.Of(""))
	for _, kind := range ws.Schema.ObjectNames() {
		maps.Copy(out, By(ws.Of(kind)))
	}
	return out
}

// By returns what playbooks of one kind of subjects watch: see Of.
func By(ws *playbooks.Workspace) map[string]string {
	out := map[string]string{}
	for _, p := range ws.Playbooks {
		if p.Status == playbooks.Draft {
			continue
		}
		for _, t := range p.Trigger.Items() {
			switch t.Kind {
			case playbooks.TriggerEnter, playbooks.TriggerExit:
				out[t.Segment] = ws.Schema.Definition(t.Segment)
			case playbooks.TriggerDate:
				out[Date(naming.StartOf(p.ID, t.Via))] = t.Date.Definition(ws.Schema.Timezone)
			}
		}
		if !p.Active.Ends().IsZero() {
			out[Active(p.ID)] = p.Active.Definition()
		}
	}
	if ws.Schema.Points != nil {
		out[Points] = "expire"
	}
	if l := ws.Schema.Levels; l != nil {
		out[Levels] = l.Definition(ws.Schema)
	}
	if ws.Makes()[playbooks.CouponExpired] {
		out[Coupons] = "expire"
	}
	return out
}
