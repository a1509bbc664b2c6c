package lsp

import (
	"strings"
	"unicode/utf8"
)

// The outline is what an editor needs of a YAML file that is being typed: keys, values and their
// places, whatever is unfinished. Unlike the checker's reader it never gives up; what it takes for
// a value may be wrong YAML.

// mark stands in the text where the cursor is.
const mark = "\ue000"

type nodeKind uint8

const (
	scalar nodeKind = iota
	mapping
	list
)

// node is a value.
type node struct {
	kind     nodeKind
	from, to int    // byte offsets
	text     string // of a scalar: as written, without its quotes
	style    byte   // of a scalar: 0 plain, or one of " ' |
	flow     bool   // of a mapping or list: in brackets
	ownLine  bool   // of a scalar: it begins its line, so it may be a key in the making
	noDash   bool   // of an item: it stands where a `- ` is missing
	entries  []*entry
	items    []*node
}

// entry is a key with its value. A key without a colon yet has no value.
type entry struct {
	key      string
	from, to int // of the key
	value    *node
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// keys returns the keys that are there, but for the one with the cursor.
func (n *node) keys() []string {
	var out []string
	for _, e := range n.entries {
		if !strings.Contains(e.key, mark) {
			out = append(out, e.key)
		}
	}
	return out
}

// line is a line of the file, without its end.
type line struct {
	from, to int
	indent   int
	blank    bool // nothing, or a comment
}

type outliner struct {
	text  string
	lines []line
	i     int // the line being read
	depth int
}

// maxOutline is how deep the outline goes; what lies deeper is left out.
const maxOutline = 100

// outline reads a file.
func outline(text string) *node {
	o := &outliner{text: text}
	for from := 0; from <= len(text); {
		to := len(text)
		next := to + 1
		if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
			to, next = from+i, from+i+1
		}
		end := to
		if end > from && text[end-1] == '\r' {
			end--
		}
		body := strings.TrimLeft(text[from:end], " ")
		o.lines = append(o.lines, line{from, end, end - from - len(body), strings.TrimSpace(body) == "" || body[0] == '#'})
		from = next
	}
	n := o.below(-1, false)
	if n == nil {
		n = &node{from: len(text), to: len(text)}
	}
	return n
}

func (o *outliner) skipBlank() {
	for o.i < len(o.lines) && o.lines[o.i].blank {
		o.i++
	}
}

// below reads the block that is indented further than parent; an item list may stand as far left as
// its key. Nil: there is none.
func (o *outliner) below(parent int, underKey bool) *node {
	at := o.i
	o.skipBlank()
	if o.i < len(o.lines) {
		l := o.lines[o.i]
		if l.indent > parent || underKey && l.indent == parent && isDash(o.text[l.from+l.indent:l.to]) {
			return o.block(l.from+l.indent, l.indent, parent)
		}
	}
	o.i = at
	return nil
}

// block reads what begins at the offset in the present line, at that column, and leaves the line
// that follows it.
func (o *outliner) block(off, col, parent int) *node {
	if o.depth++; o.depth > maxOutline {
		o.i++
		o.depth--
		return &node{from: off, to: off}
	}
	defer func() { o.depth-- }()
	rest := o.text[off:o.lines[o.i].to]
	switch {
	case isDash(rest):
		return o.list(off, col)
	case keyLen(rest) > 0:
		return o.mapping(off, col)
	}
	n := o.value(off, parent)
	n.ownLine = n.kind == scalar
	return n
}

func isDash(s string) bool { return s == "-" || strings.HasPrefix(s, "- ") }

// keyLen returns the length of the key that a line begins with; 0 when it begins with none.
func keyLen(s string) int {
	if s == "" || strings.IndexByte("{}[],#|>&*!%@`", s[0]) >= 0 {
		return 0
	}
	from := 0
	if s[0] == '"' || s[0] == '\'' {
		end := strings.IndexByte(s[1:], s[0])
		if end < 0 {
			return 0
		}
		from = end + 2
		if !strings.HasPrefix(s[from:], ":") {
			return 0
		}
	}
	for i := from; i < len(s); i++ {
		switch {
		case s[i] == ':' && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t'):
			return i
		case s[i] == '#' && i > 0 && s[i-1] == ' ':
			return 0
		}
	}
	return 0
}

func (o *outliner) list(off, col int) *node {
	n := &node{kind: list, from: off, to: off}
	for first := true; o.i < len(o.lines); first = false {
		l := o.lines[o.i]
		start := l.from + l.indent
		switch {
		case first:
			start = off
		case l.blank:
			o.i++
			continue
		case l.indent != col:
			return n
		}
		rest := o.text[start:l.to]
		if !isDash(rest) {
			if !strings.Contains(rest, mark) {
				return n
			}
			item := o.value(start, col)
			item.ownLine, item.noDash = true, true
			n.items = append(n.items, item)
			continue
		}
		inner := start + 1
		for inner < l.to && o.text[inner] == ' ' {
			inner++
		}
		var item *node
		if inner == l.to || o.text[inner] == '#' {
			o.i++
			if item = o.below(col, false); item == nil {
				item = &node{from: inner, to: inner}
			}
		} else {
			item = o.block(inner, inner-l.from, col)
		}
		n.items, n.to = append(n.items, item), item.to
	}
	return n
}

func (o *outliner) mapping(off, col int) *node {
	n := &node{kind: mapping, from: off, to: off}
	for first := true; o.i < len(o.lines); first = false {
		l := o.lines[o.i]
		start := l.from + l.indent
		switch {
		case first:
			start = off
		case l.blank || l.indent > col: // nothing, or what belongs nowhere
			o.i++
			continue
		case l.indent < col || isDash(o.text[start:l.to]):
			return n
		}
		rest := o.text[start:l.to]
		k := keyLen(rest)
		if k == 0 {
			word := strings.TrimRight(withoutComment(rest), " \t")
			n.entries, n.to = append(n.entries, &entry{key: word, from: start, to: start + len(word)}), l.to
			o.i++
			continue
		}
		e := &entry{key: unquoted(rest[:k]), from: start, to: start + k}
		e.value = o.valueOrBelow(start+k+1, col)
		n.entries, n.to = append(n.entries, e), e.value.to
	}
	return n
}

func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return strings.TrimRight(s, " ")
}

// withoutComment cuts a plain text at its comment.
func withoutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}

// valueOrBelow reads the value of a key: on its line, or indented below it.
func (o *outliner) valueOrBelow(off, col int) *node {
	l := o.lines[o.i]
	for off < l.to && (o.text[off] == ' ' || o.text[off] == '\t') {
		off++
	}
	if off < l.to && o.text[off] != '#' {
		return o.value(off, col)
	}
	o.i++
	if n := o.below(col, true); n != nil {
		return n
	}
	return &node{from: min(off, l.to), to: min(off, l.to)}
}

// value reads a value that begins at the offset in the present line, of a key or dash at column
// parent.
func (o *outliner) value(off, parent int) *node {
	l := o.lines[o.i]
	switch o.text[off] {
	case '{', '[':
		f := flowReader{text: o.text, limit: o.limit(parent)}
		n, end := f.value(off)
		for o.i < len(o.lines) && o.lines[o.i].from < end {
			o.i++
		}
		return n
	case '"', '\'':
		n := quoted(o.text, off, l.to)
		o.i++
		return n
	case '|', '>':
		return o.literal(off, parent)
	}
	text := strings.TrimRight(withoutComment(o.text[off:l.to]), " \t")
	n := &node{from: off, to: off + len(text)}
	var whole strings.Builder
	whole.WriteString(text)
	for o.i++; o.i < len(o.lines); o.i++ {
		next := o.lines[o.i]
		body := o.text[next.from+next.indent : next.to]
		if next.blank || next.indent <= parent || keyLen(body) > 0 || isDash(body) {
			break
		}
		whole.WriteString(" " + strings.TrimRight(body, " \t"))
		n.to = next.to
	}
	n.text = whole.String()
	return n
}

// limit gives where a value in brackets ends at the latest: before the next line that is no part of
// it.
func (o *outliner) limit(parent int) int {
	for _, l := range o.lines[o.i+1:] {
		if !l.blank && l.indent <= parent && strings.IndexByte("}]", o.text[l.from+l.indent]) < 0 {
			return l.from
		}
	}
	return len(o.text)
}

// literal reads a block scalar.
func (o *outliner) literal(off, parent int) *node {
	n := &node{from: off, to: o.lines[o.i].to, style: '|'}
	var b strings.Builder
	indent := -1
	for o.i++; o.i < len(o.lines); o.i++ {
		l := o.lines[o.i]
		text := o.text[l.from:l.to]
		if strings.TrimSpace(text) == "" {
			b.WriteByte('\n')
			continue
		}
		if l.indent <= parent {
			break
		}
		if indent < 0 {
			indent = l.indent
		}
		b.WriteString(text[min(indent, l.indent):] + "\n")
		n.to = l.to
	}
	n.text = b.String()
	return n
}

// maxQuoted is how far away a closing quote is looked for, in bytes.
const maxQuoted = 8 << 10

// quoted reads a quoted scalar. One that is not closed before the limit ends with its line.
func quoted(text string, off, limit int) *node {
	q := text[off]
	limit = min(limit, off+maxQuoted)
	for i := off + 1; i < limit; i++ {
		switch {
		case q == '"' && text[i] == '\\':
			i++
		case text[i] == q && q == '\'' && i+1 < limit && text[i+1] == q:
			i++
		case text[i] == q:
			return &node{from: off, to: i + 1, text: text[off+1 : i], style: q}
		}
	}
	end := limit
	if i := strings.IndexByte(text[off:end], '\n'); i >= 0 {
		end = off + i
	}
	return &node{from: off, to: end, text: text[min(off+1, end):end], style: q}
}

// yaml writes the outline as YAML that parses, so that the checker can read a file that is being
// typed.
func (n *node) yaml(b *strings.Builder, indent string) {
	switch {
	case n == nil:
		b.WriteString(" null\n")
	case n.kind == mapping && len(n.entries) > 0:
		b.WriteByte('\n')
		for _, e := range n.entries {
			b.WriteString(indent + plainOrQuoted(e.key) + ":")
			e.value.yaml(b, indent+"  ")
		}
	case n.kind == list && len(n.items) > 0:
		b.WriteByte('\n')
		for _, item := range n.items {
			b.WriteString(indent + "-")
			item.yaml(b, indent+"  ")
		}
	case n.kind == mapping:
		b.WriteString(" {}\n")
	case n.kind == list:
		b.WriteString(" []\n")
	case n.style == '"':
		b.WriteString(" \"" + strings.ReplaceAll(n.text, "\n", " ") + "\"\n")
	case n.style == '\'':
		b.WriteString(" '" + strings.ReplaceAll(n.text, "\n", " ") + "'\n")
	case n.text == "":
		b.WriteString(" null\n")
	default:
		b.WriteString(" " + plainOrQuoted(n.text) + "\n")
	}
}

func plainOrQuoted(s string) string {
	safe := s != "" && utf8.ValidString(s)
	for _, r := range s {
		if strings.ContainsRune("{}[],#:&*!|>'\"%@`?\n", r) {
			safe = false
		}
	}
	if safe && s[0] != '-' && s[0] != ' ' {
		return s
	}
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", "''"), "\n", "\n\n ") + "'"
}
