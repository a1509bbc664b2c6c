package playbooks

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// This is the only file that knows the YAML library. It turns a file into a tree of nodes with exact places, and the library's
// complaints into mistakes that a person can act on.

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	mappingNode
	sequenceNode
)

// node is a value of a YAML file.
type node struct {
	f       *file
	kind    nodeKind
	start   int    // byte offset in the file
	value   string // of a scalar
	tag     string // of a scalar: str, int, float, bool, null, timestamp
	style   scalarStyle
	comment string // of a plain scalar: the comment on its line
	flow    bool   // of a mapping or list: written with braces or brackets
	inFlow  bool   // it stands inside braces or brackets
	entries []entry
	items   []*node
	owner   *node    // the key of an empty value, which has no place of its own
	broken  bool     // a mistake in it is already reported: what it means is unknown
	meant   []string // of a mapping: keys that misspelt ones in it surely stand for

	offsets     []int // see spans
	untraceable bool
}

// entry is one key of a mapping with its value.
type entry struct {
	key   *node
	value *node
}

// maxDepth is how deep lists and mappings may be nested.
const maxDepth = 64

// readYAML reads a file as one YAML document. It gives nil when there is none to go on with; then a mistake was reported.
func (c *yamlReader) readYAML(f *file) *node {
	if !c.preflight(f) {
		return nil
	}
	doc, several, err := decodeYAML(f.text)
	if err != nil {
		c.syntaxError(f, err)
		return nil
	}
	if doc == nil || len(doc.Content) == 0 {
		c.error("empty-file", f.pos(0, 0), "the file is empty")
		return nil
	}
	if several {
		c.severalDocuments(f)
		return nil
	}
	t := &treeBuilder{c: c, f: f, ascii: c.running || isASCII(f.text)}
	n := t.build(doc.Content[0], 1)
	if t.deep {
		return nil
	}
	if n.kind == scalarNode && n.empty() && !n.broken {
		c.error("empty-file", f.pos(0, 0), "the file is empty")
		return nil
	}
	return n
}

// decodeYAML parses the text. The library panics on a few malformed inputs that it does not foresee: those are errors too.
func decodeYAML(text string) (doc *yaml.Node, several bool, err error) {
	defer func() {
		if recover() != nil {
			doc, err = nil, errors.New("yaml: unreadable")
		}
	}()
	dec := yaml.NewDecoder(strings.NewReader(text))
	doc = &yaml.Node{}
	if err := dec.Decode(doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, false, nil
		}
		return nil, false, err
	}
	var next yaml.Node
	return doc, !errors.Is(dec.Decode(&next), io.EOF), nil
}

func (c *yamlReader) severalDocuments(f *file) {
	seen := false // content before the `---`
	for i := range f.lines {
		line := f.line(i + 1)
		if strings.HasPrefix(line, "---") && seen {
			c.error("yaml-feature", f.linePos(i+1), "one file holds one document, but a second begins here").
				label("move it to a file of its own")
			return
		}
		if t := strings.TrimSpace(line); t != "" && t[0] != '#' {
			seen = true
		}
	}
	c.error("yaml-feature", f.linePos(len(f.lines)), "one file holds one document, but there are several here")
}

// treeBuilder copies the library's tree, refusing what the language does not allow.
type treeBuilder struct {
	c    *yamlReader
	f    *file
	deep bool   // nested too deeply
	flow int    // how many braces and brackets are open
	key  string // the key whose value is read
	list bool   // a list in brackets is read

	isKey bool
	ascii bool // nothing in the file can hide a character or look like a comma; of what runs already nobody asks
}

func (t *treeBuilder) build(y *yaml.Node, depth int) *node {
	n := &node{f: t.f, start: t.f.offset(y.Line, y.Column), value: y.Value, tag: strings.TrimPrefix(y.Tag, "!!")}
	n.flow, n.inFlow = y.Style&yaml.FlowStyle != 0, t.flow > 0
	if n.flow {
		t.flow++
		defer func() { t.flow-- }()
	}
	if depth > maxDepth {
		if !t.deep {
			t.c.error("too-deep", n.pos(), fmt.Sprintf("lists and mappings are nested deeper than %d levels", maxDepth))
		}
		t.deep = true
		return n
	}
	if t.refused(y, n) {
		n.kind, n.broken = scalarNode, true
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		t.mapping(y, n, depth)
	case yaml.SequenceNode:
		n.kind = sequenceNode
		was := t.list
		t.list = n.flow
		for _, item := range y.Content {
			n.items = append(n.items, t.build(item, depth+1))
		}
		t.list = was
	default:
		n.style = styleOf(y.Style)
		n.comment = y.LineComment
		if n.style != plainStyle {
			n.tag = "str"
		} else if strings.HasPrefix(n.value, "｛") || strings.HasPrefix(n.value, "［") {
			n.broken = t.c.wideBraces(t.f, n.start, n.end())
		}
		if !t.isKey {
			n.broken = n.broken || t.invisibleIn(n, false) || t.wideCommas(n)
			t.wideQuotes(n)
		}
	}
	return n
}

func styleOf(s yaml.Style) scalarStyle {
	switch {
	case s&yaml.DoubleQuotedStyle != 0:
		return doubleStyle
	case s&yaml.SingleQuotedStyle != 0:
		return singleStyle
	case s&yaml.LiteralStyle != 0:
		return literalStyle
	case s&yaml.FoldedStyle != 0:
		return foldedStyle
	}
	return plainStyle
}

// refused reports the features of YAML that the language does not have.
func (t *treeBuilder) refused(y *yaml.Node, n *node) bool {
	lead := byte(0)
	if n.start < len(t.f.text) {
		lead = t.f.text[n.start]
	}
	tagged := y.Style&yaml.TaggedStyle != 0 || y.Kind == yaml.ScalarNode && y.Style == 0 && y.Value != "" && lead == '!'
	if !tagged && y.Anchor == "" && y.Kind != yaml.AliasNode {
		return false
	}
	if t.c.leadingSlip(t.f, n.start) {
		return true
	}
	word := t.f.pos(n.start, wordEnd(t.f.text, n.start))
	switch {
	case y.Kind == yaml.AliasNode:
		t.c.error("yaml-feature", word, "YAML aliases (*name) are not part of the language").label("write the value out")
	case y.Anchor != "":
		t.c.error("yaml-feature", word, "YAML anchors (&name) are not part of the language").label("leave it out")
	default:
		t.c.error("yaml-feature", word, "YAML tags (!name) are not part of the language").label("leave it out, or quote the value")
	}
	return true
}

func wordEnd(text string, i int) int {
	for i < len(text) && strings.IndexByte(" \t\r\n,]}", text[i]) < 0 {
		i++
	}
	return i
}

func (t *treeBuilder) mapping(y *yaml.Node, n *node, depth int) {
	n.kind = mappingNode
	if t.c.flowSlip(t.f, n, strangeFlow(t.f, y)) {
		n.broken = true
		return
	}
	first := make(map[string]*node, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		t.isKey = true
		key := t.build(y.Content[i], depth+1)
		t.isKey = false
		switch {
		case key.broken:
			n.broken = true
			continue
		case key.kind == scalarNode && strings.TrimLeft(key.value, wideSpaces) != key.value:
			if !t.c.spaceSlip(t.f, key.pos().Line) {
				t.c.keySlip(key, nil)
			}
			n.broken = true
			continue
		case t.invisibleIn(key, true):
			n.broken = true
			continue
		case y.Content[i].Tag == "!!merge":
			t.c.error("yaml-feature", key.pos(), "YAML merge keys (<<) are not part of the language").label("write the keys out")
			n.broken = true
			continue
		case key.kind != scalarNode || key.empty():
			t.c.error("wrong-type", key.pos(), "a key is a plain word")
			n.broken = true
			continue
		}
		wasKey, wasList := t.key, t.list
		if !freeText[t.key] || key.value == "if" { // all below a body is data
			t.key = key.value
		}
		t.list = false
		value := t.build(y.Content[i+1], depth+1)
		t.key, t.list = wasKey, wasList
		if value.empty() && value.kind == scalarNode {
			value.owner = key
		}
		if prev := first[key.value]; prev != nil {
			t.c.error("duplicate-key", key.pos(), fmt.Sprintf("the key `%s` is given twice", key.value)).
				related("first here", prev.pos())
			continue
		}
		first[key.value] = key
		n.entries = append(n.entries, entry{key, value})
	}
}

// strangeFlow tells whether a mapping in braces has a shape that nobody means: keys that are no words, values that are missing,
// a `?` between the entries.
func strangeFlow(f *file, y *yaml.Node) bool {
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" && key.Style == 0 || value.Kind == yaml.ScalarNode && value.Tag == "!!null" && value.Value == "" {
			return true
		}
		at := f.offset(key.Line, key.Column)
		if strings.HasSuffix(strings.TrimRight(f.text[max(0, at-8):at], " "), "?") {
			return true
		}
	}
	return false
}

// empty tells whether nothing was written: `key:` and no more.
func (n *node) empty() bool {
	return n.kind == scalarNode && n.value == "" && n.style == plainStyle
}

// isNull tells whether the value is missing or null.
func (n *node) isNull() bool { return n == nil || n.kind == scalarNode && n.tag == "null" }

// end gives the byte offset after the node: of a scalar with its closing quote.
func (n *node) end() int {
	switch {
	case n.kind == scalarNode:
		spans := n.spans()
		if spans == nil {
			return n.f.lineEnd(min(n.start, len(n.f.text)))
		}
		end := spans[len(spans)-1]
		if n.style == singleStyle || n.style == doubleStyle {
			end++
		}
		return end
	case n.flow:
		return n.start + 1
	case n.kind == mappingNode && len(n.entries) > 0:
		return n.entries[0].key.end()
	}
	return n.start + 1
}

// pos gives where to point at the node: a scalar whole, of the rest its beginning, of an empty value its key.
func (n *node) pos() Pos {
	if n.owner != nil {
		return n.owner.pos()
	}
	if n.style == literalStyle || n.style == foldedStyle {
		if s := n.spans(); len(s) > 1 {
			return n.f.pos(s[0], n.f.lineEnd(s[0]))
		}
	}
	return n.f.pos(n.start, n.end())
}

// at gives the place of the characters from (inclusive) to to (exclusive) of a scalar's value.
func (n *node) at(from, to int) Pos {
	s := n.spans()
	if s == nil || from < 0 {
		return n.pos()
	}
	from = min(from, len(s)-1)
	to = min(max(to, from), len(s)-1)
	end := s[to]
	if to > from {
		end = max(end, s[to-1])
		// A character's end, not the next one's start: they lie on different lines in block scalars.
		if r := []rune(n.value)[to-1]; n.f.text[s[to-1]:min(end, len(n.f.text))] != string(r) && r != '\n' && strings.ContainsRune(n.f.text[s[to-1]:end], '\n') {
			end = s[to-1] + len(string(r))
		}
	}
	return n.f.pos(s[from], end)
}

// source gives the scalar as the text of an expression, without the first skip characters.
func (n *node) source(skip int) Source {
	text := string([]rune(n.value)[skip:])
	return Source{Text: text, At: func(from, to int) Pos { return n.at(from+skip, to+skip) }}
}

// get gives the value of a key of a mapping, or nil.
func (n *node) get(key string) *node {
	for _, e := range n.entries {
		if e.key.value == key {
			return e.value
		}
	}
	return nil
}

// key gives the node of a key, for pointing at it.
func (n *node) key(key string) *node {
	for _, e := range n.entries {
		if e.key.value == key {
			return e.key
		}
	}
	return n
}
