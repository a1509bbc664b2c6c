package playbooks

import (
	"fmt"
	"slices"
)

// emitted reads the properties of the event that an action emits, by the event's declaration. v is the action's value: a mapping,
// or the bare name of the event.
func (p *playbookReader) emitted(v *node, step *Step, spec *ActionSpec, sc *Scope) {
	i := slices.IndexFunc(spec.Fields, func(f FieldSpec) bool { return f.Kind == FieldProperties })
	event := step.Args["event"]
	if i < 0 || event == nil || p.blind {
		return
	}
	name, _ := event.Literal.(string)
	declared := p.schema.Event(name)
	if declared == nil || declared.Properties == nil {
		return
	}
	p.emits = append(p.emits, name)
	field := spec.Fields[i].Name
	given := v.get(field)
	if given == nil {
		at := v // the bare name
		if n := v.get("event"); n != nil {
			at = n
		}
		given = &node{f: v.f, kind: mappingNode, start: at.start, owner: at}
	}
	if given.kind != mappingNode {
		if !given.broken {
			p.wrongType(given, "properties must be a mapping (`key: value`)").label("one of " + oneOf(declared.Properties.FieldNames()))
		}
		return
	}
	if val := p.object(given, declared.Properties, name, sc); val != nil {
		step.Args[field] = val
	}
}

// typed reads a value of a type, in which each part may be an expression. It gives nil when there was a mistake.
func (p *playbookReader) typed(v *node, t *Type, what string, sc *Scope) *Value {
	switch {
	case v.broken:
		return nil
	case v.kind == mappingNode && t.Kind == KindObject:
		return p.object(v, t, what, sc)
	case v.kind == sequenceNode && t.Kind == KindList:
		out := &Value{List: []*Value{}}
		for i, item := range v.items {
			if val := p.typed(item, t.Elem, fmt.Sprintf("%s[%d]", what, i), sc); val != nil {
				out.List = append(out.List, val)
			}
		}
		return out
	}
	return p.value(v, t, what, sc)
}

// object reads a mapping by the fields of an object: none that is not declared, none that is missing.
func (p *playbookReader) object(v *node, t *Type, what string, sc *Scope) *Value {
	out := &Value{Map: map[string]*Value{}}
	slip := false
	for _, e := range v.entries {
		ft, known := t.Field(e.key.value)
		if !known {
			p.unknown("unknown-field", e.key, what+" has no property", e.key.value, t.FieldNames(), t.find)
			slip = true // it may be the one that is missing
			continue
		}
		if val := p.typed(e.value, ft, what+"."+e.key.value, sc); val != nil {
			out.put(e.key.value, val)
		}
	}
	for _, f := range t.Fields {
		if v.get(f.Name) == nil && !f.Type.Optional && f.Type.Kind != KindAny && !slip && !p.brokenNames[f.Name] {
			p.error("missing-key", v.pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).label("add `"+f.Name+": …`").
				diagnostic().beside("declared here", f.Pos)
		}
	}
	return out
}
