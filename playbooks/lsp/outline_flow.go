package lsp

import "strings"

// flowReader reads values in brackets.
type flowReader struct {
	text  string
	limit int
	depth int
}

// skip passes blanks, line ends, commas and comments.
func (f *flowReader) skip(i int, commas bool) int {
	for i < f.limit {
		switch c := f.text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || commas && c == ',':
			i++
		case c == '#' && (f.text[i-1] == ' ' || f.text[i-1] == '\n'):
			for i < f.limit && f.text[i] != '\n' {
				i++
			}
		default:
			return i
		}
	}
	return f.limit
}

// value reads the value at i, and gives where it ends.
func (f *flowReader) value(i int) (*node, int) {
	switch c := f.text[i]; {
	case (c == '{' || c == '[') && f.depth < maxOutline:
		f.depth++
		defer func() { f.depth-- }()
		return f.collection(i)
	case c == '"' || c == '\'':
		n := quoted(f.text, i, f.limit)
		return n, n.to
	}
	end := f.plain(i)
	text := strings.TrimRight(f.text[i:end], " \t\r")
	return &node{from: i, to: i + len(text), text: text}, end
}

// plain gives where a plain value ends.
func (f *flowReader) plain(i int) int {
	for ; i < f.limit; i++ {
		switch f.text[i] {
		case ',', '}', ']', '\n':
			return i
		case '#':
			if f.text[i-1] == ' ' {
				return i
			}
		}
	}
	return f.limit
}

func (f *flowReader) collection(i int) (*node, int) {
	n := &node{kind: list, from: i, flow: true}
	if f.text[i] == '{' {
		n.kind = mapping
	}
	for i = f.skip(i+1, true); i < f.limit; i = f.skip(i, true) {
		if f.text[i] == '}' || f.text[i] == ']' {
			n.to = i + 1
			return n, i + 1
		}
		from := i
		e, next := f.entry(i)
		switch {
		case n.kind == mapping:
			n.entries, i = append(n.entries, e), next
		case e.value != nil: // one `key: value` as an item
			n.items, i = append(n.items, &node{kind: mapping, from: from, to: e.value.to, flow: true, entries: []*entry{e}}),
				next
		default:
			var item *node
			item, i = f.value(from)
			n.items = append(n.items, item)
		}
		if i == from { // something that begins nothing
			i++
		}
	}
	n.to = f.limit
	return n, f.limit
}

// entry reads a key, and its value when there is a colon.
func (f *flowReader) entry(i int) (*entry, int) {
	e := &entry{from: i, to: i}
	switch f.text[i] {
	case '{', '[':
		return e, i
	case '"', '\'':
		k := quoted(f.text, i, f.limit)
		e.key, e.to = k.text, k.to
	default:
		e.to = f.plain(i)
		for j := i; j < e.to; j++ {
			if f.text[j] == ':' && (j+1 >= e.to || f.text[j+1] == ' ') {
				e.to = j
			}
		}
		e.key = strings.TrimRight(f.text[i:e.to], " \t\r")
		e.to = max(e.to, i)
	}
	end := e.to
	if end >= f.limit || f.text[end] != ':' {
		e.to = i + len(strings.TrimRight(f.text[i:end], " \t\r"))
		return e, end
	}
	at := f.skip(end+1, false)
	if at >= f.limit || strings.IndexByte(",}]", f.text[at]) >= 0 {
		e.value = &node{from: min(end+2, at), to: min(end+2, at)}
		return e, at
	}
	e.value, at = f.value(at)
	return e, at
}
