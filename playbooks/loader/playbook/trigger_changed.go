package playbook

import (
	"fmt"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// changedTrigger reads which field of the member changes, and with `if` which of its changes. It reports whether the
// field is known.
func (p *reader) changedTrigger(n *syntax.Node, t *playbooks.Trigger) (known bool) {
	v := n.Get("changed")
	text, ok := p.Str(v, "changed")
	if !ok {
		return false
	}
	subject := p.Schema.Subject()
	name, ok := reading.FieldOf(subject, text)
	if !ok {
		r := p.Error("bad-value", v.Pos(), "changed names a field of the "+subject).Label("as in " + subject + ".level")
		if p.Schema.ChangedType(text) != nil {
			r.Label("write `"+subject+"."+text+"`").Edit(v.Pos(), subject+"."+text)
		}
		return false
	}
	if p.Schema.ChangedType(name) == nil {
		p.unchangeable(v, text, name)
		return false
	}
	t.Changed = name
	if cond := n.Get("if"); cond != nil {
		t.If = p.compileIn(cond, &scope.Scope{Schema: p.Schema, Trigger: t.Record(p.Schema), Running: p.Running}, schema.Bool)
	}
	return true
}

// unchangeable reports a field whose changes start nothing.
func (p *reader) unchangeable(v *syntax.Node, text, name string) {
	a := p.Schema.Attribute(name)
	_, builtin := schema.ObjectOf(scope.Builtin(p.Schema.Subject())...).Field(name)
	switch {
	case p.SchemaUnreadable:
	case a != nil && a.Computed != nil:
		p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` is computed: it changes without anybody writing it", text)).
			Label("make a segment of it, and write `segment_enter: …`").Related("declared here", a.Pos)
	case a != nil: // its type has a mistake
	case builtin:
		p.Error("bad-value", v.Pos(), fmt.Sprintf("a change of `%s` starts nothing", text)).
			Label("it may be a declared attribute, " + diag.OneOf(p.changeable()))
	default:
		names := p.changeable()
		for i := range p.Schema.Attributes {
			if p.Schema.Attributes[i].Computed == nil {
				names = append(names, p.Schema.Subject()+"."+p.Schema.Attributes[i].Name)
			}
		}
		p.Unknown("unknown-field", v, "there is no field", text, names, p.Schema.AttributeOf)
	}
}

// changeable returns the fields that are not declared whose changes start playbooks.
func (p *reader) changeable() []string {
	if subject := p.Schema.Subject(); subject != scope.Member {
		return []string{subject + ".tags"}
	}
	return []string{"member.tags", "member.points"}
}
