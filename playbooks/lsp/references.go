package lsp

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/shapes"
)

// symbol is a name that stands for one thing of the workspace. What is declared is known by the
// place of its declaration; a tag, an owner or an exit reason, which nothing declares, by its kind.
// Two names are of the same thing when their symbols are equal.
type symbol struct {
	name         string
	kind         shapes.ShapeKind // of a name that is declared nowhere
	file         string           // of the declaration
	line, column int
}

// occurrence is a place where a symbol is named.
type occurrence struct {
	file  string
	span  textRange
	write func(name string) string // what stands there when the name is another
}

// labelKinds are the kinds of names that are declared nowhere.
var labelKinds = []shapes.ShapeKind{shapes.ShapeTag, shapes.ShapeOwner, shapes.ShapeReason}

// symbol returns what the name at the cursor stands for; false when it stands for nothing that is
// known.
func (c *cursor) symbol() (symbol, bool) {
	at := c.posOf(c.off, c.off)
	for _, kind := range labelKinds {
		for name, list := range shapes.Mentions(c.w.loaded, kind) {
			if slices.ContainsFunc(list, func(m shapes.Mention) bool { return holds(m.Pos, at) }) {
				return symbol{name: name, kind: kind}, true
			}
		}
	}
	name := c.nameHere()
	pos, ok := c.declaration()
	if name == "" || !ok || pos.Line == 0 {
		return symbol{}, false
	}
	return symbol{name: name, file: pos.File, line: pos.Line, column: pos.Column}, true
}

// nameHere returns the name that the cursor is in, without what leads to it.
func (c *cursor) nameHere() string {
	switch {
	case c.root == nil:
		return nameIn(c.marked)
	case c.entry != nil:
		return strings.ReplaceAll(c.entry.key, mark, "")
	case c.scalar == nil:
		return ""
	}
	if expr, ok := c.expression(); ok {
		return labelName(expr)
	}
	if _, ok := liquid(c.scalar.text); ok {
		return nameIn(c.scalar.text)
	}
	if c.is(shapes.ShapeDate) || c.is(shapes.ShapeConsent) || c.is(shapes.ShapeChanged) {
		return strings.TrimPrefix(c.value(), "member.")
	}
	if c.is(shapes.ShapeReferral) {
		_, name := c.referralPart()
		return name
	}
	return c.value()
}

// nameIn returns the name at the cursor in a Liquid text.
func nameIn(text string) string {
	inside, ok := liquid(text)
	if !ok {
		return ""
	}
	return labelName(inside)
}

func labelName(text string) string {
	w := dottedNameAt(text)
	if w.inText {
		return w.text
	}
	return w.path[len(w.path)-1]
}

// occurrences returns the places where a symbol is named, its declaration among them, in the order
// of files and lines. Each place where the name is written is asked what it stands for there.
func (s *Server) occurrences(w *workspace, sym symbol) []occurrence {
	var out []occurrence
	if sym.kind != "" {
		for _, m := range shapes.Mentions(w.loaded, sym.kind)[sym.name] {
			out = append(out, occurrence{m.Pos.File, w.text(m.Pos.File).exact(m.Pos), m.Write})
		}
		return out
	}
	for _, file := range slices.Sorted(maps.Keys(w.files)) {
		doc := w.text(file)
		for from := 0; ; {
			i := strings.Index(doc.s[from:], sym.name)
			if i < 0 {
				break
			}
			at, end := from+i, from+i+len(sym.name)
			if from = end; inLongerName(doc.s, at, end) {
				continue
			}
			if got, ok := s.cursorIn(w, file, doc, at).symbol(); ok && got == sym {
				out = append(out, occurrence{file, doc.rangeOf(at, end), func(name string) string { return name }})
			}
		}
	}
	return out
}

// inLongerName reports whether a range is a part of a longer name.
func inLongerName(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return from > 0 && (isName(before) || before == '-') || to < len(s) && (isName(after) || after == '-')
}

// references answers where the name at the cursor is used.
func (s *Server) references(p *referenceParams) (any, error) {
	out := []location{}
	c := s.cursorAt(&p.positionParams, false)
	if c == nil {
		return out, nil
	}
	sym, ok := c.symbol()
	if !ok {
		return out, nil
	}
	if sym.template() && p.Context.IncludeDeclaration {
		out = append(out, location{s.uri(c.w, sym.file), textRange{}})
	}
	for _, o := range s.occurrences(c.w, sym) {
		if p.Context.IncludeDeclaration || !sym.declaredAt(c.w, o) {
			out = append(out, location{s.uri(c.w, o.file), o.span})
		}
	}
	return out, nil
}

// template reports whether the symbol is a template: its declaration is a file, not a name in one.
func (sym symbol) template() bool { return strings.HasPrefix(sym.file, "templates/") }

// declaredAt reports whether the occurrence is the declaration.
func (sym symbol) declaredAt(w *workspace, o occurrence) bool {
	if sym.kind != "" || o.file != sym.file {
		return false
	}
	at := w.text(o.file).positionAt(sym.line, sym.column)
	return o.span.Start.Line == at.Line && o.span.Start.Character-at.Character <= 1 &&
		o.span.Start.Character >= at.Character
}
