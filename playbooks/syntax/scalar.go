package syntax

import (
	"strings"
	"unicode/utf8"
)

// scalarStyle is how a scalar is written in the file.
type scalarStyle uint8

// How a scalar is written.
const (
	PlainStyle scalarStyle = iota
	singleStyle
	doubleStyle
	literalStyle
	foldedStyle
)

// spans returns for every character of the scalar's value its byte offset in the file, and one
// more: where the value ends. The YAML library only says where a scalar starts, so its text is read
// again here; nil when it cannot be followed.
func (n *Node) spans() []int {
	if n.offsets == nil && !n.Untraceable {
		w := &scalarWalk{text: n.F.Text, at: n.Start, want: []rune(n.Value)}
		w.walk(n.Style)
		if len(w.out) == len(w.want) {
			n.offsets = append(w.out, w.at)
		} else {
			n.Untraceable = true
		}
	}
	return n.offsets
}

// scalarWalk follows a scalar's value through the text of the file.
type scalarWalk struct {
	text string
	at   int
	want []rune // the value
	out  []int
}

func (w *scalarWalk) next() rune { return w.want[len(w.out)] }
func (w *scalarWalk) more() bool { return len(w.out) < len(w.want) }

func (w *scalarWalk) walk(style scalarStyle) {
	switch style {
	case literalStyle, foldedStyle:
		w.block()
		return
	case singleStyle, doubleStyle:
		w.at++ // the opening quote
	}
	for w.more() && w.at < len(w.text) {
		before := w.at
		if w.fold() {
			continue
		}
		if !w.char(style) {
			return
		}
		if w.at == before {
			return
		}
	}
	if style == doubleStyle {
		w.lineContinuation()
	}
}

// fold takes a line break inside a flow scalar: one break is a space, n breaks are n-1 newlines.
func (w *scalarWalk) fold() bool {
	i := w.at
	for i < len(w.text) && (w.text[i] == ' ' || w.text[i] == '\t' || w.text[i] == '\r') {
		i++
	}
	if i >= len(w.text) || w.text[i] != '\n' {
		return false
	}
	breaks := 0
	for i < len(w.text) && strings.IndexByte(" \t\r\n", w.text[i]) >= 0 {
		if w.text[i] == '\n' {
			breaks++
		}
		i++
	}
	for k := max(1, breaks-1); k > 0 && w.more(); k-- {
		w.out = append(w.out, w.at)
	}
	w.at = i
	return true
}

// char takes one character of a flow scalar, escapes included.
func (w *scalarWalk) char(style scalarStyle) bool {
	r, size := utf8.DecodeRuneInString(w.text[w.at:])
	switch {
	case style == singleStyle && r == '\'':
		size = 2
	case style == doubleStyle && r == '\\':
		if w.lineContinuation() {
			return true
		}
		size = escapeLen(w.text[w.at:])
	case r != w.next():
		return false
	}
	w.out = append(w.out, w.at)
	w.at += size
	return true
}

// lineContinuation takes a backslash at the end of a line, which stands for nothing.
func (w *scalarWalk) lineContinuation() bool {
	rest := w.text[w.at:]
	if !strings.HasPrefix(rest, "\\\n") && !strings.HasPrefix(rest, "\\\r\n") {
		return false
	}
	w.at += strings.IndexByte(rest, '\n') + 1
	for w.at < len(w.text) && strings.IndexByte(" \t\r\n", w.text[w.at]) >= 0 {
		if w.text[w.at] == '\n' && w.more() { // a blank line after it is a newline
			w.out = append(w.out, w.at)
		}
		w.at++
	}
	return true
}

// escapeLen returns the length of the escape at the start of s.
func escapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case 'x':
		return min(len(s), 4)
	case 'u':
		return min(len(s), 6)
	case 'U':
		return min(len(s), 10)
	}
	return 2
}

// block follows a literal or folded block scalar. A content line is found by its indentation, which
// the first one sets.
func (w *scalarWalk) block() {
	eol := strings.IndexByte(w.text[w.at:], '\n')
	if eol < 0 {
		return
	}
	header := w.text[w.at : w.at+eol]
	w.at += eol + 1
	indent := w.blockIndent(strings.ContainsAny(strings.SplitN(header, "#", 2)[0], "123456789"))
	for w.more() && w.at < len(w.text) {
		if !w.blockLine(indent) {
			return
		}
	}
}

// blockIndent returns the indentation of a block scalar. With an explicit indicator the value
// itself tells how many of the leading spaces belong to it.
func (w *scalarWalk) blockIndent(explicit bool) int {
	for i := w.at; i < len(w.text); {
		end := strings.IndexByte(w.text[i:], '\n')
		if end < 0 {
			end = len(w.text) - i
		}
		line := w.text[i : i+end]
		if trimmed := strings.TrimLeft(line, " "); strings.TrimSpace(trimmed) != "" {
			indent := len(line) - len(trimmed)
			if explicit {
				first := strings.TrimLeft(string(w.want), "\n")
				indent -= len(first) - len(strings.TrimLeft(first, " "))
			}
			return max(indent, 0)
		}
		i += end + 1
	}
	return 0
}

func (w *scalarWalk) blockLine(indent int) bool {
	for i := 0; i < indent && w.at < len(w.text) && w.text[w.at] == ' '; i++ {
		w.at++
	}
	for w.at < len(w.text) && w.text[w.at] != '\n' && w.more() {
		r, size := utf8.DecodeRuneInString(w.text[w.at:])
		if r != w.next() {
			break
		}
		w.out = append(w.out, w.at)
		w.at += size
	}
	if !w.more() {
		return true
	}
	eol := w.at
	for eol < len(w.text) && strings.IndexByte(" \t\r", w.text[eol]) >= 0 {
		eol++
	}
	if eol < len(w.text) && w.text[eol] != '\n' {
		return false
	}
	// A folded break before a line of the same indentation may stand for nothing but a space; blank
	// lines stand for newlines, and one of them may be swallowed.
	if r := w.next(); r == ' ' || r == '\n' {
		w.out = append(w.out, w.at)
	} else if !w.blankAbove() {
		return false
	}
	w.at = min(eol+1, len(w.text))
	return true
}

// blankAbove reports whether the line just read was blank: of a folded scalar's blank lines one
// break is swallowed.
func (w *scalarWalk) blankAbove() bool {
	start := strings.LastIndexByte(w.text[:w.at], '\n') + 1
	return strings.TrimSpace(w.text[start:w.at]) == ""
}
