package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// Characters of Chinese text, and spaces that are not the plain one, where YAML takes only its own.
var (
	fullWidthInList    = regexp.MustCompile(`[^}][}\]"']\s*(，\s*)(?:\{[^{%]|[\["'])`)
	fullWidthFlowSigns = regexp.MustCompile(`[{,，]\s*[A-Za-z_][\w.-]*(：\s*)|(，\s*)[A-Za-z_][\w.-]*\s*[:：]|([;；、]\s*)[A-Za-z_][\w.-]*\s*[:：]\s`)
	wideSpacesInFlow   = "\u00a0\u3000"
	otherSpace         = regexp.MustCompile("^[ ]*(?:- +)*[A-Za-z_][\\w.-]*:([" + wideSpacesInFlow + "]+)|^ *([" +
		wideSpacesInFlow + "]+)")
)

// fullWidthInFlow reports the first full-width comma or colon that stands for one of YAML's between
// braces in text[from:to], with an edit for each of its kind.
func (c *Reader) fullWidthInFlow(f *diag.File, from, to int) bool {
	to = min(to, from+MaxQuotingSearch)
	text := f.Text[from:to]
	if !strings.ContainsAny(text, "，：;；、") {
		return false
	}
	found := fullWidthFlowSigns.FindAllStringSubmatchIndex(unquoted(text), -1)
	if len(found) == 0 {
		if found = fullWidthInList.FindAllStringSubmatchIndex(unquoted(text), -1); len(found) == 0 ||
			!strings.ContainsAny(text, "[{") {
			return false
		}
		p := f.Pos(from+found[0][2], from+found[0][3])
		r := c.Error("yaml-syntax", p, "this comma is full-width: YAML takes only `, `").Label("write `, `")
		for _, m := range found {
			r.Edit(f.Pos(from+m[2], from+m[3]), ", ")
		}
		return true
	}
	at := func(group int, m []int) diag.Pos { return f.Pos(from+m[2*group], from+m[2*group+1]) }
	kind := 1 // of the first, which is the one that is told
	for found[0][2*kind] < 0 {
		kind++
	}
	if kind == 3 {
		p := at(kind, found[0])
		// or it is text
		c.Error("yaml-syntax", p, "YAML takes only a comma between two keys").Label("write `, `").Edit(p, ", ").
			UnsureUnless(false)
		return true
	}
	what, write := "colon", ": "
	if kind == 2 {
		what, write = "comma", ", "
	}
	r := c.Error("yaml-syntax", at(kind, found[0]),
		fmt.Sprintf("this %s is full-width: YAML takes only `%s`", what, write)).Label("write `" + write + "`")
	for _, m := range found {
		if m[2*kind] >= 0 && !strings.Contains(f.Text[from+m[2*kind]:from+m[2*kind+1]], "\n") {
			r.Edit(at(kind, m), write)
		}
	}
	return true
}

// tagKeys are the keys under which one tag may stand alone.
var tagKeys = map[string]bool{"tag": true, "add": true, "remove": true}

// fullWidthCommas reports an item of a list in brackets that holds a full-width comma: it looks
// like two, and YAML reads one.
func (t *treeBuilder) fullWidthCommas(n *Node) bool {
	if quoted := strings.ContainsAny(n.Value, "“”‘’"); quoted || t.ascii || !t.list && !tagKeys[t.key] ||
		n.Style != PlainStyle || !strings.ContainsAny(n.Value, "，、；") || freeText[t.key] {
		return false
	}
	if !t.list {
		t.commaInTag(n)
		return true
	}
	found := -1
	runes := []rune(diag.HalfWidth(n.Value))
	for i, r := range []rune(n.Value) {
		if !strings.ContainsRune("，、；", r) {
			continue
		}
		p := n.At(i, i+1)
		if found < 0 {
			found = len(t.c.Diags)
			t.c.Error("yaml-syntax", p, fmt.Sprintf("`%c` is full-width: YAML takes it for a part of the name, and only `, ` between two", r)).
				Label("write `, `; or quote the value, if it is one")
		}
		t.c.Report(found).Edit(p, ", ")
		if r != '，' || diag.GroupsDigits(runes, i) {
			t.c.Report(found).UnsureUnless(false)
		}
	}
	return true
}

// commaInTag reports one tag that looks like several.
func (t *treeBuilder) commaInTag(n *Node) {
	runes := []rune(n.Value)
	at := slices.IndexFunc(runes, func(r rune) bool { return strings.ContainsRune("，、；", r) })
	var parts []string
	for _, part := range strings.FieldsFunc(n.Value, func(r rune) bool { return strings.ContainsRune("，、；", r) }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	list := "[" + strings.Join(parts, ", ") + "]"
	r := t.c.Error("yaml-syntax", n.At(at, at+1),
		fmt.Sprintf("`%c` is full-width: this is one tag with it in its name", runes[at])).
		Label("write `" + list + "`; or quote the tag, if it is one")
	if len(parts) > 1 && !strings.ContainsAny(n.Value, "[]{}:#&*!|>'\"%@`") {
		r.Edit(n.Pos(), list).UnsureUnless(false)
	}
}

// fullWidthQuotes warns of a text that as a whole stands in the quotes of Chinese text: YAML takes
// them for a part of it.
func (t *treeBuilder) fullWidthQuotes(n *Node) {
	if t.ascii || n.Broken || n.Style != PlainStyle || t.key != "text" && t.key != "subject" {
		return
	}
	if inner, ok := InFullWidthQuotes(n.Value); ok && inner != "" {
		runes := []rune(n.Value)
		t.c.Warn("yaml-quoting", n.Pos(), fmt.Sprintf("`%c…%c` are no quotes to YAML: they would be sent with the text",
			runes[0], runes[len(runes)-1])).
			Label("write "+Quote(inner)+"; or quote the whole, if they are to be sent").Edit(n.Pos(), Quote(inner)).
			UnsureUnless(false)
	}
}

// gluedInFlow matches a key between braces with its value glued to its colon, where the value can
// only be one.
var gluedInFlow = regexp.MustCompile(`[{,]\s*[A-Za-z_][\w.-]*(?:(:)[\[{"']|(:[` + wideSpacesInFlow + `]+))`)

// missingSpaceAfterColon reports a colon between braces behind which a space is missing.
func (c *Reader) missingSpaceAfterColon(f *diag.File, from, to int) bool {
	to = min(to, from+MaxQuotingSearch)
	m := gluedInFlow.FindStringSubmatchIndex(unquoted(f.Text[from:to]))
	if m == nil {
		return false
	}
	if m[2] < 0 {
		c.Error("yaml-syntax", f.Pos(from+m[4]+1, from+m[5]), otherSpaceIn(f.Text[from+m[4]:from+m[5]])).
			Label("type a plain space").Edit(f.Pos(from+m[4], from+m[5]), ": ")
		return true
	}
	p := f.Pos(from+m[2], from+m[3])
	c.Error("yaml-syntax", p, "a space is missing after this colon").Label("write `: `").Edit(p, ": ")
	return true
}

// unquoted blanks out what stands in quotes, byte by byte, so that offsets stay.
func unquoted(text string) string {
	out := []byte(text)
	for i := 0; i < len(text); i++ {
		if text[i] != '"' && text[i] != '\'' {
			continue
		}
		if end := diag.ClosingQuote(text[i:]); end > 0 {
			for k := i; k <= i+end; k++ {
				out[k] = '_'
			}
			i += end
		}
	}
	return string(out)
}

// wrongSpace reports a space at the beginning of a line or behind its key that YAML takes for a
// letter.
func (c *Reader) wrongSpace(f *diag.File, line int) bool {
	m := otherSpace.FindStringSubmatchIndex(f.Line(line))
	if m == nil {
		return false
	}
	at := m[2:4]
	start := f.Lines[line-1]
	if at[0] >= 0 {
		p := f.Pos(start+at[0], start+at[1])
		c.Error("yaml-syntax", p, otherSpaceIn(f.Text[start+at[0]:start+at[1]])).Label("type a plain space").Edit(p, " ")
		return true
	}
	p := f.Pos(start+m[4], start+m[5])
	r := c.Error("yaml-syntax", p, otherSpaceIn(f.Text[start+m[4]:start+m[5]])).Label("indent with plain spaces")
	lines := make([]string, len(f.Lines))
	for i := range lines {
		lines[i] = f.Line(i + 1)
	}
	body := strings.TrimLeft(lines[line-1], " "+wideSpacesInFlow)
	if indent, ok := intendedIndent(lines, line-1, body); ok {
		r.Edit(f.Pos(start, start+len(lines[line-1])-len(body)), strings.Repeat(" ", indent))
	}
	return true
}

// otherSpaceIn names the space that is no plain one.
func otherSpaceIn(text string) string {
	for _, r := range text {
		if strings.ContainsRune(wideSpacesInFlow, r) {
			return "this is no plain space (" + diag.NameOfRune(r) + "), and YAML takes it for text"
		}
	}
	return "this is no plain space, and YAML takes it for text"
}

var (
	fullWidthComment = regexp.MustCompile(`^\s*(＃)`)
	htmlEntity       = regexp.MustCompile(`&(?:nbsp|amp|lt|gt|quot|#\d+);|<(?:br|p|div|span)\b[^>]*>`)
)

// pasted reports a line that begins with a full-width `＃`, or that was copied from a page with its
// HTML.
func (c *Reader) pasted(f *diag.File, line int) bool {
	start := f.Lines[line-1]
	if m := fullWidthComment.FindStringSubmatchIndex(f.Line(line)); m != nil {
		p := f.Pos(start+m[2], start+m[3])
		c.Error("yaml-syntax", p, "`＃` is full-width: it begins no comment").Label("write `# `").Edit(p, "#")
		return true
	}
	m := htmlEntity.FindStringIndex(f.Line(line))
	if m == nil || strings.TrimSpace(f.Line(line)[:m[0]]) != "" {
		return false
	}
	wrote := f.Line(line)[m[0]:m[1]]
	label := "type the character itself"
	if wrote == "&nbsp;" {
		label = "type plain spaces"
	}
	c.Error("yaml-syntax", f.Pos(start+m[0], start+m[1]), "`"+wrote+"` is HTML, pasted from a page").Label(label)
	return true
}

// fullWidthBraces reports a value in full-width brackets, which YAML takes for text.
func (c *Reader) fullWidthBraces(f *diag.File, from, to int) bool {
	text := f.Text[from:to]
	for _, b := range [][4]string{{"｛", "｝", "{", "}"}, {"［", "］", "[", "]"}} {
		if !strings.HasPrefix(text, b[0]) || strings.HasPrefix(text, b[0]+b[0]) {
			continue
		}
		open := f.Pos(from, from+len(b[0]))
		r := c.Error("yaml-syntax", open, fmt.Sprintf("`%s` is full-width: YAML takes it for text", b[0])).
			Label("write `" + b[2] + "`")
		if strings.HasSuffix(text, b[1]) && strings.Count(text, b[0]) == 1 && strings.Count(text, b[1]) == 1 {
			r.Edit(open, b[2]).Edit(f.Pos(to-len(b[1]), to), b[3])
		}
		return true
	}
	return false
}

// mistakenKey reports a key that is one but for a space YAML takes for text, or for a missing colon
// before a bracket. It tells which key was meant.
func (c *Reader) mistakenKey(key *Node, known []string) (meant string) {
	bare := strings.Trim(key.Value, wideSpacesInFlow)
	if bare != key.Value {
		c.Error("yaml-syntax", key.Pos(), fmt.Sprintf("a space that YAML takes for text stands beside `%s`: %s", bare,
			diag.NameOfRune([]rune(strings.Trim(key.Value, bare))[0]))).
			Label("write `"+bare+"` with plain spaces").Edit(key.Pos(), bare)
		return bare
	}
	if word, rest, found := strings.Cut(key.Value, ":"); found && rest != "" && slices.Contains(known, word) {
		at := key.At(len([]rune(word)), len([]rune(word))+1)
		c.Error("yaml-syntax", at, "a space is missing after this colon").Label("write `"+word+": "+rest+"`").Edit(at, ": ")
		return word
	}
	if word, _, found := strings.Cut(key.Value, " {"); found {
		for _, k := range known {
			if k == strings.TrimSpace(word) {
				c.Error("yaml-syntax", key.At(len([]rune(word)), len([]rune(word))+1), "a `:` is missing before the brace").
					Label("write `"+k+": {`").
					Edit(key.At(len([]rune(word)), len([]rune(word))), ":")
				return k
			}
		}
	}
	return ""
}
