package lsp

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// A name that nothing declares may be one that is still to be declared: for each such mistake the
// editor offers to write the declaration, or the file. What would itself be a mistake is not
// offered.

// missing is a kind of declaration that can be written for a name.
type missing struct {
	section string                              // of usher.yaml
	what    string                              // as a title calls it
	value   func(c *cursor, name string) string // what stands behind the name
}

// missingKinds are the kinds by the code of the mistake.
var missingKinds = map[string]missing{
	"unknown-table":  {"tables", "table", func(*cursor, string) string { return "{key: {value: 1}}" }},
	"unknown-raffle": {"raffles", "raffle", func(*cursor, string) string { return "{prizes: {一等奖: {count: 1, odds: 1/100}}}" }},
	"unknown-event":  {"events", "event", func(*cursor, string) string { return "{}" }},
	"unknown-segment": {"segments", "segment", func(_ *cursor, name string) string {
		return `'"` + name + `" in member.tags'`
	}},
	"unknown-pool": {"coupons", "coupon pool", func(_ *cursor, name string) string {
		if prefix := codePrefix.FindString(name); prefix != "" {
			return "{prefix: " + strings.ToUpper(prefix) + "}"
		}
		return "{}"
	}},
	"unknown-channel":  {"channels", "channel", func(*cursor, string) string { return "{type: log}" }},
	"unknown-field":    {"member", "attribute", (*cursor).guessedType},
	"unknown-variable": {"member", "attribute", (*cursor).guessedType},
}

var codePrefix = regexp.MustCompile(`^[a-z]{1,20}`)

// guessedType returns the type that a value written for an attribute speaks for; string when there
// is none.
func (c *cursor) guessedType(string) string {
	if c.entry == nil || c.entry.value == nil || c.entry.value.style != 0 {
		return "string"
	}
	v := c.entry.value.text
	if v == "true" || v == "false" {
		return "bool"
	}
	if _, err := strconv.Atoi(v); err == nil {
		return "int"
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return "number"
	}
	return "string"
}

// creations returns what declares or creates the name that a mistake is about.
func (s *Server) creations(w *workspace, d *diag.Diagnostic, shown diagnostic) []codeAction {
	doc := w.text(d.File)
	off := doc.offset(doc.exact(d.Pos).Start)
	if off < len(doc.s) && (doc.s[off] == '"' || doc.s[off] == '\'') {
		off++
	}
	c := s.cursorIn(w, d.File, doc, off)
	name := c.nameHere()
	if name == "" {
		return nil
	}
	var edits map[string][]textEdit
	a := codeAction{Kind: "quickfix", Diagnostics: []diagnostic{shown}}
	if d.Code == "unknown-template" {
		file := "templates/" + name + ".txt"
		if !fs.ValidPath(file) {
			return nil
		}
		a.Title, edits = "Create "+file, map[string][]textEdit{file: {{NewText: "Write the message here.\n"}}}
	} else {
		m, ok := missingKinds[d.Code]
		if !ok || m.section == "member" && !c.namesAttribute() {
			return nil
		}
		a.Title = fmt.Sprintf("Declare the %s `%s` in %s", m.what, name, schemaFile)
		edits = map[string][]textEdit{schemaFile: {declare(w.text(schemaFile), m.section, plainOrQuoted(name)+": "+
			m.value(c, name))}}
	}
	if w.files[schemaFile] == nil || s.stillSound(w, edits, nil) != nil {
		return nil
	}
	return s.creating(w, a, edits)
}

// creating completes an action with its edits; none when the editor cannot create a file that it
// needs.
func (s *Server) creating(w *workspace, a codeAction, edits map[string][]textEdit) []codeAction {
	for name, list := range edits {
		if w.files[name] != nil {
			continue
		}
		if !s.client.createsFiles {
			return nil
		}
		a.Edit = workspaceEdit{Documents: []any{fileCreate{"create", s.uri(w, name)}, s.documentEdit(w, name, list)}}
		return []codeAction{a}
	}
	a.Edit = s.workspaceEdit(w, edits, nil)
	return []codeAction{a}
}

// namesAttribute reports whether the name at the cursor is one of the member: member.x, or a key
// where attributes stand.
func (c *cursor) namesAttribute() bool {
	if c.entry != nil {
		return c.is(shapes.ShapeSettable) || c.is(shapes.ShapeMember) || c.is(shapes.ShapeWritten)
	}
	text := c.marked
	if c.root != nil && c.scalar != nil {
		text = c.scalar.text
		if expr, ok := c.expression(); ok {
			text = expr
		}
	}
	if inside, ok := liquid(text); ok {
		text = inside
	}
	w := dottedNameAt(text)
	return !w.inText && len(w.path) == 2 && w.path[0] == "member"
}

// declare returns the edit that adds a line to a section of usher.yaml, in the style in which the
// section is written.
func declare(t *text, section, line string) textEdit {
	insert := func(off int, s string) textEdit { return textEdit{t.rangeOf(off, off), s} }
	var found *entry
	for _, e := range outline(t.s).entries {
		if e.key == section {
			found = e
		}
	}
	switch {
	case found == nil:
		gap := "\n"
		if t.s != "" && !strings.HasSuffix(t.s, "\n") {
			gap = "\n\n"
		}
		return insert(len(t.s), gap+section+":\n  "+line+"\n")
	case found.value == nil || len(found.value.entries) == 0:
		if v := found.value; v != nil && v.kind == mapping && v.flow {
			return insert(v.from+1, line)
		}
		return insert(t.lineEnd(t.lineOf(found.to)), "\n  "+line)
	}
	last := found.value.entries[len(found.value.entries)-1]
	end := last.to
	if last.value != nil {
		end = max(end, last.value.to)
	}
	if found.value.flow {
		return insert(end, ", "+line)
	}
	first := found.value.entries[0].from
	indent := t.s[t.lines[t.lineOf(first)]:first]
	return insert(t.lineEnd(t.lineOf(max(end-1, 0))), "\n"+indent+line)
}

// createTest offers the first test of a playbook that has none, at its id.
func (s *Server) createTest(w *workspace, name string, at textRange) []codeAction {
	if w.shapes.For(name) != w.shapes.Playbook {
		return nil
	}
	c := s.fileCursor(w, name)
	id := c.root.get("id")
	file := strings.TrimSuffix(name, path.Ext(name)) + "_test.yaml"
	if id == nil || id.text == "" || w.files[file] != nil || !touches(c.doc.rangeOf(id.from, id.to), at) ||
		s.tested(w, id.text) {
		return nil
	}
	body := "playbook: " + id.text + "\ntests:\n  - name: what it shows, as a sentence\n    member: {id: m1}\n    script:\n" +
		"      - " + c.firstStep() + "\n      - expect: {run: done}\n"
	edits := map[string][]textEdit{file: {{NewText: body}}}
	if s.stillSound(w, edits, nil) != nil {
		return nil
	}
	return s.creating(w, codeAction{Title: "Create a test: " + file, Kind: "refactor"}, edits)
}

// tested reports whether a test names the playbook.
func (s *Server) tested(w *workspace, id string) bool {
	for name, f := range w.files {
		if w.shapes.For(name) == w.shapes.Test && f != nil {
			if v := outline(string(f)).get("playbook"); v != nil && v.text == id {
				return true
			}
		}
	}
	return false
}

// firstStep returns what starts a run of the playbook in a test.
func (c *cursor) firstStep() string {
	trigger := c.root.get("trigger")
	if event := trigger.get("event"); event != nil {
		if e := c.w.names().Schema.Event(event.text); e != nil {
			return "{event: " + plainOrQuoted(e.Name) + ", properties: " + sampleOf(e.Properties) + "}"
		}
	}
	if trigger != nil && slices.ContainsFunc(trigger.entries, func(e *entry) bool { return e.key == "http" }) {
		return "trigger: {}"
	}
	return "advance: 1d"
}

// sampleOf returns a value of a type, in YAML: what may be left out is.
func sampleOf(t *schema.Type) string {
	switch {
	case t == nil:
		return "x"
	case len(t.Enum) > 0:
		return plainOrQuoted(t.Enum[0])
	}
	switch t.Kind {
	case schema.KindInt, schema.KindNumber:
		return "1"
	case schema.KindBool:
		return "true"
	case schema.KindDate:
		return "2026-01-05"
	case schema.KindDatetime:
		return "2026-01-05T10:00:00Z"
	case schema.KindList:
		return "[]"
	case schema.KindObject:
		var parts []string
		for _, f := range t.Fields {
			if f.Type != nil && !f.Type.Optional {
				parts = append(parts, plainOrQuoted(f.Name)+": "+sampleOf(f.Type))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "x"
}
