package lsp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// completion offers what may stand at the cursor.
func (s *Server) completion(p *positionParams) (any, error) {
	c := s.cursorAt(p, true)
	if c == nil {
		return nothing, nil
	}
	b := &completer{cursor: c, seen: map[string]bool{}}
	b.all()
	if b.items == nil {
		b.items = []completionItem{}
	}
	return completionList{Items: b.items}, nil
}

// completer gathers items.
type completer struct {
	*cursor
	items []completionItem
	seen  map[string]bool
}

// add offers a text for a range of the marked file. What comes first is shown first.
func (b *completer) add(from, to int, label, insert string, kind int, detail, doc string) {
	if b.seen[label] {
		return
	}
	b.seen[label] = true
	item := completionItem{
		Label: label, Kind: kind, Detail: detail, SortText: fmt.Sprintf("%04d", len(b.items)),
		Edit: textEdit{b.rangeOf(from, to), insert}, InsertMode: 1,
	}
	if old := b.marked[from:to]; strings.HasPrefix(old, "\"") || strings.HasPrefix(old, "'") {
		item.FilterText = old[:1] + label
	}
	if doc != "" {
		item.Docs = &markup{"markdown", doc}
	}
	b.items = append(b.items, item)
}

func (b *completer) all() {
	switch {
	case b.root == nil:
		b.text(b.marked, 0)
	case b.entry != nil:
		b.keys(b.entry.from, b.entry.to, b.mapping(), "")
	case b.scalar == nil:
	default:
		if text, ok := b.expression(); ok {
			b.inExpression(text)
			return
		}
		if b.is(shapes.ShapeText) || b.inTemplateText() {
			b.text(b.marked[b.scalar.from:b.scalar.to], b.scalar.from)
			return
		}
		if b.scalar.ownLine {
			b.keysOnOwnLine()
		}
		b.values()
	}
}

// inTemplateText reports whether the cursor is in Liquid inside some other string.
func (b *completer) inTemplateText() bool {
	_, ok := liquid(b.scalar.text)
	return ok
}

// keysOnOwnLine offers keys where a value that stands on a line of its own may still become a
// mapping or a list.
func (b *completer) keysOnOwnLine() {
	from, to := b.scalar.from, b.scalar.to
	for _, s := range b.shapes {
		for _, f := range s.Forms() {
			if f.Kind == shapes.ShapeList && f.Item.Kind == shapes.ShapeMapping {
				b.keysOf([]*shapes.Shape{f.Item}, from, to, nil, "- ")
			}
		}
	}
	if b.scalar.noDash {
		b.keys(from, to, nil, "- ")
		return
	}
	b.keys(from, to, nil, "")
}

// keys offers the keys that may still be added to a mapping; in a file without any, all at once.
func (b *completer) keys(from, to int, n *node, lead string) {
	if len(b.path) <= 1 && b.s.client.snippets && len(outline(b.doc.s).entries) <= 1 && lead == "" {
		shape := b.shapes[0]
		b.add(from, to, "new "+shape.Name, b.whole(shape), kindSnippet, shape.Doc, "")
		b.items[len(b.items)-1].Format = formatSnippet
	}
	b.keysOf(b.shapes, from, to, n, lead)
}

func (b *completer) keysOf(forms []*shapes.Shape, from, to int, n *node, lead string) {
	var there []string
	if n != nil {
		there = n.keys()
	}
	hasColon := b.entry != nil && b.entry.value != nil
	column := b.off - b.doc.lines[b.doc.lineOf(b.off)] - len(b.marked[from:b.off])
	for _, s := range forms {
		for _, f := range s.Forms() {
			if n != nil && !agrees(f, n) {
				continue
			}
			for i := range f.Keys {
				k := &f.Keys[i]
				if slices.Contains(there, k.Name) || !k.AllowedWith(f, there) {
					continue
				}
				insert, format := lead+k.Name, 0
				switch {
				case hasColon:
				case b.s.client.snippets:
					insert, format = escaped(insert, `$}\`)+b.snippetAfter(k, n, column+len(lead)), formatSnippet
				default:
					insert += b.after(k, n, column+len(lead))
				}
				b.add(from, to, k.Name, insert, kindProperty, k.Value.Describe(), keyDoc(k))
				b.items[len(b.items)-1].Format = format
			}
			b.ownKeys(f, from, to, there, hasColon)
		}
	}
	if b.typ != nil {
		b.typedKeys(b.typ, from, to, there, hasColon)
	}
}

// ownKeys offers the names that keys of the schema have: attributes, and properties of an event.
func (b *completer) ownKeys(f *shapes.Shape, from, to int, there []string, hasColon bool) {
	switch f.Kind {
	case shapes.ShapeSettable, shapes.ShapeMember, shapes.ShapeWritten:
		declared := b.w.names().Schema
		t := schema.ObjectOf()
		for _, field := range scope.MemberType(declared).Fields {
			a := declared.Attribute(field.Name)
			settable := f.Kind != shapes.ShapeSettable || a != nil || field.Name == "timezone" || field.Name == "locale"
			follows := declared.IsLevel(field.Name) && f.Kind != shapes.ShapeWritten
			if settable && !follows && (a == nil || a.Computed == nil) {
				t.Fields = append(t.Fields, field)
			}
		}
		b.typedKeys(t, from, to, there, hasColon)
	case shapes.ShapeProperties, shapes.ShapeParams, shapes.ShapeSteps:
		t := b.properties(b.path[:max(len(b.path)-1, 0)])
		if t == nil { // no key stands there yet
			t = b.properties(b.path)
		}
		if t != nil {
			b.typedKeys(t, from, to, there, hasColon)
		}
	}
}

func (b *completer) typedKeys(t *schema.Type, from, to int, there []string, hasColon bool) {
	for _, field := range t.Fields {
		if slices.Contains(there, field.Name) {
			continue
		}
		insert := field.Name
		if !hasColon {
			insert += ": "
		}
		b.add(from, to, field.Name, insert, kindField, field.Type.Describe(), "")
	}
}

// after returns what follows a key: in block style a list or mapping begins on the next line.
func (b *completer) after(k *shapes.ShapeKey, n *node, column int) string {
	forms := k.Value.Forms()
	block := func(s *shapes.Shape) bool {
		return s.Kind == shapes.ShapeMapping || s.Kind == shapes.ShapeList && s.Item.Kind == shapes.ShapeMapping
	}
	inline := func(s *shapes.Shape) bool { return !block(s) }
	if n != nil && n.flow || len(forms) > 1 && slices.ContainsFunc(forms, inline) {
		return ": "
	}
	indent := "\n" + strings.Repeat(" ", column+2)
	switch {
	case len(forms) > 1:
		return ":" + indent
	case forms[0].Kind == shapes.ShapeList && forms[0].Item.Kind == shapes.ShapeMapping:
		return ":" + indent + "- "
	case forms[0].Kind == shapes.ShapeMapping && k.Name != "trigger":
		return ":" + indent
	}
	return ": "
}

// values offers what may be written as a value.
func (b *completer) values() {
	from, to := b.scalar.from, b.scalar.to
	put := func(label string, kind int, detail, doc string) {
		b.add(from, to, label, quoteFor(label), kind, detail, doc)
	}
	for _, s := range b.shapes {
		for _, f := range s.Forms() {
			for _, w := range f.Keywords {
				if w != "" {
					put(w, kindEnum, "", f.Doc)
				}
			}
			for _, n := range append(b.known(f.Kind), b.mentions(f.Kind)...) {
				put(n.Name, kindRef, n.Detail, "")
			}
			for _, w := range valueExamples(f.Kind) {
				put(w, kindValue, "", "")
			}
			for _, field := range b.fieldsFor(f.Kind) {
				put("member."+field.Name, kindField, field.Type.String(), "")
			}
		}
	}
	if b.memberTags() {
		for _, n := range b.mentions(shapes.ShapeTag) {
			put(n.Name, kindRef, n.Detail, "")
		}
	}
	if b.typ != nil {
		for _, w := range typeNames(b.typ) {
			put(w, kindEnum, "", "")
		}
	}
}

// memberTags reports whether the cursor is in the list of a member's tags, as a test gives them.
func (b *completer) memberTags() bool {
	n := len(b.path)
	return b.typ != nil && n > 1 && b.path[n-1].in.kind == list && b.path[n-2].key == "tags"
}

// fieldsFor returns the fields of the member that may be named where the kind is wanted: dates, or
// stored bools.
func (b *completer) fieldsFor(kind shapes.ShapeKind) []schema.Field {
	declared := b.w.names().Schema
	var out []schema.Field
	for _, f := range scope.MemberType(declared).Fields {
		a := declared.Attribute(f.Name)
		switch {
		case f.Type == nil:
		case kind == shapes.ShapeChanged && declared.ChangedType(f.Name) != nil,
			kind == shapes.ShapeDate && (f.Type.Kind == schema.KindDate || f.Type.Kind == schema.KindDatetime),
			kind == shapes.ShapeConsent && f.Type.Kind == schema.KindBool && a != nil && a.Computed == nil:
			out = append(out, f)
		}
	}
	return out
}

// valueExamples returns a few values of a kind that has no names.
func valueExamples(kind shapes.ShapeKind) []string {
	switch kind {
	case shapes.ShapeBool:
		return []string{"true", "false"}
	case shapes.ShapeDuration:
		return []string{"15m", "1h", "4h", "1d", "2d", "1w"}
	case shapes.ShapeZone:
		return shapes.CommonZones()
	case shapes.ShapeLocale:
		return []string{"zh-CN", "zh-TW", "en", "ja"}
	case shapes.ShapeType:
		return shapes.TypeNames()
	case shapes.ShapeOffset:
		return []string{"-7d", "-3d", "-1d", "1d"}
	case shapes.ShapeClock:
		return []string{"10:00", "18:00"}
	case shapes.ShapeMoment:
		return []string{"2026-11-11", "2026-11-11 10:00"}
	case shapes.ShapeCron:
		return []string{"0 10 * * *", "0 10 * * 1", "0 10 1 * *", "0 10 L * *", "2026-11-11 10:00"}
	case shapes.ShapePercent:
		return []string{"5%", "10%"}
	}
	return nil
}

func typeNames(t *schema.Type) []string {
	if t.Kind == schema.KindBool {
		return []string{"true", "false"}
	}
	return t.Enum
}

// quoteFor puts a value in quotes where YAML needs them.
func quoteFor(s string) string {
	if strings.ContainsAny(s, "{}[],#&*!|>'\"%@`") && !strings.HasSuffix(s, "%") || strings.Contains(s, ":") ||
		strings.HasPrefix(s, "-") {
		return `"` + s + `"`
	}
	return s
}

// inExpression offers names, functions, and in a quoted text what it can be.
func (b *completer) inExpression(text string) {
	place := b.scope()
	if place == nil {
		return
	}
	sc, w := place.Scope, dottedNameAt(text)
	from, to := b.off-len(w.prefix), b.off+len(mark)+len(w.suffix)
	if w.inText {
		names := b.textNames(sc, w.before)
		if tagText(text, w) {
			names = b.mentions(shapes.ShapeTag)
		}
		b.named(from, to, names)
		return
	}
	if len(w.path) > 1 {
		item := itemType(sc, w.before)
		if t := typeAt(sc, w.path[:len(w.path)-1], item); t != nil {
			for _, f := range t.Fields {
				b.add(from, to, f.Name, f.Name, kindField, f.Type.Describe(), "")
			}
		}
		return
	}
	for _, name := range []string{sc.Schema.Subject(), "trigger", "event", "vars", "params", "actions"} {
		if t := rootType(sc, name); t != nil && (name != "actions" || len(t.Fields) > 0) {
			b.add(from, to, name, name, kindVariable, t.Describe(), rootDocs[name])
		}
	}
	for _, f := range shapes.Functions() {
		b.add(from, to, f.Name, f.Name, kindFunction, f.Usage, f.Doc)
	}
	for _, k := range []string{"and", "or", "not", "in", "true", "false", "nil"} {
		b.add(from, to, k, k, kindKeyword, "", "")
	}
}

var rootDocs = map[string]string{
	"member": "the member: attributes and built-in fields", "trigger": "what started the run",
	"event": "the event being looked at", "vars": "what the playbook computes at an entry", "params": "what the snippet is given", "with": "what the run carries over", "actions": "results of the actions before, by their id",
}

// textNames gives what a quoted text can be: the name of an event or segment, or a value of the
// enum it is compared with.
func (b *completer) textNames(sc *scope.Scope, before string) []shapes.Named {
	switch calling(before) {
	case "events":
		return shapes.Names(b.w.names(), shapes.ShapeEvent)
	case "table":
		var out []shapes.Named
		for _, name := range sc.Schema.TableNames() {
			out = append(out, shapes.Named{Name: name})
		}
		return out
	case "in_segment":
		return shapes.Names(b.w.names(), shapes.ShapeSegment)
	}
	if eventCall.MatchString(before) && strings.HasSuffix(strings.TrimSpace(before), ",") {
		out := []shapes.Named{{Name: "1d"}, {Name: "7d"}, {Name: "30d"}, {Name: "90d"}, {Name: "24h"}}
		for _, name := range schema.WindowNames() {
			out = append(out, shapes.Named{Name: name})
		}
		return out
	}
	return enumNames(textType(sc, before))
}

func (b *completer) named(from, to int, names []shapes.Named) {
	for _, n := range names {
		b.add(from, to, n.Name, n.Name, kindRef, n.Detail, "")
	}
}

// textInLiquid offers what a quoted text in a tag or output can be: a tag of the member, or a value
// of an enum.
func (b *completer) textInLiquid(whole, inside string, from, to int, w dottedName) {
	if tagText(inside, w) {
		b.named(from, to, b.mentions(shapes.ShapeTag))
		return
	}
	if place := b.scope(); place != nil {
		b.named(from, to, liquidEnum(place.Scope, whole, w.before))
	}
}

// text offers what Liquid knows at the cursor.
func (b *completer) text(text string, _ int) {
	inside, ok := liquid(text)
	if !ok {
		return
	}
	w := dottedNameAt(inside)
	from, to := b.off-len(w.prefix), b.off+len(mark)+len(w.suffix)
	left, _, _ := strings.Cut(inside, mark)
	switch trimmed := strings.TrimRight(strings.TrimSuffix(left, w.prefix), " "); {
	case w.inText:
		b.textInLiquid(text, inside, from, to, w)
	case strings.HasSuffix(trimmed, "|"):
		for _, f := range shapes.LiquidFilters() {
			b.add(from, to, f.Name, f.Name, kindFunction, f.Usage, f.Doc)
		}
	default:
		if strings.TrimSpace(trimmed) == "" && b.marked[max(b.off-len(left)-1, 0)] == '%' {
			for _, t := range shapes.LiquidTags() {
				b.add(from, to, t, t, kindKeyword, "tag", "")
			}
			return
		}
		place := b.scope()
		if place == nil {
			return
		}
		if len(w.path) > 1 {
			if t := typeAt(place.Scope, w.path[:len(w.path)-1], nil); t != nil {
				for _, f := range t.Fields {
					b.add(from, to, f.Name, f.Name, kindField, f.Type.Describe(), "")
				}
			}
			return
		}
		b.add(from, to, "now", "now", kindVariable, "datetime",
			"the instant at which the text is written, as in {{ now | date: '%Y-%m-%d' }}")
		for _, name := range []string{place.Scope.Schema.Subject(), "trigger", "vars", "params", "with", "actions"} {
			if t := rootType(place.Scope, name); t != nil && (name != "actions" || len(t.Fields) > 0) {
				b.add(from, to, name, name, kindVariable, t.Describe(), rootDocs[name])
			}
		}
	}
}
