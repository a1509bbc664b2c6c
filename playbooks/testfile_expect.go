package playbooks

import (
	"maps"
	"slices"
)

func (r *testReader) expect(n *node) *Expect {
	if n.isNull() && !n.broken {
		return &Expect{Pos: n.pos()}
	}
	if !r.mapping(n, "expect", expectKeys...) {
		return nil
	}
	e := &Expect{Pos: n.pos()}
	e.Messages = r.effects(n.get("messages"), "messages", messageFields)
	e.Coupons = r.effects(n.get("coupons"), "coupons", couponFields)
	e.Webhooks = r.effects(n.get("webhooks"), "webhooks", webhookFields)
	e.Events = r.effects(n.get("events"), "events", eventFields)
	if v := n.get("tags"); v != nil && r.mapping(v, "tags", "added", "removed") {
		e.Added, e.Removed = r.strings(v.get("added"), "added"), r.strings(v.get("removed"), "removed")
		r.tagWords(v.get("added"), wordTold)
		r.tagWords(v.get("removed"), wordTold)
	}
	if v := n.get("points"); v != nil {
		if p, ok := r.literal(v, Int, "points"); ok {
			points := p.(int)
			e.Points = &points
		}
	}
	if v := n.get("set"); v != nil && r.mappingOnly(v, "set") {
		e.Set = map[string]any{}
		for _, a := range v.entries {
			if t := r.memberField(a.key); t != nil {
				if got, ok := r.literal(a.value, t, a.key.value); ok {
					e.Set[a.key.value] = got
				}
			}
		}
	}
	e.Run, _ = r.enum(n.get("run"), "run", runStates...)
	e.Reason = r.reason(n.get("reason"), e.Run)
	return e
}

// left reads how many coupons there still are: `{pool: 0}`. A pool without a budget is never empty.
func (r *testReader) left(n *node) map[string]int {
	if !r.mappingOnly(n, "pools") {
		return nil
	}
	out := map[string]int{}
	for _, e := range n.entries {
		pool := r.schema.Pool(e.key.value)
		switch {
		case pool == nil:
			r.knownPool(e.key, e.key.value)
		case pool.Budget == 0:
			r.error("bad-value", e.key.pos(), "the pool `"+pool.Name+"` has no budget: it is never empty").label("leave it out").
				diagnostic().beside("declared here without `budget`", pool.Pos)
		default:
			if left, ok := r.integer(e.value, "what is left of a pool", 0, pool.Budget); ok {
				out[pool.Name] = left
			}
		}
	}
	return out
}

// reason reads why. An exited run's reason is the author's own; any other is one of the decisions'.
func (r *testReader) reason(v *node, run string) string {
	if v == nil {
		return ""
	}
	if run == "none" {
		s, _ := r.enum(v, "reason", expectReasons...)
		return s
	}
	s, _ := r.text(v, "reason")
	r.word(reasonWord, s, wordTold, v)
	return s
}

// tagWords notes the tags that a test lists.
func (r *testReader) tagWords(n *node, role wordRole) {
	if n == nil {
		return
	}
	for _, item := range n.items {
		if item.kind == scalarNode && !item.broken {
			r.word(tagWord, item.value, role, item)
		}
	}
}

func (r *testReader) strings(n *node, what string) []string {
	var out []string
	for _, item := range r.list(n, what) {
		if s, ok := r.str(item, what); ok {
			out = append(out, s)
		}
	}
	return out
}

// effects reads a list of effects. An empty list says, as a missing one does: nothing of the kind.
func (r *testReader) effects(n *node, what string, known []string) []ExpectItem {
	var out []ExpectItem
	for _, item := range r.list(n, what) {
		if !r.mapping(item, "an item of "+what, known...) {
			continue
		}
		x := ExpectItem{Pos: item.pos(), Fields: map[string]any{}}
		for _, e := range item.entries {
			if r.effectField(what, e) {
				if v, ok := r.anyLiteral(e.value); ok {
					x.Fields[e.key.value] = v
				}
			}
		}
		out = append(out, x)
	}
	return out
}

// effectField checks what a field names: a test that expects what cannot be is a mistake, not a failure.
func (r *testReader) effectField(what string, e entry) bool {
	v := e.value
	if v.broken || v.kind != scalarNode {
		return !v.broken
	}
	switch {
	case what == "messages" && e.key.value == "channel":
		return r.knownChannel(v, v.value)
	case what == "messages" && e.key.value == "template" && r.texts[v.value] == nil:
		r.unknown("unknown-template", v, "there is no template", v.value, slices.Sorted(maps.Keys(r.texts)), nowhere)
		return false
	case what == "coupons" && e.key.value == "pool":
		return r.blind || r.schema.Pool(v.value) != nil || r.knownPool(v, v.value)
	case what == "events" && e.key.value == "event":
		return r.knownEvent(v, v.value) != nil
	}
	return true
}
