package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// What a file may hold at most, beside its size. The YAML library is kept from anything
// deeper: its time and stack grow.
const (
	maxOpen        = 500 // brackets open at once, counted without regard to quotes
	maxListsInLine = MaxDepth
)

// preflight looks at the raw text of a YAML file; false when it cannot be parsed, which was
// reported.
func (c *Reader) preflight(f *diag.File) bool {
	if !c.TextFile(f) {
		return false
	}
	if off, what := firstUnreadable(f.Text); what != "" {
		_, size := utf8.DecodeRuneInString(f.Text[off:])
		r := c.Error("not-text", f.Pos(off, off+size), "the file holds "+what).Label("leave it out")
		if f.Text[off:off+size] == "\ufeff" {
			r.Edit(f.Pos(off, off+size), "")
		}
		return false
	}
	if strings.TrimSpace(f.Text) == "" {
		c.Error("empty-file", f.Pos(0, 0), "the file is empty")
		return false
	}
	if off := tooDeep(f); off >= 0 {
		c.Error("too-deep", f.Pos(off, off+1), fmt.Sprintf("lists and mappings are nested deeper than %d levels", MaxDepth))
		return false
	}
	return c.noTabs(f)
}

// TextFile checks what holds for templates too: encoding, no byte order mark.
func (c *Reader) TextFile(f *diag.File) bool {
	if c.foreign(f) {
		return false
	}
	if strings.HasPrefix(f.Text, "\ufeff") {
		p := f.Pos(0, 0)
		end := p
		end.EndColumn = 2
		c.Error("not-text", p, "the file begins with a byte order mark").Label("save it as UTF-8 without one").
			Edit(end, "")
		return false
	}
	return true
}

// foreign reports a file that is not UTF-8, with the encoding that it probably has.
func (c *Reader) foreign(f *diag.File) bool {
	first, bad, good, zeros := -1, 0, 0, strings.Count(f.Text, "\x00")
	for off, r := range f.Text {
		if r < utf8.RuneSelf {
			continue
		}
		if _, size := utf8.DecodeRuneInString(f.Text[off:]); r != utf8.RuneError || size > 1 {
			good++
			continue
		}
		if bad++; first < 0 {
			first = off
		}
	}
	const many = 4 // of so many bytes one is zero at least where letters have two bytes
	switch wide := zeros*many > len(f.Text); {
	case !wide && bad == 0:
		return false
	case wide || good < 3*bad: // else it is UTF-8 that was damaged
		if _, called := diag.LikelyEncoding([]byte(f.Text)); called != "" {
			c.Error("not-text", f.Pos(max(first, 0), max(first, 0)), "the file is not UTF-8, it looks like "+called).
				Label("save it as UTF-8")
			return true
		}
	}
	if bad > 0 {
		c.Error("not-text", f.Pos(first, first), "the file is not UTF-8 from here on").Label("save it as UTF-8")
	}
	return bad > 0
}

// firstUnreadable finds the first character that YAML does not take, or takes for a line break
// where an editor shows none.
func firstUnreadable(text string) (off int, what string) {
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

// tooDeep finds where the raw text surely nests too deeply: a crude count, the exact one is made on
// the tree.
func tooDeep(f *diag.File) int {
	open := 0
	for i := 0; i < len(f.Text); i++ {
		switch f.Text[i] {
		case '[', '{':
			if open++; open > maxOpen {
				return i
			}
		case ']', '}':
			open = max(0, open-1)
		}
	}
	for _, start := range f.Lines {
		n, i := 0, start
		for i+1 < len(f.Text) && strings.IndexByte(" -?:", f.Text[i]) >= 0 {
			if f.Text[i] != ' ' && f.Text[i+1] == ' ' {
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

// noTabs reports the first tab that indents a line. A tab inside a block scalar or after the
// indentation is fine.
func (c *Reader) noTabs(f *diag.File) bool {
	block := -1 // indentation of the key whose block scalar is being passed
	for i, start := range f.Lines {
		line := f.Line(i + 1)
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
			if _, _, err := decodeYAML(f.Text); err == nil {
				return true
			}
			end := len(line) - len(strings.TrimLeft(line, " \t"))
			p := f.Pos(start+indent, start+end)
			r := c.Error("tab", p, "a tab indents this line").Label("use spaces")
			c.Diags[r.I].Edits = tabEdits(f)
			return false
		}
		if opensBlock(body) {
			block = indent
		}
	}
	return true
}

// opensBlock reports whether a line ends in the header of a block scalar: `|`, `>-` and so on.
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
