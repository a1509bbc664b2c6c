package lsp

import (
	"slices"

	"github.com/usher-run/usher/playbooks/shapes"
)

// links answers where a file names another: the template of a message, the playbook of a test.
func (s *Server) links(p *documentParams) (any, error) {
	path, _ := pathOf(p.TextDocument.URI)
	out := []documentLink{}
	w := s.workspaceOf(path)
	if w == nil {
		return out, nil
	}
	s.refresh(w)
	name := w.name(path)
	if w.shapes.For(name) == nil {
		return out, nil
	}
	c := s.fileCursor(w, name)
	c.walk(c.root, nil, func(n *node) {
		for _, kind := range []shapes.ShapeKind{shapes.ShapeTemplate, shapes.ShapeSnippet, shapes.ShapePlaybook} {
			if !c.is(kind) || n.text == "" {
				continue
			}
			if at, ok := c.named(kind, n.text); ok {
				out = append(out, documentLink{c.doc.rangeOf(n.from, n.to), s.uri(w, at.File), "Open " + at.File})
			}
		}
	})
	return out, nil
}

// fileCursor returns a cursor at no place of a YAML file, for what looks at all of it.
func (s *Server) fileCursor(w *workspace, name string) *cursor {
	doc := w.text(name)
	return &cursor{
		s: s, w: w, name: name, doc: doc, off: len(doc.s), marked: doc.s, root: outline(doc.s),
		shapes: []*shapes.Shape{w.shapes.For(name)},
	}
}

// walk calls visit at every value of the file, the cursor's shapes being those of the value.
func (c *cursor) walk(n *node, path []step, visit func(*node)) {
	if n == nil {
		return
	}
	if n.kind == scalar {
		visit(n)
		return
	}
	shapes, typ, key := c.shapes, c.typ, c.key
	follow := func(st step, child *node) {
		c.shapes, c.typ, c.key = shapes, typ, key
		c.descend(st, path)
		c.walk(child, append(slices.Clone(path), st), visit)
	}
	for _, item := range n.items {
		follow(step{in: n}, item)
	}
	for _, e := range n.entries {
		follow(step{in: n, key: e.key}, e.value)
	}
	c.shapes, c.typ, c.key = shapes, typ, key
}
