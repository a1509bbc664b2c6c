package lsp

import (
	"strings"

	"github.com/usher-run/usher/playbooks"
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

func (c *cursor) declaration() (playbooks.Pos, bool) {
	if c.root == nil {
		if inside, ok := liquid(c.marked); ok {
			return c.pathDeclaration(inside)
		}
		return playbooks.Pos{}, false
	}
	if c.entry != nil {
		return c.keyDeclaration()
	}
	if c.scalar == nil {
		return playbooks.Pos{}, false
	}
	if expr, ok := c.expression(); ok {
		w := wordAt(expr)
		if !w.inText {
			return c.pathDeclaration(expr)
		}
		kind := map[string]playbooks.ShapeKind{"events": playbooks.ShapeEvent, "in_segment": playbooks.ShapeSegment}[calling(w.before)]
		return c.named(kind, w.text)
	}
	if inside, ok := liquid(c.scalar.text); ok {
		return c.pathDeclaration(inside)
	}
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			if f.Kind == playbooks.ShapeDate {
				if name, ok := strings.CutPrefix(c.value(), "member."); ok {
					return c.attribute(name)
				}
			}
			if at, ok := c.named(f.Kind, c.value()); ok {
				return at, true
			}
		}
	}
	return playbooks.Pos{}, false
}

// named finds a name of the workspace as it is now.
func (c *cursor) named(kind playbooks.ShapeKind, name string) (playbooks.Pos, bool) {
	if kind == playbooks.ShapePlaybook {
		for _, n := range c.known(kind) {
			if n.Name == name {
				return n.Pos, true
			}
		}
	}
	for _, ws := range []*playbooks.Workspace{c.w.loaded, c.w.names()} {
		for _, n := range ws.Names(kind) {
			if n.Name == name {
				return n.Pos, true
			}
		}
	}
	return playbooks.Pos{}, false
}

func (c *cursor) attribute(name string) (playbooks.Pos, bool) {
	if a := c.w.names().Schema.Attribute(name); a != nil {
		return a.Pos, true
	}
	return playbooks.Pos{}, false
}

// keyDeclaration finds the attribute or property that a key names.
func (c *cursor) keyDeclaration() (playbooks.Pos, bool) {
	name := strings.ReplaceAll(c.entry.key, mark, "")
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			switch f.Kind {
			case playbooks.ShapeSettable, playbooks.ShapeMember:
				return c.attribute(name)
			case playbooks.ShapeProperties:
				if t := c.properties(c.path[:len(c.path)-1]); t != nil {
					if f := fieldAt(nil, []string{"", name}, t); f != nil {
						return f.Pos, f.Pos.Line > 0
					}
				}
			}
		}
	}
	return playbooks.Pos{}, false
}

// pathDeclaration finds what a dotted name means.
func (c *cursor) pathDeclaration(text string) (playbooks.Pos, bool) {
	w := wordAt(text)
	if len(w.path) == 2 && w.path[0] == "actions" {
		return c.actionID(w.path[1])
	}
	place := c.scope()
	if place == nil {
		return playbooks.Pos{}, false
	}
	f := fieldAt(place.Scope, w.path, itemType(place.Scope, w.before))
	if f == nil || f.Pos.Line == 0 {
		return playbooks.Pos{}, false
	}
	return f.Pos, true
}

// actionID finds the action with the id in this file.
func (c *cursor) actionID(id string) (playbooks.Pos, bool) {
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
		return playbooks.Pos{}, false
	}
	r := c.rangeOf(found.from, found.to)
	line, before := r.Start.Line, c.doc.s[c.doc.lines[r.Start.Line]:c.unmarked(found.from)]
	column := len([]rune(before)) + 1
	return playbooks.Pos{File: c.name, Line: line + 1, Column: column, EndLine: line + 1, EndColumn: column + len([]rune(found.text))}, true
}
