package playbook

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// side is the other side of a message for an object: what its texts see, which are rendered in the object's line.
type side struct {
	kind  string
	scope *scope.Scope // nil: the kind is not known
}

// handedText is a text that is rendered for objects of a kind.
type handedText struct {
	kind string
	*playbooks.Template
}

// handed reads to which object a message goes, and what is carried over to it.
func (p *reader) handed(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) {
	to, with := v.Get("to"), v.Get("with")
	if step.Key != "message" || to != nil && to.Broken {
		return
	}
	if to == nil || to.Kind != syntax.MappingNode {
		if with != nil && to != nil {
			p.Error("exclusive-keys", v.Key("with").Pos(), "`with` carries values over to an object, and this goes to an address").
				Label("the text sees the run: leave `with` out").Related("the address is here", v.Key("to").Pos())
		}
		return
	}
	p.side = &side{}
	known := make([]string, 0, 1)
	if kinds := p.Schema.ObjectNames(); len(kinds) > 0 {
		known = append(known, kinds[0])
	}
	as := "as in to: {" + cmp.Or(slices.Concat(known, []string{"group"})[0], "group") + ": = trigger.…}"
	switch {
	case len(to.Entries) == 0:
		p.Error("missing-key", to.Pos(), "`to` names no object").Label(as)
		return
	case len(to.Entries) > 1:
		p.Error("exclusive-keys", to.Entries[1].Key.Pos(), "a message goes to one object").Label("send another message").
			Related("first here", to.Entries[0].Key.Pos())
		return
	}
	e := to.Entries[0]
	switch {
	case p.SchemaUnreadable:
	case e.Key.Value == scope.Member:
		p.Error("wrong-subject", e.Key.Pos(), "a message is handed to an object, not to another member").
			Label("`emit` an event of that member, and let a playbook of theirs send it")
	case p.KnownKind(e.Key, e.Key.Value) && p.Schema.Of(e.Key.Value) != nil:
		p.side.kind = e.Key.Value
	}
	t := schema.Any
	if p.side.kind != "" {
		t = schema.RefTo(p.side.kind).AsOptional()
	}
	val := p.value(e.Value, t, "to."+e.Key.Value, sc)
	if val != nil && val.Expr != nil && p.side.kind != "" && val.Expr.Type.Kind != schema.KindAny && val.Expr.Type.Ref != p.side.kind {
		p.Error("type-mismatch", e.Value.At(2, len([]rune(e.Value.Value))), fmt.Sprintf("this must be a ref %s, but it is %s", p.side.kind,
			schema.Article(val.Expr.Type.Required().String()))).Label("declare what holds the id as ref " + p.side.kind)
		val = nil
	}
	carried := p.carried(with, sc)
	if val == nil || p.side.kind == "" {
		p.dropped = true
	} else {
		step.Args["to"] = val
	}
	step.HandsTo = p.side.kind
	if carried != nil {
		step.Args["with"] = carried
	}
	if p.side.kind != "" {
		p.side.scope = &scope.Scope{Schema: p.Schema.Of(p.side.kind), With: p.typeOfCarried(step, with), Running: sc.Running}
	}
}

// carried reads the values that are carried over to an object; nil: there are none.
func (p *reader) carried(with *syntax.Node, sc *scope.Scope) *playbooks.Value {
	switch {
	case with == nil, with.Broken:
		return nil
	case with.Kind != syntax.MappingNode:
		p.WrongType(with, "`with` must be a mapping (`name: = …`)").Label("as in {name: = member.id}")
		return nil
	case len(with.Entries) == 0:
		p.Error("bad-value", with.Pos(), "`with` carries nothing over").Label("leave it out")
	}
	out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	for _, e := range with.Entries {
		if !p.IsName(e.Key, "a value", e.Key.Value, values.PropertyName, "letters, digits and `_`, not beginning with a digit",
			syntax.SnakeOf) {
			continue
		}
		if val := p.value(e.Value, schema.Any, "with."+e.Key.Value, sc); val != nil {
			out.Put(e.Key.Value, val)
		}
	}
	return out
}

// typeOfCarried returns what a text sees as `with`; what could not be read may be anything.
func (p *reader) typeOfCarried(step *playbooks.Step, with *syntax.Node) *schema.Type {
	t := step.Carried()
	if with == nil {
		return t
	}
	for _, e := range with.Entries {
		if _, read := t.Field(e.Key.Value); !read {
			t.Fields = append(t.Fields, schema.Field{Name: e.Key.Value, Type: schema.Any})
		}
	}
	for i := range t.Fields {
		t.Fields[i].Pos = with.Key(t.Fields[i].Name).Pos()
	}
	return t
}

// readerOf returns what a text sees: what stands around it, or the other side of a message for an object.
func (p *reader) readerOf(sc *scope.Scope) *scope.Scope {
	if p.side != nil {
		return p.side.scope
	}
	return sc
}

// notHanded refuses a text that a snippet is given where it is for an object: it was written for whom the run is of.
func (p *reader) notHanded(v *syntax.Node, t *playbooks.Value) *playbooks.Value {
	if p.side == nil || t == nil {
		return t
	}
	p.Error("bad-value", v.Pos(), "a text that a snippet is given sees the run, and an object's line knows nothing of it").
		Label("write the text here, or name a template")
	return nil
}

// notEvaluated refuses an expression in what the object's line makes of a message.
func (p *reader) notEvaluated(v *syntax.Node, what string) bool {
	if p.side == nil {
		return false
	}
	p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` is written in the line of the object, where no expression of the run is known", what)).
		Label("carry the value over: with: {name: " + v.Value + "}, and write {{ with.name }}")
	return true
}

// writeHanded writes the texts for objects and what they refer to into a revision.
func (p *reader) writeHanded(h io.Writer) {
	for _, t := range p.handedTexts {
		s := p.Workspace.Schema.Of(t.kind)
		if s == nil {
			continue
		}
		var refs expression.Refs
		for _, name := range t.Refs.Attributes {
			refs = refs.With(expression.Refs{Attributes: []string{name}})
			if a := s.Attribute(name); a != nil && a.Expr != nil {
				refs = refs.With(a.Expr.Refs)
			}
		}
		fmt.Fprintf(h, "for %q %q\n", t.kind, t.Text)
		s.WriteRefs(h, refs)
	}
}
