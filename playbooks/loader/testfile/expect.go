package testfile

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

func (r *reader) expect(n *syntax.Node) *playbooks.Expect {
	if n.IsNull() && !n.Broken {
		return &playbooks.Expect{Pos: n.Pos()}
	}
	if !r.Mapping(n, "expect", shapes.ExpectKeys...) {
		return nil
	}
	e := &playbooks.Expect{Pos: n.Pos()}
	e.Member, e.Object = r.subject(n)
	s := r.schemaOf(e.Object.Kind)
	if e.Member == "" && e.Object.Kind == "" && r.pb != nil { // it speaks of all: those that the playbook is for
		s = r.schemaOf(r.pb.For)
	}
	e.Messages = r.effects(n.Get("messages"), "messages", shapes.MessageFields)
	e.Deferred = r.effects(n.Get("deferred"), "deferred", shapes.MessageFields)
	e.Coupons = r.effects(n.Get("coupons"), "coupons", shapes.CouponFields)
	e.Webhooks = r.effects(n.Get("webhooks"), "webhooks", shapes.WebhookFields)
	e.Events = r.effects(n.Get("events"), "events", shapes.EventFields)
	if v := n.Get("tags"); v != nil && r.Mapping(v, "tags", "added", "removed") {
		e.Added, e.Removed = r.strings(v.Get("added"), "added"), r.strings(v.Get("removed"), "removed")
		r.noteTags(v.Get("added"), playbooks.LabelMentioned)
		r.noteTags(v.Get("removed"), playbooks.LabelMentioned)
	}
	if v := n.Get("points"); v != nil {
		if p, ok := r.Literal(v, schema.Int, "points"); ok {
			points := p.(int)
			e.Points = &points
		}
	}
	if v := n.Get("set"); v != nil && r.MappingOnly(v, "set") {
		e.Set = map[string]any{}
		for _, a := range v.Entries {
			if t := r.field(a.Key, s); t != nil {
				if got, ok := r.Literal(a.Value, t, a.Key.Value); ok {
					e.Set[a.Key.Value] = got
				}
			}
		}
	}
	e.Run, _ = r.Enum(n.Get("run"), "run", shapes.RunStates...)
	e.Reason = r.reason(n.Get("reason"), e.Run)
	return e
}

// reason reads why. An exited run's reason is the author's own; any other is one of the decisions'.
func (r *reader) reason(v *syntax.Node, run string) string {
	if v == nil {
		return ""
	}
	if run == "none" {
		s, _ := r.Enum(v, "reason", shapes.ExpectReasons...)
		return s
	}
	s, _ := r.Text(v, "reason")
	r.NoteLabel(playbooks.ReasonLabel, s, playbooks.LabelMentioned, v)
	return s
}

// noteTags notes the tags that a test lists.
func (r *reader) noteTags(n *syntax.Node, role playbooks.LabelRole) {
	if n == nil {
		return
	}
	for _, item := range n.Items {
		if item.Kind == syntax.ScalarNode && !item.Broken {
			r.NoteLabel(playbooks.TagLabel, item.Value, role, item)
		}
	}
}

func (r *reader) strings(n *syntax.Node, what string) []string {
	var out []string
	for _, item := range r.List(n, what) {
		if s, ok := r.Str(item, what); ok {
			out = append(out, s)
		}
	}
	return out
}

// effects reads a list of effects. An empty list says, as a missing one does: nothing of the kind.
func (r *reader) effects(n *syntax.Node, what string, known []string) []playbooks.ExpectItem {
	var out []playbooks.ExpectItem
	for _, item := range r.List(n, what) {
		if !r.Mapping(item, "an item of "+what, known...) {
			continue
		}
		x := playbooks.ExpectItem{Pos: item.Pos(), Fields: map[string]any{}}
		for _, e := range item.Entries {
			if r.effectField(what, e) {
				if v, ok := r.AnyLiteral(e.Value); ok {
					x.Fields[e.Key.Value] = v
				}
			}
		}
		out = append(out, x)
	}
	return out
}

// effectField checks what a field names: a test that expects what cannot be is a mistake, not a
// failure.
func (r *reader) effectField(what string, e syntax.Entry) bool {
	v := e.Value
	if v.Broken || v.Kind != syntax.ScalarNode {
		return !v.Broken
	}
	switch {
	case what != "events" && e.Key.Value == "channel":
		return r.KnownChannel(v, v.Value)
	case what != "events" && e.Key.Value == "template":
		return r.KnownTemplate(v, v.Value)
	case (what == "messages" || what == "deferred") && e.Key.Value == "status":
		_, ok := r.Enum(v, "status", shapes.MessageStatuses...)
		return ok
	case what == "coupons" && e.Key.Value == "pool":
		return r.SchemaUnreadable || r.Schema.Pool(v.Value) != nil || r.KnownPool(v, v.Value)
	case what == "events" && e.Key.Value == "event":
		return r.KnownEvent(v, v.Value) != nil
	}
	return true
}
