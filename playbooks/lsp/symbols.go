package lsp

import (
	"slices"
	"strings"
)

// The kinds of symbols.
const (
	symbolModule   = 2
	symbolProperty = 7
	symbolFunction = 12
	symbolEvent    = 24
)

// symbols returns the outline of a file: its keys, and for actions what they do.
func (s *Server) symbols(p *documentParams) (any, error) {
	path, _ := pathOf(p.TextDocument.URI)
	w := s.workspaceOf(path)
	out := []documentSymbol{}
	if w == nil {
		return out, nil
	}
	s.refresh(w)
	name := w.name(path)
	if w.shapes.For(name) == nil {
		return out, nil
	}
	doc := w.text(name)
	for _, e := range outline(doc.s).entries {
		sym := documentSymbol{Name: e.key, Kind: symbolProperty, SelectionRange: doc.rangeOf(e.from, e.to)}
		sym.Range = sym.SelectionRange
		if v := e.value; v != nil {
			sym.Range = doc.rangeOf(e.from, max(v.to, e.to))
			if v.kind == scalar {
				sym.Detail = v.text
			}
			sym.Children = children(doc, e.key, v)
		}
		if e.key == "trigger" {
			sym.Kind = symbolEvent
		}
		out = append(out, sym)
	}
	return out, nil
}

// children returns what stands in a section: its names, actions or tests.
func children(doc *text, section string, v *node) []documentSymbol {
	var out []documentSymbol
	add := func(n *node, name, detail string, kind int, inner []documentSymbol) {
		if name == "" {
			return // the protocol has no symbol without a name
		}
		r := doc.rangeOf(n.from, n.to)
		out = append(out, documentSymbol{name, detail, kind, r, r, inner})
	}
	if v.kind == mapping && slices.Contains([]string{"member", "events", "segments", "channels", "coupons", "raffles", "tables"}, section) {
		for _, e := range v.entries {
			n := &node{from: e.from, to: e.to}
			if e.value != nil {
				n.to = max(e.to, e.value.to)
			}
			add(n, e.key, "", symbolProperty, nil)
		}
	}
	for _, item := range v.items {
		if item.kind != mapping {
			continue
		}
		switch section {
		case "tests":
			if t := item.get("name"); t != nil {
				add(item, t.text, "", symbolFunction, nil)
			}
		case "actions", "then", "else", "choose", "split":
			add(item, actionName(item), detailOf(item), symbolFunction, inside(doc, item))
		}
	}
	return out
}

// inside returns the actions on the ways of a branch.
func inside(doc *text, item *node) []documentSymbol {
	var out []documentSymbol
	for _, key := range []string{"then", "else", "choose", "split"} {
		v := item.get(key)
		if v != nil && v.kind == mapping { // a split by a value
			v = v.get("ways")
		}
		if v != nil {
			out = append(out, children(doc, key, v)...)
		}
	}
	return out
}

// actionName returns what an action does: its key, for a branch the question.
func actionName(item *node) string {
	for _, e := range item.entries {
		if !slices.Contains([]string{"id", "if", "then", "else", "name", "weight"}, e.key) {
			return e.key
		}
	}
	if v := item.get("if"); v != nil {
		return strings.TrimSpace("if " + v.text)
	}
	if v := item.get("name"); v != nil {
		return v.text
	}
	if item.get("else") != nil {
		return "else"
	}
	return ""
}

func detailOf(item *node) string {
	if v := item.get("id"); v != nil {
		return v.text
	}
	for _, e := range item.entries {
		if e.value != nil && e.value.kind == scalar && e.key == actionName(item) {
			return e.value.text
		}
	}
	return ""
}
