package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Characters of Chinese text, and spaces that are not the plain one, where YAML takes only its own.
var (
	wideInList = regexp.MustCompile(`[^}][}\]"']\s*(，\s*)(?:\{[^{%]|[\["'])`)
	wideInFlow = regexp.MustCompile(`[{,，]\s*[A-Za-z_][\w.-]*(：\s*)|(，\s*)[A-Za-z_][\w.-]*\s*[:：]|([;；、]\s*)[A-Za-z_][\w.-]*\s*[:：]\s`)
	wideSpaces = "\u00a0\u3000"
	oddSpace   = regexp.MustCompile("^[ ]*(?:- +)*[A-Za-z_][\\w.-]*:([" + wideSpaces + "]+)|^ *([" + wideSpaces + "]+)")
)

// wideSlip reports the first full-width comma or colon that stands for one of YAML's between braces in text[from:to], with an edit
// for each of its kind.
func (c *yamlReader) wideSlip(f *file, from, to int) bool {
	to = min(to, from+maxSlip)
	text := f.text[from:to]
	if !strings.ContainsAny(text, "，：;；、") {
		return false
	}
	found := wideInFlow.FindAllStringSubmatchIndex(unquoted(text), -1)
	if len(found) == 0 {
		if found = wideInList.FindAllStringSubmatchIndex(unquoted(text), -1); len(found) == 0 || !strings.ContainsAny(text, "[{") {
			return false
		}
		p := f.pos(from+found[0][2], from+found[0][3])
		r := c.error("yaml-syntax", p, "this comma is full-width: YAML takes only `, `").label("write `, `")
		for _, m := range found {
			r.edit(f.pos(from+m[2], from+m[3]), ", ")
		}
		return true
	}
	at := func(group int, m []int) Pos { return f.pos(from+m[2*group], from+m[2*group+1]) }
	kind := 1 // of the first, which is the one that is told
	for found[0][2*kind] < 0 {
		kind++
	}
	if kind == 3 {
		p := at(kind, found[0])
		c.error("yaml-syntax", p, "YAML takes only a comma between two keys").label("write `, `").edit(p, ", ").doubt(false) // or it is text
		return true
	}
	what, write := "colon", ": "
	if kind == 2 {
		what, write = "comma", ", "
	}
	r := c.error("yaml-syntax", at(kind, found[0]), fmt.Sprintf("this %s is full-width: YAML takes only `%s`", what, write)).label("write `" + write + "`")
	for _, m := range found {
		if m[2*kind] >= 0 && !strings.Contains(f.text[from+m[2*kind]:from+m[2*kind+1]], "\n") {
			r.edit(at(kind, m), write)
		}
	}
	return true
}

// tagKeys are the keys under which one tag may stand alone.
var tagKeys = map[string]bool{"tag": true, "add": true, "remove": true}

// wideCommas reports an item of a list in brackets that holds a full-width comma: it looks like two, and YAML reads one.
func (t *treeBuilder) wideCommas(n *node) bool {
	if quoted := strings.ContainsAny(n.value, "“”‘’"); quoted || t.ascii || !t.list && !tagKeys[t.key] || n.style != plainStyle || !strings.ContainsAny(n.value, "，、；") || freeText[t.key] {
		return false
	}
	if !t.list {
		t.commaInTag(n)
		return true
	}
	found := -1
	runes := []rune(narrowed(n.value))
	for i, r := range []rune(n.value) {
		if !strings.ContainsRune("，、；", r) {
			continue
		}
		p := n.at(i, i+1)
		if found < 0 {
			found = len(t.c.diags)
			t.c.error("yaml-syntax", p, fmt.Sprintf("`%c` is full-width: YAML takes it for a part of the name, and only `, ` between two", r)).
				label("write `, `; or quote the value, if it is one")
		}
		t.c.report(found).edit(p, ", ")
		if r != '，' || groupsDigits(runes, i) {
			t.c.report(found).doubt(false)
		}
	}
	return true
}

// commaInTag reports one tag that looks like several.
func (t *treeBuilder) commaInTag(n *node) {
	runes := []rune(n.value)
	at := slices.IndexFunc(runes, func(r rune) bool { return strings.ContainsRune("，、；", r) })
	var parts []string
	for _, part := range strings.FieldsFunc(n.value, func(r rune) bool { return strings.ContainsRune("，、；", r) }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	list := "[" + strings.Join(parts, ", ") + "]"
	r := t.c.error("yaml-syntax", n.at(at, at+1), fmt.Sprintf("`%c` is full-width: this is one tag with it in its name", runes[at])).
		label("write `" + list + "`; or quote the tag, if it is one")
	if len(parts) > 1 && !strings.ContainsAny(n.value, "[]{}:#&*!|>'\"%@`") {
		r.edit(n.pos(), list).doubt(false)
	}
}

// wideQuotes warns of a text that as a whole stands in the quotes of Chinese text: YAML takes them for a part of it.
func (t *treeBuilder) wideQuotes(n *node) {
	if t.ascii || n.broken || n.style != plainStyle || t.key != "text" && t.key != "subject" {
		return
	}
	if inner, ok := inWideQuotes(n.value); ok && inner != "" {
		runes := []rune(n.value)
		t.c.warn("yaml-quoting", n.pos(), fmt.Sprintf("`%c…%c` are no quotes to YAML: they would be sent with the text", runes[0], runes[len(runes)-1])).
			label("write "+quote(inner)+"; or quote the whole, if they are to be sent").edit(n.pos(), quote(inner)).doubt(false)
	}
}

// gluedInFlow matches a key between braces with its value glued to its colon, where the value can only be one.
var gluedInFlow = regexp.MustCompile(`[{,]\s*[A-Za-z_][\w.-]*(?:(:)[\[{"']|(:[` + wideSpaces + `]+))`)

// gluedSlip reports a colon between braces behind which a space is missing.
func (c *yamlReader) gluedSlip(f *file, from, to int) bool {
	to = min(to, from+maxSlip)
	m := gluedInFlow.FindStringSubmatchIndex(unquoted(f.text[from:to]))
	if m == nil {
		return false
	}
	if m[2] < 0 {
		c.error("yaml-syntax", f.pos(from+m[4]+1, from+m[5]), oddSpaceIn(f.text[from+m[4]:from+m[5]])).label("type a plain space").edit(f.pos(from+m[4], from+m[5]), ": ")
		return true
	}
	p := f.pos(from+m[2], from+m[3])
	c.error("yaml-syntax", p, "a space is missing after this colon").label("write `: `").edit(p, ": ")
	return true
}

// unquoted blanks out what stands in quotes, byte by byte, so that offsets stay.
func unquoted(text string) string {
	out := []byte(text)
	for i := 0; i < len(text); i++ {
		if text[i] != '"' && text[i] != '\'' {
			continue
		}
		if end := closingQuote(text[i:]); end > 0 {
			for k := i; k <= i+end; k++ {
				out[k] = '_'
			}
			i += end
		}
	}
	return string(out)
}

// spaceSlip reports a space at the beginning of a line or behind its key that YAML takes for a letter.
func (c *yamlReader) spaceSlip(f *file, line int) bool {
	m := oddSpace.FindStringSubmatchIndex(f.line(line))
	if m == nil {
		return false
	}
	at := m[2:4]
	start := f.lines[line-1]
	if at[0] >= 0 {
		p := f.pos(start+at[0], start+at[1])
		c.error("yaml-syntax", p, oddSpaceIn(f.text[start+at[0]:start+at[1]])).label("type a plain space").edit(p, " ")
		return true
	}
	p := f.pos(start+m[4], start+m[5])
	r := c.error("yaml-syntax", p, oddSpaceIn(f.text[start+m[4]:start+m[5]])).label("indent with plain spaces")
	lines := make([]string, len(f.lines))
	for i := range lines {
		lines[i] = f.line(i + 1)
	}
	body := strings.TrimLeft(lines[line-1], " "+wideSpaces)
	if indent, ok := meantIndent(lines, line-1, body); ok {
		r.edit(f.pos(start, start+len(lines[line-1])-len(body)), strings.Repeat(" ", indent))
	}
	return true
}

// oddSpaceIn names the space that is no plain one.
func oddSpaceIn(text string) string {
	for _, r := range text {
		if strings.ContainsRune(wideSpaces, r) {
			return "this is no plain space (" + nameOfRune(r) + "), and YAML takes it for text"
		}
	}
	return "this is no plain space, and YAML takes it for text"
}

var (
	wideComment = regexp.MustCompile(`^\s*(＃)`)
	htmlEntity  = regexp.MustCompile(`&(?:nbsp|amp|lt|gt|quot|#\d+);|<(?:br|p|div|span)\b[^>]*>`)
)

// pasted reports a line that begins with a full-width `＃`, or that was copied from a page with its HTML.
func (c *yamlReader) pasted(f *file, line int) bool {
	start := f.lines[line-1]
	if m := wideComment.FindStringSubmatchIndex(f.line(line)); m != nil {
		p := f.pos(start+m[2], start+m[3])
		c.error("yaml-syntax", p, "`＃` is full-width: it begins no comment").label("write `# `").edit(p, "#")
		return true
	}
	m := htmlEntity.FindStringIndex(f.line(line))
	if m == nil || strings.TrimSpace(f.line(line)[:m[0]]) != "" {
		return false
	}
	wrote := f.line(line)[m[0]:m[1]]
	label := "type the character itself"
	if wrote == "&nbsp;" {
		label = "type plain spaces"
	}
	c.error("yaml-syntax", f.pos(start+m[0], start+m[1]), "`"+wrote+"` is HTML, pasted from a page").label(label)
	return true
}

// wideBraces reports a value in full-width brackets, which YAML takes for text.
func (c *yamlReader) wideBraces(f *file, from, to int) bool {
	text := f.text[from:to]
	for _, b := range [][4]string{{"｛", "｝", "{", "}"}, {"［", "］", "[", "]"}} {
		if !strings.HasPrefix(text, b[0]) || strings.HasPrefix(text, b[0]+b[0]) {
			continue
		}
		open := f.pos(from, from+len(b[0]))
		r := c.error("yaml-syntax", open, fmt.Sprintf("`%s` is full-width: YAML takes it for text", b[0])).label("write `" + b[2] + "`")
		if strings.HasSuffix(text, b[1]) && strings.Count(text, b[0]) == 1 && strings.Count(text, b[1]) == 1 {
			r.edit(open, b[2]).edit(f.pos(to-len(b[1]), to), b[3])
		}
		return true
	}
	return false
}

// keySlip reports a key that is one but for a space YAML takes for text, or for a missing colon before a bracket. It tells which
// key was meant.
func (c *yamlReader) keySlip(key *node, known []string) (meant string) {
	bare := strings.Trim(key.value, wideSpaces)
	if bare != key.value {
		c.error("yaml-syntax", key.pos(), fmt.Sprintf("a space that YAML takes for text stands beside `%s`: %s", bare, nameOfRune([]rune(strings.Trim(key.value, bare))[0]))).
			label("write `"+bare+"` with plain spaces").edit(key.pos(), bare)
		return bare
	}
	if word, rest, found := strings.Cut(key.value, ":"); found && rest != "" && slices.Contains(known, word) {
		at := key.at(len([]rune(word)), len([]rune(word))+1)
		c.error("yaml-syntax", at, "a space is missing after this colon").label("write `"+word+": "+rest+"`").edit(at, ": ")
		return word
	}
	if word, _, found := strings.Cut(key.value, " {"); found {
		for _, k := range known {
			if k == strings.TrimSpace(word) {
				c.error("yaml-syntax", key.at(len([]rune(word)), len([]rune(word))+1), "a `:` is missing before the brace").label("write `"+k+": {`").
					edit(key.at(len([]rune(word)), len([]rune(word))), ":")
				return k
			}
		}
	}
	return ""
}
