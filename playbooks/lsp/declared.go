package lsp

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// describeDeclared describes the thing that is declared at the cursor, and where it is used.
func (c *cursor) describeDeclared() string {
	at, ok := c.declaredHere()
	if !ok {
		return ""
	}
	what := c.declares(at, c.nameHere())
	if what == "" {
		return ""
	}
	return what + c.usedIn()
}

// declares describes what is declared at a place.
func (c *cursor) declares(at diag.Pos, name string) string {
	same := func(p diag.Pos) bool { return p.File == at.File && p.Line == at.Line && p.Column == at.Column }
	for _, kind := range []shapes.ShapeKind{
		shapes.ShapeEvent, shapes.ShapeSegment, shapes.ShapeChannel, shapes.ShapePool, shapes.ShapeRaffle,
		shapes.ShapePlaybook,
	} {
		for _, n := range c.known(kind) {
			if same(n.Pos) {
				return "**" + n.Name + "**\n\n" + n.Detail
			}
		}
	}
	schema := c.w.names().Schema
	for _, f := range scope.MemberType(schema).Fields {
		if same(f.Pos) {
			text := typed("member."+f.Name, f.Type)
			if a := schema.Attribute(f.Name); a != nil && a.Computed != nil {
				text += "\n\nComputed: `" + a.Computed.Text + "`"
			}
			return text
		}
	}
	for _, e := range schema.Events {
		if t := fieldDeclared(e.Properties, same); t != nil {
			return typed(name, t) + "\n\nof the event " + e.Name
		}
	}
	for i := range c.w.sites {
		if p := &c.w.sites[i]; p.Pos.File == c.name && p.Scope != nil {
			for _, a := range p.Scope.Actions {
				if a.ID == name {
					return typed("actions."+name, a.Type)
				}
			}
		}
	}
	return ""
}

// fieldDeclared returns the type of the field that is declared at a place, at whatever depth.
func fieldDeclared(t *schema.Type, here func(diag.Pos) bool) *schema.Type {
	if t == nil {
		return nil
	}
	for _, f := range t.Fields {
		if here(f.Pos) {
			return f.Type
		}
		if inner := fieldDeclared(f.Type, here); inner != nil {
			return inner
		}
	}
	return fieldDeclared(t.Elem, here)
}

// maxUses is how many places of use a description names.
const maxUses = 5

// usedIn returns where the name at the cursor is used.
func (c *cursor) usedIn() string {
	sym, ok := c.symbol()
	if !ok {
		return ""
	}
	var uses []string
	for _, o := range c.s.occurrences(c.w, sym) {
		if !sym.declaredAt(c.w, o) {
			uses = append(uses, fmt.Sprintf("%s:%d", o.file, o.span.Start.Line+1))
		}
	}
	if len(uses) == 0 {
		return "\n\nused nowhere"
	}
	shown := strings.Join(uses[:min(len(uses), maxUses)], ", ")
	if len(uses) > maxUses {
		shown += ", …"
	}
	return "\n\nused in " + countUses(len(uses)) + ": " + shown
}
