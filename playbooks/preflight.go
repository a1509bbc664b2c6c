package playbooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a file may hold at most, beside [MaxFileSize]. The YAML library is kept from anything deeper: its time and stack grow.
const (
	maxOpen        = 500 // brackets open at once, counted without regard to quotes
	maxListsInLine = maxDepth
)

// preflight looks at the raw text of a YAML file; false when it cannot be parsed, which was reported.
func (c *yamlReader) preflight(f *file) bool {
	if !c.textFile(f) {
		return false
	}
	if off, what := unfit(f.text); what != "" {
		_, size := utf8.DecodeRuneInString(f.text[off:])
		r := c.error("not-text", f.pos(off, off+size), "the file holds "+what).label("leave it out")
		if f.text[off:off+size] == "\ufeff" {
			r.edit(f.pos(off, off+size), "")
		}
		return false
	}
	if strings.TrimSpace(f.text) == "" {
		c.error("empty-file", f.pos(0, 0), "the file is empty")
		return false
	}
	if off := tooDeep(f); off >= 0 {
		c.error("too-deep", f.pos(off, off+1), fmt.Sprintf("lists and mappings are nested deeper than %d levels", maxDepth))
		return false
	}
	return c.noTabs(f)
}

// textFile checks what holds for templates too: encoding, no byte order mark.
func (c *yamlReader) textFile(f *file) bool {
	for off, r := range f.text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(f.text[off:]); size == 1 {
			c.error("not-text", f.pos(off, off), "the file is not UTF-8 from here on").label("save it as UTF-8")
			return false
		}
	}
	if strings.HasPrefix(f.text, "\ufeff") {
		p := f.pos(0, 0)
		end := p
		end.EndColumn = 2
		c.error("not-text", p, "the file begins with a byte order mark").label("save it as UTF-8 without one").
			edit(end, "")
		return false
	}
	return true
}

// unfit finds the first character that YAML does not take, or takes for a line break where an editor shows none.
func unfit(text string) (off int, what string) {
	for i, r := range text {
		switch {
		case r == '\t' || r == '\n' || r == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case r == '\r':
			return i, "a carriage return without a line feed"
		case r == 0:
			return i, "a NUL byte"
		case r == '\u2028' || r == '\u2029' || r == '\u0085':
			return i, "an invisible line separator (" + fmt.Sprintf("U+%04X", r) + ")"
		case r == '\ufeff':
			return i, "an invisible byte order mark (U+FEFF)"
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufffe' || r == '\uffff':
			return i, "a control character (" + fmt.Sprintf("U+%04X", r) + ")"
		}
	}
	return 0, ""
}

// tooDeep finds where the raw text surely nests too deeply: a crude count, the exact one is made on the tree.
func tooDeep(f *file) int {
	open := 0
	for i := 0; i < len(f.text); i++ {
		switch f.text[i] {
		case '[', '{':
			if open++; open > maxOpen {
				return i
			}
		case ']', '}':
			open = max(0, open-1)
		}
	}
	for _, start := range f.lines {
		n, i := 0, start
		for i+1 < len(f.text) && strings.IndexByte(" -?:", f.text[i]) >= 0 {
			if f.text[i] != ' ' && f.text[i+1] == ' ' {
				n++
			}
			i++
		}
		if n > maxListsInLine {
			return i
		}
	}
	return -1
}

// noTabs reports the first tab that indents a line. A tab inside a block scalar or after the indentation is fine.
func (c *yamlReader) noTabs(f *file) bool {
	block := -1 // indentation of the key whose block scalar is being passed
	for i, start := range f.lines {
		line := f.line(i + 1)
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		if strings.TrimSpace(body) == "" {
			continue
		}
		if block >= 0 && indent > block {
			continue
		}
		block = -1
		if body[0] == '\t' {
			// Inside a quoted value or brackets a tab does not indent: the file then parses, tabs and all.
			if _, _, err := decodeYAML(f.text); err == nil {
				return true
			}
			end := len(line) - len(strings.TrimLeft(line, " \t"))
			p := f.pos(start+indent, start+end)
			r := c.error("tab", p, "a tab indents this line").label("use spaces")
			c.diags[r.i].Edits = tabEdits(f)
			return false
		}
		if opensBlock(body) {
			block = indent
		}
	}
	return true
}

// opensBlock tells whether a line ends in the header of a block scalar: `|`, `>-` and so on.
func opensBlock(line string) bool {
	if i := strings.Index(line, " #"); i >= 0 {
		line = line[:i]
	}
	line = strings.TrimRight(line, " \t")
	i := strings.LastIndexAny(line, "|>")
	if i < 1 || line[i-1] != ' ' {
		return false
	}
	return strings.Trim(line[i+1:], "+-123456789") == ""
}
