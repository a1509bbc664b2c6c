package lsp

import (
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/shapes"
)

// definition finds where the name at the cursor is declared.
func (s *Server) definition(p *positionParams) (any, error) {
	c := s.cursorAt(p, false)
	if c == nil {
		return nothing, nil
	}
	at, ok := c.declaration()
	if !ok || at.File == "" || c.w.files[at.File] == nil {
		return nothing, nil
	}
	return location{s.uri(c.w, at.File), c.w.text(at.File).span(at)}, nil
}

func (c *cursor) declaration() (diag.Pos, bool) {
	if c.root == nil {
		if inside, ok := liquid(c.marked); ok {
			return c.pathDeclaration(inside)
		}
		return diag.Pos{}, false
	}
	if at, ok := c.declaredHere(); ok {
		return at, true
	}
	if c.entry != nil {
		return c.keyDeclaration()
	}
	if c.scalar == nil {
		return diag.Pos{}, false
	}
	if expr, ok := c.expression(); ok {
		w := dottedNameAt(expr)
		if !w.inText {
			return c.pathDeclaration(expr)
		}
		kind := map[string]shapes.ShapeKind{"events": shapes.ShapeEvent, "in_segment": shapes.ShapeSegment}[calling(w.before)]
		return c.named(kind, w.text)
	}
	if inside, ok := liquid(c.scalar.text); ok {
		return c.pathDeclaration(inside)
	}
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			if f.Kind == shapes.ShapeDate || f.Kind == shapes.ShapeConsent || f.Kind == shapes.ShapeChanged {
				if name, ok := strings.CutPrefix(c.value(), "member."); ok {
					return c.attribute(name)
				}
			}
			kind, name := f.Kind, c.value()
			if event, part := c.referralPart(); kind == shapes.ShapeReferral && event {
				kind, name = shapes.ShapeEvent, part
			}
			if at, ok := c.named(kind, name); ok {
				return at, true
			}
		}
	}
	return diag.Pos{}, false
}

// referralPart returns the part of a referral, as member.joined.invited_by, that the cursor is in: its event, or its
// property.
func (c *cursor) referralPart() (event bool, name string) {
	dot := strings.LastIndexByte(c.scalar.text, '.')
	if dot < 0 || strings.Contains(c.scalar.text[dot:], mark) {
		return false, strings.ReplaceAll(c.scalar.text[dot+1:], mark, "")
	}
	return true, strings.ReplaceAll(c.scalar.text[:dot], mark, "")
}

// named finds a name of the workspace as it is now.
func (c *cursor) named(kind shapes.ShapeKind, name string) (diag.Pos, bool) {
	if kind == shapes.ShapePlaybook {
		for _, n := range c.known(kind) {
			if n.Name == name {
				return n.Pos, true
			}
		}
	}
	for _, ws := range []*playbooks.Workspace{c.w.loaded, c.w.names()} {
		for _, n := range shapes.Names(ws, kind) {
			if n.Name == name {
				return n.Pos, true
			}
		}
	}
	return diag.Pos{}, false
}

func (c *cursor) attribute(name string) (diag.Pos, bool) {
	if a := c.w.names().Schema.Attribute(name); a != nil {
		return a.Pos, true
	}
	return diag.Pos{}, false
}

// declaredHere returns the place of the name at the cursor when this is where it is declared: a key
// below a section of usher.yaml, a property or param with its type, the id of a playbook or an
// action.
func (c *cursor) declaredHere() (diag.Pos, bool) {
	if c.scalar != nil && c.is(shapes.ShapeNewName) {
		return c.posOf(c.scalar.from, c.unmarked(c.scalar.to)), true
	}
	if c.entry == nil || len(c.path) < 2 {
		return diag.Pos{}, false
	}
	name := strings.ReplaceAll(c.entry.key, mark, "")
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			named := f.Rest != nil && f.Key(name) == nil && (c.name == schemaFile || f.Rest.Kind == shapes.ShapeType)
			inType := f.Kind == shapes.ShapeType && !slices.Contains(typeKeys, name)
			if named || inType {
				return c.posOf(c.entry.from, c.unmarked(c.entry.to)), true
			}
		}
	}
	return diag.Pos{}, false
}

// typeKeys are keys of a declared type that are no names of properties.
var typeKeys = []string{"enum", "optional", "default", "type"}

// forced finds what a key below `force` in a test names: an action of the playbook that is tested,
// a pool or a raffle.
func (c *cursor) forced(name string) (diag.Pos, bool) {
	n := len(c.path)
	if n < 3 || c.path[n-3].key != "force" {
		return diag.Pos{}, false
	}
	switch c.path[n-2].key {
	case "pools":
		return c.named(shapes.ShapePool, name)
	case "raffles":
		return c.named(shapes.ShapeRaffle, name)
	}
	tested := c.root.get("playbook")
	if tested == nil {
		return diag.Pos{}, false
	}
	at, ok := c.named(shapes.ShapePlaybook, tested.text)
	if !ok {
		return diag.Pos{}, false
	}
	return c.s.fileCursor(c.w, at.File).actionID(name)
}

// usersAction finds the action with the id in a playbook that sends the template with the cursor.
func (c *cursor) usersAction(id string) (diag.Pos, bool) {
	for _, file := range slices.Sorted(maps.Keys(c.w.files)) {
		if c.w.shapes.For(file) != c.w.shapes.Playbook {
			continue
		}
		sends := false
		of := c.s.fileCursor(c.w, file)
		of.walk(of.root, nil, func(n *node) {
			if of.is(shapes.ShapeTemplate) {
				at, ok := c.named(shapes.ShapeTemplate, n.text)
				sends = sends || ok && at.File == c.name
			}
		})
		if at, ok := of.actionID(id); ok && sends {
			return at, true
		}
	}
	return diag.Pos{}, false
}

// keyDeclaration finds the attribute or property that a key names.
func (c *cursor) keyDeclaration() (diag.Pos, bool) {
	name := strings.ReplaceAll(c.entry.key, mark, "")
	if at, ok := c.forced(name); ok {
		return at, true
	}
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			switch f.Kind {
			case shapes.ShapeSettable, shapes.ShapeMember, shapes.ShapeWritten:
				return c.attribute(name)
			case shapes.ShapeProperties, shapes.ShapeParams:
				if t := c.properties(c.path[:len(c.path)-1]); t != nil {
					if f := fieldAt(nil, []string{"", name}, t); f != nil {
						return f.Pos, f.Pos.Line > 0
					}
				}
			}
		}
	}
	return diag.Pos{}, false
}

// pathDeclaration finds what a dotted name means.
func (c *cursor) pathDeclaration(text string) (diag.Pos, bool) {
	w := dottedNameAt(text)
	if len(w.path) == 2 && w.path[0] == "actions" {
		if c.root == nil {
			return c.usersAction(w.path[1])
		}
		return c.actionID(w.path[1])
	}
	place := c.scope()
	if place == nil {
		return diag.Pos{}, false
	}
	f := fieldAt(place.Scope, w.path, itemType(place.Scope, w.before))
	if f == nil || f.Pos.Line == 0 {
		return diag.Pos{}, false
	}
	return f.Pos, true
}

// actionID finds the action with the id in this file.
func (c *cursor) actionID(id string) (diag.Pos, bool) {
	var found *node
	var walk func(*node)
	walk = func(n *node) {
		if n == nil || found != nil {
			return
		}
		if v := n.get("id"); v != nil && v.text == id && n != c.root {
			found = v
			return
		}
		for _, e := range n.entries {
			walk(e.value)
		}
		for _, i := range n.items {
			walk(i)
		}
	}
	walk(c.root)
	if found == nil {
		return diag.Pos{}, false
	}
	return c.posOf(c.unmarked(found.from), c.unmarked(found.to)), true
}
