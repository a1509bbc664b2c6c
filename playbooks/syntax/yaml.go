package syntax

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"gopkg.in/yaml.v3"
)

// This is the only file that knows the YAML library. It turns a file into a tree of nodes with
// exact places, and the library's complaints into mistakes that a person can act on.

type nodeKind uint8

// The kinds of a node.
const (
	ScalarNode nodeKind = iota
	MappingNode
	SequenceNode
)

// Node is a value of a YAML file.
type Node struct {
	F        *diag.File
	Kind     nodeKind
	Start    int    // byte offset in the file
	Value    string // of a scalar
	Tag      string // of a scalar: str, int, float, bool, null, timestamp
	Style    scalarStyle
	comment  string // of a plain scalar: the comment on its line
	Flow     bool   // of a mapping or list: written with braces or brackets
	InFlow   bool   // it stands inside braces or brackets
	Entries  []Entry
	Items    []*Node
	Owner    *Node    // the key of an empty value, which has no place of its own
	Broken   bool     // a mistake in it is already reported: what it means is unknown
	Intended []string // of a mapping: keys that misspelt ones in it surely stand for

	offsets     []int // see spans
	Untraceable bool
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Key   *Node
	Value *Node
}

// MaxDepth is how deep lists and mappings may be nested.
const MaxDepth = 64

// Read reads a file as one YAML document. It gives nil when there is none to go on with; then a
// mistake was reported.
func (c *Reader) Read(f *diag.File) *Node {
	if !c.preflight(f) {
		return nil
	}
	doc, several, err := decodeYAML(f.Text)
	if err != nil {
		c.syntaxError(f, err)
		return nil
	}
	if doc == nil || len(doc.Content) == 0 {
		c.Error("empty-file", f.Pos(0, 0), "the file is empty")
		return nil
	}
	if several {
		c.severalDocuments(f)
		return nil
	}
	t := &treeBuilder{c: c, f: f, ascii: c.Running || diag.IsASCII(f.Text)}
	n := t.build(doc.Content[0], 1)
	if t.deep {
		return nil
	}
	if n.Kind == ScalarNode && n.Empty() && !n.Broken {
		c.Error("empty-file", f.Pos(0, 0), "the file is empty")
		return nil
	}
	return n
}

// decodeYAML parses the text. The library panics on a few malformed inputs that it does not
// foresee: those are errors too.
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

func (c *Reader) severalDocuments(f *diag.File) {
	seen := false // content before the `---`
	for i := range f.Lines {
		line := f.Line(i + 1)
		if strings.HasPrefix(line, "---") && seen {
			c.Error("yaml-feature", f.LinePos(i+1), "one file holds one document, but a second begins here").
				Label("move it to a file of its own")
			return
		}
		if t := strings.TrimSpace(line); t != "" && t[0] != '#' {
			seen = true
		}
	}
	if c.indentedHead(f) {
		return
	}
	c.Error("yaml-feature", f.LinePos(len(f.Lines)), "one file holds one document, but there are several here")
}

// treeBuilder copies the library's tree, refusing what the language does not allow.
type treeBuilder struct {
	c    *Reader
	f    *diag.File
	deep bool   // nested too deeply
	flow int    // how many braces and brackets are open
	key  string // the key whose value is read
	list bool   // a list in brackets is read

	isKey bool
	ascii bool // nothing in the file can hide a character or look like a comma; of what runs already nobody asks
}

func (t *treeBuilder) build(y *yaml.Node, depth int) *Node {
	n := &Node{F: t.f, Start: t.f.Offset(y.Line, y.Column), Value: y.Value, Tag: strings.TrimPrefix(y.Tag, "!!")}
	n.Flow, n.InFlow = y.Style&yaml.FlowStyle != 0, t.flow > 0
	if n.Flow {
		t.flow++
		defer func() { t.flow-- }()
	}
	if depth > MaxDepth {
		if !t.deep {
			t.c.Error("too-deep", n.Pos(), fmt.Sprintf("lists and mappings are nested deeper than %d levels", MaxDepth))
		}
		t.deep = true
		return n
	}
	if t.refused(y, n) {
		n.Kind, n.Broken = ScalarNode, true
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		t.mapping(y, n, depth)
	case yaml.SequenceNode:
		n.Kind = SequenceNode
		was := t.list
		t.list = n.Flow
		for _, item := range y.Content {
			n.Items = append(n.Items, t.build(item, depth+1))
		}
		t.list = was
	default:
		n.Style = styleOf(y.Style)
		n.comment = y.LineComment
		if n.Style != PlainStyle {
			n.Tag = "str"
		} else if strings.HasPrefix(n.Value, "｛") || strings.HasPrefix(n.Value, "［") {
			n.Broken = t.c.fullWidthBraces(t.f, n.Start, n.End())
		}
		if !t.isKey {
			n.Broken = n.Broken || t.invisibleIn(n, false) || t.fullWidthCommas(n)
			t.fullWidthQuotes(n)
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
	return PlainStyle
}

// refused reports the features of YAML that the language does not have.
func (t *treeBuilder) refused(y *yaml.Node, n *Node) bool {
	lead := byte(0)
	if n.Start < len(t.f.Text) {
		lead = t.f.Text[n.Start]
	}
	tagged := y.Style&yaml.TaggedStyle != 0 || y.Kind == yaml.ScalarNode && y.Style == 0 && y.Value != "" && lead == '!'
	if !tagged && y.Anchor == "" && y.Kind != yaml.AliasNode {
		return false
	}
	if t.c.leadingIndicator(t.f, n.Start) {
		return true
	}
	word := t.f.Pos(n.Start, nameEnd(t.f.Text, n.Start))
	switch {
	case y.Kind == yaml.AliasNode:
		t.c.Error("yaml-feature", word, "YAML aliases (*name) are not part of the language").Label("write the value out")
	case y.Anchor != "":
		t.c.Error("yaml-feature", word, "YAML anchors (&name) are not part of the language").Label("leave it out")
	default:
		t.c.Error("yaml-feature", word, "YAML tags (!name) are not part of the language").
			Label("leave it out, or quote the value")
	}
	return true
}

func nameEnd(text string, i int) int {
	for i < len(text) && strings.IndexByte(" \t\r\n,]}", text[i]) < 0 {
		i++
	}
	return i
}

func (t *treeBuilder) mapping(y *yaml.Node, n *Node, depth int) {
	n.Kind = MappingNode
	if t.c.quotingInFlow(t.f, n, isMalformedFlow(t.f, y)) {
		n.Broken = true
		return
	}
	first := make(map[string]*Node, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		t.isKey = true
		key := t.build(y.Content[i], depth+1)
		t.isKey = false
		switch {
		case key.Broken:
			n.Broken = true
			continue
		case key.Kind == ScalarNode && strings.TrimLeft(key.Value, wideSpacesInFlow) != key.Value:
			if !t.c.wrongSpace(t.f, key.Pos().Line) {
				t.c.mistakenKey(key, nil)
			}
			n.Broken = true
			continue
		case t.invisibleIn(key, true):
			n.Broken = true
			continue
		case y.Content[i].Tag == "!!merge":
			t.c.Error("yaml-feature", key.Pos(), "YAML merge keys (<<) are not part of the language").Label("write the keys out")
			n.Broken = true
			continue
		case key.Kind != ScalarNode || key.Empty():
			t.c.Error("wrong-type", key.Pos(), "a key is a plain word")
			n.Broken = true
			continue
		}
		wasKey, wasList := t.key, t.list
		if !freeText[t.key] || key.Value == "if" { // all below a body is data
			t.key = key.Value
		}
		t.list = false
		value := t.build(y.Content[i+1], depth+1)
		t.key, t.list = wasKey, wasList
		if value.Empty() && value.Kind == ScalarNode {
			value.Owner = key
		}
		if prev := first[key.Value]; prev != nil {
			t.c.Error("duplicate-key", key.Pos(), fmt.Sprintf("the key `%s` is given twice", key.Value)).
				Related("first here", prev.Pos())
			continue
		}
		first[key.Value] = key
		n.Entries = append(n.Entries, Entry{key, value})
	}
}

// isMalformedFlow reports whether a mapping in braces has a shape that nobody means: keys that are
// no words, values that are missing, a `?` between the entries.
func isMalformedFlow(f *diag.File, y *yaml.Node) bool {
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" && key.Style == 0 || value.Kind == yaml.ScalarNode &&
			value.Tag == "!!null" && value.Value == "" {
			return true
		}
		at := f.Offset(key.Line, key.Column)
		if strings.HasSuffix(strings.TrimRight(f.Text[max(0, at-8):at], " "), "?") {
			return true
		}
	}
	return false
}

// Empty reports whether nothing was written: `key:` and no more.
func (n *Node) Empty() bool {
	return n.Kind == ScalarNode && n.Value == "" && n.Style == PlainStyle
}

// IsNull reports whether the value is missing or null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == ScalarNode && n.Tag == "null" }

// End returns the byte offset after the node: of a scalar with its closing quote.
func (n *Node) End() int {
	switch {
	case n.Kind == ScalarNode:
		spans := n.spans()
		if spans == nil {
			return n.F.LineEnd(min(n.Start, len(n.F.Text)))
		}
		end := spans[len(spans)-1]
		if n.Style == singleStyle || n.Style == doubleStyle {
			end++
		}
		return end
	case n.Flow:
		return n.Start + 1
	case n.Kind == MappingNode && len(n.Entries) > 0:
		return n.Entries[0].Key.End()
	}
	return n.Start + 1
}

// Pos returns where to point at the node: a scalar whole, of the rest its beginning, of an empty
// value its key.
func (n *Node) Pos() diag.Pos {
	if n.Owner != nil {
		return n.Owner.Pos()
	}
	if n.Style == literalStyle || n.Style == foldedStyle {
		if s := n.spans(); len(s) > 1 {
			return n.F.Pos(s[0], n.F.LineEnd(s[0]))
		}
	}
	return n.F.Pos(n.Start, n.End())
}

// At returns the place of the characters from (inclusive) to to (exclusive) of a scalar's value.
func (n *Node) At(from, to int) diag.Pos {
	s := n.spans()
	if s == nil || from < 0 {
		return n.Pos()
	}
	from = min(from, len(s)-1)
	to = min(max(to, from), len(s)-1)
	end := s[to]
	if to > from {
		end = max(end, s[to-1])
		// A character's end, not the next one's start: they lie on different lines in block scalars.
		if r := []rune(n.Value)[to-1]; n.F.Text[s[to-1]:min(end, len(n.F.Text))] != string(r) && r != '\n' &&
			strings.ContainsRune(n.F.Text[s[to-1]:end], '\n') {
			end = s[to-1] + len(string(r))
		}
	}
	return n.F.Pos(s[from], end)
}

// Source returns the scalar as the text of an expression, without the first skip characters.
func (n *Node) Source(skip int) diag.Source {
	text := string([]rune(n.Value)[skip:])
	return diag.Source{Text: text, At: func(from, to int) diag.Pos { return n.At(from+skip, to+skip) }}
}

// Get returns the value of a key of a mapping, or nil.
func (n *Node) Get(key string) *Node {
	for _, e := range n.Entries {
		if e.Key.Value == key {
			return e.Value
		}
	}
	return nil
}

// Without returns a mapping without one of its keys.
func (n *Node) Without(key string) *Node {
	out := *n
	out.Entries = slices.DeleteFunc(slices.Clone(n.Entries), func(e Entry) bool { return e.Key.Value == key })
	return &out
}

// Key returns the node of a key, for pointing at it.
func (n *Node) Key(key string) *Node {
	for _, e := range n.Entries {
		if e.Key.Value == key {
			return e.Key
		}
	}
	return n
}
