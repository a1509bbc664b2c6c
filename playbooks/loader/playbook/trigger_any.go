package playbook

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// anyTrigger reads several triggers, of which any starts a run.
func (p *reader) anyTrigger(n *syntax.Node) {
	p.pb.Trigger.Kind = playbooks.TriggerAny
	list := n.Get("any")
	if !p.Mapping(n, "a trigger of the kind any", "any") || list.Broken {
		return
	}
	if list.Kind != syntax.SequenceNode {
		p.WrongType(list, "any must be a list of triggers").Label("as in [{id: qr, event: qr.scanned}, {id: oa, event: account.followed}]")
		return
	}
	if len(list.Items) == 0 {
		p.Error("bad-value", list.Pos(), "`any` needs at least one trigger")
		return
	}
	before := len(p.Diags)
	ids := map[string]*syntax.Node{}
	for _, item := range list.Items {
		p.pb.Trigger.Any = append(p.pb.Trigger.Any, p.triggerItem(item, ids))
	}
	if p.Stops(p.Diags[before:]) {
		return
	}
	p.triggerKnown()
	p.unreachableItems(list.Items)
}

// triggerItem reads one trigger of several, with its id.
func (p *reader) triggerItem(n *syntax.Node, ids map[string]*syntax.Node) (t playbooks.Trigger) {
	if n.Broken {
		return t
	}
	if n.Kind != syntax.MappingNode {
		p.WrongType(n, "a trigger must be a mapping").Label("as in {id: paid, event: order.paid}")
		return t
	}
	if inner := n.Key("any"); n.Get("any") != nil {
		p.Error("exclusive-keys", inner.Pos(), "`any` does not stand within `any`").Label("put its triggers into this list")
		return t
	}
	t.Via = p.via(n, "a trigger of `any`", "trigger.via", ids)
	p.oneTrigger(n, &t, "id")
	return t
}

// via reads the id of one of several, by which its `via` tells which it was.
func (p *reader) via(n *syntax.Node, what, via string, ids map[string]*syntax.Node) string {
	v := n.Get("id")
	if v == nil {
		p.Error("missing-key", n.Pos(), what+" needs an `id`").Label(fmt.Sprintf("add `id: …`: `%s` says which it was", via))
		return ""
	}
	id, ok := p.Str(v, "id")
	if !ok || !p.IsName(v, what, id, actionID, "small letters, digits and `_`", syntax.SnakeOf) {
		return ""
	}
	if first := ids[id]; first != nil {
		p.Error("duplicate-id", v.Pos(), fmt.Sprintf("there are two `%s` here", id)).Label("choose another id").
			Related("first here", first.Pos())
		return ""
	}
	ids[id] = v
	return id
}

// unreachableItems reports triggers that never start a run because one before them takes all of it, and a second
// one over HTTP, which no call could mean.
func (p *reader) unreachableItems(items []*syntax.Node) {
	first := map[string]*syntax.Node{}
	for i := range p.pb.Trigger.Any {
		t, key := &p.pb.Trigger.Any[i], ""
		switch t.Kind {
		case playbooks.TriggerHTTP:
			key = "http"
		case playbooks.TriggerEvent:
			key = "event " + t.Event.Name
			if e := p.Schema.Event(t.Event.Name); e != nil && e.Properties != nil &&
				slices.Contains(e.Properties.FieldNames(), schema.Via) {
				p.Warn("exclusive-keys", t.Event.Pos, "this event has a property `via`, and `trigger.via` is the id of the trigger").
					Label("in its `if` it is `event.via`; elsewhere nothing names it")
			}
		case playbooks.TriggerEnter, playbooks.TriggerExit:
			key = string(t.Kind) + " " + t.Segment
		}
		before := first[key]
		switch {
		case key == "":
		case before == nil:
			if t.Event.If == nil {
				first[key] = items[i]
			}
		case t.Kind == playbooks.TriggerHTTP:
			p.Error("exclusive-keys", items[i].Key("http").Pos(), "a call starts a playbook in one way").
				Label("let a parameter tell them apart").Related("first here", before.Pos())
		default:
			p.Warn("unreachable", items[i].Pos(), "this never starts a run: a trigger before it takes all of them").
				Label("put it first, with an `if`").Related("this one", before.Pos())
		}
	}
}
