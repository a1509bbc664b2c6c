package lsp

import (
	"maps"
	"slices"
	"strings"
	"testing/fstest"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// step leads from a container to what it holds.
type step struct {
	in  *node
	key string // of a mapping; "" in a list
}

// cursor is where an editor asks about something, in terms of the language.
type cursor struct {
	s    *Server
	w    *workspace
	name string // the file in the workspace
	doc  *text  // the file, without the mark
	off  int    // byte offset of the cursor in doc

	typing bool   // the file may be newer than the last check
	marked string // the file with the mark
	root   *node
	path   []step
	entry  *entry // the cursor is in this key
	scalar *node  // or in this value
	shapes []*shapes.Shape
	typ    *schema.Type // of a value typed by the schema
	key    *shapes.ShapeKey
}

// cursorAt finds what is at a position; nil when the file is no part of a workspace. While somebody
// types, the names of the last check are good enough, and the whole workspace need not be read for
// each key; the file itself is always as it is now.
func (s *Server) cursorAt(p *positionParams, typing bool) *cursor {
	path, _ := pathOf(p.TextDocument.URI)
	w := s.workspaceOf(path)
	if w == nil {
		return nil
	}
	if !typing || w.loaded == nil {
		s.refresh(w)
	}
	doc := w.text(w.name(path))
	if d := s.docs[path]; d != nil {
		doc = newText(d.text)
	}
	c := s.cursorIn(w, w.name(path), doc, doc.offset(p.Position))
	c.typing = typing
	return c
}

// cursorIn returns the cursor at a byte offset of a file.
func (s *Server) cursorIn(w *workspace, name string, doc *text, off int) *cursor {
	c := &cursor{s: s, w: w, name: name, doc: doc, off: off}
	c.marked = c.doc.s[:c.off] + mark + c.doc.s[c.off:]
	shape := w.shapes.For(c.name)
	if shape == nil || len(c.doc.s) > 1<<20 {
		return c
	}
	c.root = outline(c.marked)
	c.find(c.root, nil)
	c.shapes = []*shapes.Shape{shape}
	for i, st := range c.path {
		c.descend(st, c.path[:i])
	}
	return c
}

// find walks to the key or value that holds the mark.
func (c *cursor) find(n *node, path []step) bool {
	if n == nil {
		return false
	}
	at := c.off
	switch n.kind {
	case scalar:
		if n.from > at || at > n.to || !strings.Contains(c.marked[n.from:n.to], mark) {
			return false
		}
		c.scalar, c.path = n, path
		return true
	case list:
		for _, item := range n.items {
			if c.find(item, append(slices.Clone(path), step{in: n})) {
				return true
			}
		}
		return false
	}
	for _, e := range n.entries {
		if strings.Contains(e.key, mark) {
			c.entry, c.path = e, append(slices.Clone(path), step{in: n, key: ""})
			return true
		}
		if c.find(e.value, append(slices.Clone(path), step{in: n, key: e.key})) {
			return true
		}
	}
	return false
}

// descend follows one step through the shapes.
func (c *cursor) descend(st step, before []step) {
	if c.entry != nil && st.in.kind == mapping && len(before)+1 == len(c.path) {
		return // the cursor is in a key of this mapping: its own shapes are wanted
	}
	var next []*shapes.Shape
	c.key = nil
	typ := c.typ
	c.typ = nil
	if typ != nil {
		c.typ = inType(typ, st.key)
	}
	for _, shape := range c.shapes {
		for _, f := range shape.Forms() {
			switch {
			case f.Kind == shapes.ShapeList && st.in.kind == list:
				next = append(next, f.Item)
			case f.Kind == shapes.ShapeMapping && st.in.kind == mapping && agrees(f, st.in):
				if k := f.Key(st.key); k != nil {
					next, c.key = append(next, k.Value), k
				} else if f.Rest != nil {
					next = append(next, f.Rest)
				}
			case f.Kind == shapes.ShapeSettable || f.Kind == shapes.ShapeMember || f.Kind == shapes.ShapeWritten:
				c.typ, _ = scope.MemberType(c.w.names().Schema).Field(st.key)
			case f.Kind == shapes.ShapeProperties || f.Kind == shapes.ShapeParams:
				c.typ = inType(c.properties(before), st.key)
			case f.Kind == shapes.ShapeType:
				next = append(next, f)
			}
		}
	}
	c.shapes = next
}

func inType(t *schema.Type, key string) *schema.Type {
	switch {
	case t == nil:
		return nil
	case key == "":
		return t.Elem
	}
	f, _ := t.Field(key)
	return f
}

// agrees reports whether the mapping can be of this form: what is a fixed word in it is that word,
// as the type of a channel.
func agrees(f *shapes.Shape, n *node) bool {
	for i := range f.Keys {
		k := &f.Keys[i]
		if k.Value.Kind != shapes.ShapeKeyword || len(k.Value.Keywords) != 1 {
			continue
		}
		if v := n.get(k.Name); v != nil && v.text != "" && !strings.Contains(v.text, mark) && v.text != k.Value.Keywords[0] {
			return false
		}
	}
	return true
}

// properties returns what the event carries that is named beside the innermost mapping of the path.
func (c *cursor) properties(path []step) *schema.Type {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i].in.kind != mapping {
			continue
		}
		if v := path[i].in.get("use"); v != nil {
			return c.params(v.text)
		}
		if v := path[i].in.get("attribute"); v != nil {
			return c.steps(v.text)
		}
		if v := path[i].in.get("event"); v != nil {
			if e := c.w.names().Schema.Event(v.text); e != nil {
				return e.Properties
			}
		}
		return nil
	}
	return nil
}

// steps returns the numbers of the levels that an attribute may have, as an object; nil when it is no enum.
func (c *cursor) steps(attribute string) *schema.Type {
	a := c.w.names().Schema.Attribute(attribute)
	if a == nil || a.Type == nil || len(a.Type.Enum) == 0 {
		return nil
	}
	t := schema.ObjectOf()
	for _, level := range a.Type.Enum {
		if level != a.Default {
			t.Fields = append(t.Fields, schema.Field{Name: level, Type: schema.Number})
		}
	}
	return t
}

// params returns what a snippet takes, as an object; nil when there is no such snippet. A text or a name is a
// string.
func (c *cursor) params(snippet string) *schema.Type {
	file := playbooks.SnippetDir + "/" + snippet + playbooks.YamlSuffix
	if c.w.files[file] == nil {
		return nil
	}
	doc := c.w.text(file)
	given := outline(doc.s).get("params")
	if given == nil || given.kind != mapping {
		return nil
	}
	t := schema.ObjectOf()
	for _, e := range given.entries {
		of := schema.String
		if e.value != nil {
			n := e.value
			if inner := n.get("type"); n.kind == mapping && inner != nil {
				n = inner
			}
			if known := schema.TypesByName[strings.TrimPrefix(n.text, "optional ")]; known != nil {
				of = known
			}
		}
		t.Fields = append(t.Fields, schema.Field{Name: e.key, Type: of, Pos: c.placeIn(file, doc, e)})
	}
	return t
}

// placeIn returns where a key stands in another file.
func (c *cursor) placeIn(file string, doc *text, e *entry) diag.Pos {
	line := doc.lineOf(e.from)
	column := len([]rune(doc.s[doc.lines[line]:e.from])) + 1
	return diag.Pos{
		File: file, Line: line + 1, Column: column, EndLine: line + 1, EndColumn: column + utf8.RuneCountInString(e.key),
	}
}

// mapping returns the mapping whose key or value the cursor is in, or nil.
func (c *cursor) mapping() *node {
	if len(c.path) == 0 {
		return nil
	}
	if n := c.path[len(c.path)-1].in; n.kind == mapping {
		return n
	}
	return nil
}

// is reports whether a value of the kind may stand at the cursor.
func (c *cursor) is(kind shapes.ShapeKind) bool {
	return slices.ContainsFunc(c.shapes, func(s *shapes.Shape) bool {
		return slices.ContainsFunc(s.Forms(), func(f *shapes.Shape) bool { return f.Kind == kind })
	})
}

// expression returns the text of the expression that the cursor is in, with the mark; false when it
// is in none.
func (c *cursor) expression() (string, bool) {
	if c.scalar == nil || c.root == nil {
		return "", false
	}
	text := c.scalar.text
	if c.is(shapes.ShapeExpression) {
		return text, true
	}
	if rest, ok := strings.CutPrefix(text, "= "); ok {
		return rest, true
	}
	return "", false
}

// scope returns what the expression or text at the cursor may name. The checker is asked about this
// file alone: as it is, and when it cannot be read, as far as the outline understands it.
func (c *cursor) scope() *loader.ExpressionSite {
	if c.root == nil {
		for i := range c.w.sites { // a template: what it may name is known where it is used
			if c.w.sites[i].Pos.File == c.name {
				return &c.w.sites[i]
			}
		}
		return &loader.ExpressionSite{Scope: &scope.Scope{Schema: c.w.names().Schema}}
	}
	if p := c.checkedSite(); p != nil {
		return p
	}
	if p := c.siteIn(c.marked); p != nil {
		return p
	}
	var b strings.Builder
	c.root.yaml(&b, "")
	return c.siteIn(strings.TrimLeft(b.String(), "\n"))
}

// checkedSite returns the place of the last check that holds the cursor; nil while the file
// changes, or when there is none.
func (c *cursor) checkedSite() *loader.ExpressionSite {
	if c.typing {
		return nil
	}
	at := c.posOf(c.off, c.off)
	for i := range c.w.sites {
		if p := &c.w.sites[i]; holds(p.Pos, at) {
			return p
		}
	}
	return nil
}

// posOf returns the place of a range of the file, as the checker counts.
func (c *cursor) posOf(from, to int) diag.Pos {
	line, end := c.doc.lineOf(from), c.doc.lineOf(to)
	column := func(line, off int) int { return utf8.RuneCountInString(c.doc.s[c.doc.lines[line]:off]) + 1 }
	return diag.Pos{
		File: c.name, Line: line + 1, Column: column(line, from), EndLine: end + 1, EndColumn: column(end, to),
	}
}

// holds reports whether the place p holds the beginning of the place at.
func holds(p, at diag.Pos) bool {
	return p.File == at.File && !before(at.Line, at.Column, p.Line, p.Column) &&
		!before(p.EndLine, p.EndColumn, at.Line, at.Column)
}

func before(line, column, otherLine, otherColumn int) bool {
	return line < otherLine || line == otherLine && column < otherColumn
}

func (c *cursor) siteIn(file string) *loader.ExpressionSite {
	files := map[string][]byte{schemaFile: c.w.goodSchema, c.name: []byte(file)}
	for name, data := range c.w.files {
		if (strings.HasPrefix(name, playbooks.TemplateDir+"/") || strings.HasPrefix(name, playbooks.SnippetDir+"/")) && name != c.name {
			files[name] = data
		}
	}
	_, _, places := loader.Inspect(fstest.MapFS{}, files, c.s.Registry)
	for i := range places {
		if strings.Contains(places[i].Text, mark) {
			return &places[i]
		}
	}
	return nil
}

// known returns the names that may stand where the kind is wanted. Playbooks are known by their
// files: one with a mistake has a name, too.
func (c *cursor) known(kind shapes.ShapeKind) []shapes.Named {
	if kind != shapes.ShapePlaybook {
		return shapes.Names(c.w.names(), kind)
	}
	var out []shapes.Named
	for _, name := range slices.Sorted(maps.Keys(c.w.files)) {
		if c.w.shapes.For(name) != c.w.shapes.Playbook {
			continue
		}
		t := c.w.text(name)
		root := outline(t.s)
		v := root.get("id")
		if v == nil || v.text == "" {
			continue
		}
		line := t.lineOf(v.from)
		column := len([]rune(t.s[t.lines[line]:v.from])) + 1
		named := shapes.Named{Name: v.text, Detail: "playbook", Pos: diag.Pos{
			File: name, Line: line + 1, Column: column, EndLine: line + 1, EndColumn: column + len([]rune(v.text)),
		}}
		if title := root.get("name"); title != nil {
			named.Detail += " " + title.text
		}
		out = append(out, named)
	}
	return out
}

// unmarked returns the byte offset in the file of an offset in the marked text.
func (c *cursor) unmarked(off int) int {
	if off > c.off {
		return max(off-len(mark), c.off)
	}
	return off
}

// rangeOf returns the range in the file of a range in the marked text.
func (c *cursor) rangeOf(from, to int) textRange {
	return c.doc.rangeOf(c.unmarked(from), c.unmarked(to))
}
