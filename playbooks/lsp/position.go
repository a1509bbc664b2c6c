package lsp

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// text is a file with a way between the three ways of counting: bytes here, characters in the
// checker, UTF-16 in the protocol.
type text struct {
	s     string
	lines []int // byte offset of each line
}

func newText(s string) *text {
	t := &text{s: s, lines: []int{0}}
	for i := range len(s) {
		if s[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// lineEnd returns where a line ends, without its line break.
func (t *text) lineEnd(n int) int {
	end := len(t.s)
	if n+1 < len(t.lines) {
		end = t.lines[n+1] - 1
	}
	if end > t.lines[n] && t.s[end-1] == '\r' {
		end--
	}
	return end
}

// offset returns the byte of a position; one outside the file is moved to its edge.
func (t *text) offset(p position) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(t.lines) {
		return len(t.s)
	}
	off, end := t.lines[p.Line], t.lineEnd(p.Line)
	for units := 0; off < end; {
		r, size := utf8.DecodeRuneInString(t.s[off:])
		units += unitsOf(r)
		if units > p.Character {
			break
		}
		off += size
	}
	return off
}

func unitsOf(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// position returns the position of a byte.
func (t *text) position(off int) position {
	off = min(max(off, 0), len(t.s))
	n := t.lineOf(off)
	units := 0
	for _, r := range t.s[t.lines[n]:off] {
		units += unitsOf(r)
	}
	return position{n, units}
}

func (t *text) lineOf(off int) int {
	lo, hi := 0, len(t.lines)
	for lo+1 < hi {
		if m := (lo + hi) / 2; t.lines[m] <= off {
			lo = m
		} else {
			hi = m
		}
	}
	return lo
}

func (t *text) rangeOf(from, to int) textRange { return textRange{t.position(from), t.position(to)} }

// positionAt returns the position of a line and column as the checker counts them: from 1, in
// characters.
func (t *text) positionAt(line, column int) position {
	if line < 1 || line > len(t.lines) {
		return t.position(len(t.s))
	}
	off, end := t.lines[line-1], t.lineEnd(line-1)
	for ; column > 1 && off < end; column-- {
		_, size := utf8.DecodeRuneInString(t.s[off:])
		off += size
	}
	return t.position(off)
}

// span returns the range of a place of the checker. A place without extent is one character wide.
func (t *text) span(p diag.Pos) textRange {
	r := textRange{t.positionAt(p.Line, p.Column), t.positionAt(p.EndLine, p.EndColumn)}
	if p.EndLine < p.Line || r.End == r.Start || r.End.Line < r.Start.Line {
		r.End = position{r.Start.Line, r.Start.Character + 1}
	}
	return r
}

// exact returns the range of an edit, which may be empty.
func (t *text) exact(p diag.Pos) textRange {
	return textRange{t.positionAt(p.Line, p.Column), t.positionAt(p.EndLine, p.EndColumn)}
}

// pathOf returns the slash-separated path of a file URI; false when it is none.
func pathOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", false
	}
	path := u.Path
	if len(path) > 2 && path[0] == '/' && path[2] == ':' { // /C:/shop on Windows
		path = path[1:]
	}
	return path, true
}

// uriOf returns the URI of a slash-separated path.
func uriOf(path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
