package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// link says that an action of a playbook may start another, or itself.
type link struct {
	to  *playbooks.Playbook
	pos diag.Pos // of the action
	why string   // as in "emits `order.paid`"
}

// cycles warns of playbooks that start each other without end: by events they emit, or by what they
// change of a member whom a segment trigger watches. A playbook with `reentry` takes nobody in
// twice at once, so it ends such a chain.
func (c *rules) cycles() {
	var list []*playbooks.Playbook
	for _, p := range c.ws.Playbooks {
		if p.Status != playbooks.Draft && p.Reentry == nil {
			list = append(list, p)
		}
	}
	links := map[*playbooks.Playbook][]link{}
	for _, p := range list {
		links[p] = c.links(p, list)
	}
	for _, p := range list {
		if way := shortest(p, links); way != nil {
			c.reportCycle(p, way)
		}
	}
}

// links lists which playbooks the actions of one may start.
func (c *rules) links(p *playbooks.Playbook, list []*playbooks.Playbook) []link {
	var out []link
	for i := range p.Steps {
		s := &p.Steps[i]
		if suspendsBefore(p.Steps, i) {
			continue
		}
		for _, q := range list {
			for _, t := range q.Trigger.Items() {
				if why := c.starts(s, t); why != "" && (p != q || c.reentersSegment(p, t)) {
					out = append(out, link{q, s.Pos, why})
					break
				}
			}
		}
	}
	return out
}

// starts returns how an action may start a playbook; "" when it does not.
func (c *rules) starts(s *playbooks.Step, t *playbooks.Trigger) string {
	switch t.Kind {
	case playbooks.TriggerEvent:
		if v := s.Args["event"]; s.Key == "emit" && v != nil && v.Literal == t.Event.Name {
			return fmt.Sprintf("emits `%s`, which starts", t.Event.Name)
		}
		if s.Key == "coupon" && c.issues(s, t) {
			return fmt.Sprintf("brings about `%s`, which starts", t.Event.Name)
		}
	case playbooks.TriggerChanged:
		if writes(s, t.Changed) != nil {
			return fmt.Sprintf("changes `member.%s`, which starts", t.Changed)
		}
	case playbooks.TriggerEnter, playbooks.TriggerExit:
		g := c.schema.Segment(t.Segment)
		if g == nil || g.Expr == nil {
			return ""
		}
		e := c.effectOn(s, g, nil)
		if t.Kind == playbooks.TriggerEnter && !e.rise || t.Kind == playbooks.TriggerExit && !e.fall {
			return ""
		}
		return c.changes(s, g)
	}
	return ""
}

// writes returns what an action writes to a field of the member; nil: it does not write it.
func writes(s *playbooks.Step, field string) *playbooks.Value {
	switch {
	case s.Key == "tag" && field == "tags":
		if v := s.Args["add"]; v != nil {
			return v
		}
		return s.Args["remove"]
	case s.Key == "points" && field == "points":
		if v := s.Args["add"]; v != nil {
			return v
		}
		return s.Args["take"]
	case s.Key == "set" && s.Args["attributes"] != nil:
		return s.Args["attributes"].Map[field]
	}
	return nil
}

// changes returns what of a segment an action changes; "" when nothing.
func (c *rules) changes(s *playbooks.Step, g *playbooks.Segment) string {
	on := fmt.Sprintf("on which the segment `%s` depends, which starts", g.Name)
	changed := map[string]string{"tag": "tags", "points": "points"}[s.Key]
	if changed != "" && slices.Contains(g.Expr.Refs.Attributes, changed) {
		return fmt.Sprintf("changes %s, %s", changed, on)
	}
	if v := s.Args["attributes"]; s.Key == "set" && v != nil {
		for _, name := range slices.Sorted(maps.Keys(v.Map)) {
			if slices.Contains(g.Expr.Refs.Attributes, name) {
				return fmt.Sprintf("sets `%s`, %s", name, on)
			}
		}
	}
	if v := s.Args["event"]; s.Key == "emit" && v != nil {
		if name, _ := v.Literal.(string); slices.Contains(g.Expr.Refs.Events, name) {
			return fmt.Sprintf("emits `%s`, %s", name, on)
		}
	}
	return ""
}

// reentersSegment reports whether the actions of a playbook may take a member both over the border
// that starts it and back again: else the member that it acts on is over it already.
func (c *rules) reentersSegment(p *playbooks.Playbook, t *playbooks.Trigger) bool {
	if t.Kind == playbooks.TriggerChanged { // what is written out is written once: then it is equal
		return slices.ContainsFunc(p.Steps, func(s playbooks.Step) bool {
			v := writes(&s, t.Changed)
			return v != nil && (t.Changed == "points" || v.Expr != nil || v.Text != nil)
		})
	}
	g := c.schema.Segment(t.Segment)
	if t.Kind != playbooks.TriggerEnter && t.Kind != playbooks.TriggerExit || g == nil || g.Expr == nil {
		return true
	}
	var e effect
	for i := range p.Steps {
		e = e.or(c.effectOn(&p.Steps[i], g, nil))
	}
	return e.rise && e.fall
}

// arrival is a playbook that a search has reached, with the way there.
type arrival struct {
	at   *playbooks.Playbook
	path []link
}

// shortest returns the shortest way from a playbook back to itself over playbooks that come after
// it in the list, so that each cycle is found once: from its first playbook.
func shortest(from *playbooks.Playbook, links map[*playbooks.Playbook][]link) []link {
	queue, seen := []arrival{{at: from}}, map[*playbooks.Playbook]bool{}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		for _, l := range links[r.at] {
			way := append(slices.Clone(r.path), l)
			if l.to == from {
				return way
			}
			if l.to.ID > from.ID && !seen[l.to] {
				seen[l.to] = true
				queue = append(queue, arrival{l.to, way})
			}
		}
	}
	return nil
}

func (c *rules) reportCycle(p *playbooks.Playbook, way []link) {
	var told []string
	at := p.ID
	for _, l := range way {
		told = append(told, fmt.Sprintf("%s %s %s", at, l.why, l.to.ID))
		at = l.to.ID
	}
	message := "this playbook starts itself again: "
	if len(way) > 1 {
		message = "these playbooks start each other: "
	}
	r := c.Warn("cycle", way[0].pos, message+strings.Join(told, "; ")).
		Label("the chain would stop with an error after 16: end it before, as with a `reentry`")
	for _, l := range way[1:] {
		r.Related("and here", l.pos)
	}
}
