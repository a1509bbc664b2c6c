package playbook

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// emitted reads the properties of the event that an action emits, by the event's declaration. v is
// the action's value: a mapping, or the bare name of the event.
func (p *reader) emitted(v *syntax.Node, step *playbooks.Step, spec *schema.ActionSpec, sc *scope.Scope) {
	i := slices.IndexFunc(spec.Fields, func(f schema.FieldSpec) bool { return f.Kind == schema.FieldProperties })
	event := step.Args["event"]
	if i < 0 || event == nil || p.SchemaUnreadable {
		return
	}
	name, _ := event.Literal.(string)
	declared := p.Workspace.Schema.Event(name)
	if declared == nil || declared.Properties == nil {
		return
	}
	p.emits = append(p.emits, name)
	field := spec.Fields[i].Name
	given := v.Get(field)
	if given == nil {
		at := v // the bare name
		if n := v.Get("event"); n != nil {
			at = n
		}
		given = &syntax.Node{F: v.F, Kind: syntax.MappingNode, Start: at.Start, Owner: at}
	}
	if given.Kind != syntax.MappingNode {
		if !given.Broken {
			p.WrongType(given, "properties must be a mapping (`key: value`)").
				Label("one of " + diag.OneOf(declared.Properties.FieldNames()))
		}
		return
	}
	if by := p.Workspace.Schema.Referral.Of(name); by != "" && given.Get(by) != nil {
		p.Error("bad-value", given.Key(by).Pos(), fmt.Sprintf("`%s` says who brought a member: that is looked up when the event comes in", by)).
			Label("leave it out, or emit an event of its own").Related("referral names it", p.Workspace.Schema.Referral.Pos)
		return
	}
	if val := p.object(given, declared.Properties, name, sc); val != nil {
		step.Args[field] = val
	}
}

// typed reads a value of a type, in which each part may be an expression. It gives nil when there
// was a mistake.
func (p *reader) typed(v *syntax.Node, t *schema.Type, what string, sc *scope.Scope) *playbooks.Value {
	switch {
	case v.Broken:
		return nil
	case v.Kind == syntax.MappingNode && t.Kind == schema.KindObject:
		return p.object(v, t, what, sc)
	case v.Kind == syntax.SequenceNode && t.Kind == schema.KindList:
		out := &playbooks.Value{List: []*playbooks.Value{}}
		for i, item := range v.Items {
			if val := p.typed(item, t.Elem, fmt.Sprintf("%s[%d]", what, i), sc); val != nil {
				out.List = append(out.List, val)
			}
		}
		return out
	}
	return p.value(v, t, what, sc)
}

// object reads a mapping by the fields of an object: none that is not declared, none that is
// missing.
func (p *reader) object(v *syntax.Node, t *schema.Type, what string, sc *scope.Scope) *playbooks.Value {
	out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	slip := false
	for _, e := range v.Entries {
		ft, known := t.Field(e.Key.Value)
		if !known {
			p.Unknown("unknown-field", e.Key, what+" has no property", e.Key.Value, t.FieldNames(), t.Find)
			slip = true // it may be the one that is missing
			continue
		}
		if val := p.typed(e.Value, ft, what+"."+e.Key.Value, sc); val != nil {
			out.Put(e.Key.Value, val)
		}
	}
	for _, f := range t.Fields {
		if v.Get(f.Name) == nil && !f.Type.Optional && f.Type.Kind != schema.KindAny && !slip && !p.BrokenNames[f.Name] {
			p.Error("missing-key", v.Pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).
				Label("add `"+f.Name+": …`").
				Diagnostic().Relate("declared here", f.Pos)
		}
	}
	return out
}
