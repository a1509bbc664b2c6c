package slips

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// mutant is a file with one slip in it.
type mutant struct {
	file string
	line int    // where the slip is
	near []int  // where a mistake about it may be shown as well: the mapping that lacks a key
	kind string // delete, misspell or retype
	path string // of keys, without places in lists
	what string // was slipped on
	was  string // the name or value that it was
	text string // the file with the slip
}

// mutator makes all mutants of a file.
type mutator struct {
	file, text string
	starts     []int // offset of each line
	out        []mutant
}

func mutantsOf(file, text string) ([]mutant, error) {
	m := &mutator{file: file, text: text, starts: []int{0}}
	if strings.HasPrefix(file, "templates/") {
		m.inText(text, 0, "template")
		return m.out, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	for i := range len(text) {
		if text[i] == '\n' {
			m.starts = append(m.starts, i+1)
		}
	}
	if len(doc.Content) > 0 {
		m.walk(doc.Content[0], "", 1, false)
	}
	return m.out, nil
}

// offset returns the place of a node in the text. The library counts columns in characters.
func (m *mutator) offset(n *yaml.Node) int {
	at := m.starts[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(m.text[at:])
		at += size
	}
	return at
}

// untyped are the places of data that the language gives no type.
var untyped = regexp.MustCompile(`^actions\..*webhook\.body\.`)

// put adds a mutant in which text[from:to] reads otherwise.
func (m *mutator) put(kind, path, what string, from, to int, with string, line int, near ...int) {
	if kind == "retype" && untyped.MatchString(path) {
		return
	}
	m.out = append(m.out, mutant{
		file: m.file, line: line, near: near, kind: kind, path: path, what: what, was: m.text[from:to],
		text: m.text[:from] + with + m.text[to:],
	})
}

func (m *mutator) walk(n *yaml.Node, path string, parent int, flow bool) {
	flow = flow || n.Style&yaml.FlowStyle != 0
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := strings.TrimPrefix(path+"."+key.Value, ".")
			m.deleted(n, i, at, parent, flow)
			from := m.offset(key)
			if strings.HasPrefix(m.text[from:], key.Value) {
				m.put("misspell", at, key.Value, from, from+len(key.Value), misspelt(key.Value), key.Line, value.Line)
				m.out[len(m.out)-1].near = append(m.out[len(m.out)-1].near, parent)
			}
			m.walk(value, at, key.Line, flow)
			if value.Kind != yaml.ScalarNode {
				m.retyped(value, key, at, key.Line, flow)
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			m.walk(item, path, parent, flow)
			if item.Kind != yaml.ScalarNode {
				m.retyped(item, nil, path, parent, flow)
			}
		}
	case yaml.ScalarNode:
		m.scalar(n, path, parent, flow)
	}
}

// deleted leaves out the key at n.Content[i] with its value.
func (m *mutator) deleted(n *yaml.Node, i int, path string, parent int, flow bool) {
	key := n.Content[i]
	from, end := m.offset(key), m.end(n.Content[i+1], key, flow)
	first, last := i == 0, i+2 == len(n.Content)
	switch {
	case first && last:
		with := "{}"
		if flow {
			with = ""
		} else if strings.HasSuffix(m.text[:end], "\n") {
			with = "{}\n"
		}
		m.put("delete", path, key.Value, from, end, with, key.Line, parent)
	case last:
		before := m.end(n.Content[i-1], n.Content[i-2], flow)
		m.put("delete", path, key.Value, before, end, "", key.Line, parent, key.Line-1)
	default:
		m.put("delete", path, key.Value, from, m.offset(n.Content[i+2]), "", key.Line, parent, key.Line-1)
	}
	d := &m.out[len(m.out)-1]
	d.was, d.near = key.Value, append(d.near, key.Line+1)
	if first := n.Content[0].Line; !flow {
		d.near = append(d.near, first)
	}
}

// end returns where a value ends. In block style that is where the line of the next key begins.
func (m *mutator) end(value, key *yaml.Node, flow bool) int {
	if flow {
		return m.flowEnd(value)
	}
	return m.outdent(key.Line, key.Column)
}

// flowEnd returns where a value on a line ends.
func (m *mutator) flowEnd(n *yaml.Node) int {
	at := m.offset(n)
	switch {
	case n.Kind != yaml.ScalarNode:
		return at + closing(m.text[at:])
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return at + quoted(m.text[at:])
	}
	end := strings.IndexAny(m.text[at:], ",]}\n")
	return at + len(strings.TrimRight(m.text[at:at+end], " "))
}

// closing returns the length of a flow mapping or list.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if strings.ContainsRune(" {[,:", rune(s[i-1])) {
				i += quoted(s[i:]) - 1
			}
		}
	}
	return len(s)
}

// quoted returns the length of a quoted text with its quotes.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[0] == '"' && s[i] == '\\':
			i++
		case s[i] == s[0] && s[0] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// span returns where a scalar is in the text.
func (m *mutator) span(n *yaml.Node, flow bool) (from, to int) {
	from = m.offset(n)
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return from, from + quoted(m.text[from:])
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line := n.Line
		indent := len(m.text[m.starts[line]:]) - len(strings.TrimLeft(m.text[m.starts[line]:], " "))
		for line < len(m.starts)-1 && strings.HasPrefix(m.text[m.starts[line]:], strings.Repeat(" ", indent)) {
			line++
		}
		return m.starts[n.Line], m.starts[line]
	case flow:
		return from, m.flowEnd(n)
	}
	rest, _, _ := strings.Cut(m.text[from:], "\n")
	rest, _, _ = strings.Cut(rest, " #")
	return from, from + len(strings.TrimRight(rest, " "))
}

// otherType is what a type is taken for.
var otherType = map[string]string{
	"string": "int", "int": "string", "number": "string", "bool": "string", "date": "string", "datetime": "string",
	"optional string": "optional int", "optional int": "optional string",
}

// typed are the places of types.
var typed = regexp.MustCompile(`^(member\.[^.]+|events\.|trigger\.http\.params\.|actions\..*webhook\.returns\.)`)

// expression are the places of expressions that need no `= `.
var expression = regexp.MustCompile(`^(condition|.*\bif|segments\..+)$`)

func (m *mutator) scalar(n *yaml.Node, path string, parent int, flow bool) {
	from, to := m.span(n, flow)
	if from == to {
		return
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		m.put("retype", path, "a value, by a mapping", from, to, "{seven: 7}", n.Line, parent)
		m.put("retype", path, "a value, by a list", from, to, "[7]", n.Line, parent)
	}
	switch raw := m.text[from:to]; {
	case typed.MatchString(path) && otherType[n.Value] != "":
		m.put("retype", path, n.Value, from, to, otherType[n.Value], n.Line, parent)
	case expression.MatchString(path), strings.HasPrefix(n.Value, "= "):
		m.inExpression(raw, from, path, n)
		m.number("an expression", n, path, from, to, parent)
	case strings.Contains(raw, "{{") || strings.Contains(raw, "{%"):
		m.inText(raw, from, path)
		m.number("a text", n, path, from, to, parent)
	case n.Tag == "!!str" && n.Style == 0 && name.MatchString(n.Value):
		m.put("misspell", path, n.Value, from, to, misspelt(n.Value), n.Line, parent)
		m.put("retype", path, n.Value, from, to, "7", n.Line, parent)
	case n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!bool":
		m.put("retype", path, n.Value, from, to, "seven", n.Line, parent)
	default:
		m.put("retype", path, n.Value, from, to, "7", n.Line, parent)
	}
}

// number puts a number where a value of several words was.
func (m *mutator) number(what string, n *yaml.Node, path string, from, to, parent int) {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		m.put("retype", path, what, from, to, "7", n.Line, parent)
	}
}

// retyped puts a number where a mapping or a list was, and one of them where the other was. Of an
// item of a list key is nil.
func (m *mutator) retyped(n, key *yaml.Node, path string, parent int, flow bool) {
	from, end := m.offset(n), "\n"
	var to int
	switch {
	case n.Style&yaml.FlowStyle != 0:
		to, end = from+closing(m.text[from:]), ""
	case key != nil:
		to = m.end(n, key, flow)
	default:
		to = m.outdent(n.Line, n.Column-1)
	}
	what, other := "a list", "{seven: 7}"
	if n.Kind == yaml.MappingNode {
		what, other = "a mapping", "[7]"
	}
	m.put("retype", path, what, from, to, "7"+end, n.Line, parent)
	m.put("retype", path, what+", by "+other, from, to, other+end, n.Line, parent)
}

// outdent returns where the first line below a line begins that is indented by less.
func (m *mutator) outdent(line, indent int) int {
	for ; line < len(m.starts); line++ {
		rest, _, _ := strings.Cut(m.text[m.starts[line]:], "\n")
		bare := strings.TrimLeft(rest, " ")
		if bare != "" && bare[0] != '#' && len(rest)-len(bare) < indent {
			return m.starts[line]
		}
	}
	return len(m.text)
}

var (
	name   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	token  = regexp.MustCompile(`"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(\.[0-9]+)?`)
	inside = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}`)
)

func (m *mutator) inExpression(raw string, from int, path string, n *yaml.Node) {
	body := 0
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		body, raw = 1, raw[:len(raw)-1]
	}
	quote := `"`
	if n.Style&yaml.DoubleQuotedStyle != 0 {
		quote = `\"`
	}
	for _, at := range token.FindAllStringIndex(raw[body:], -1) {
		a, b := body+at[0], body+at[1]
		line := 1 + strings.Count(m.text[:from+a], "\n")
		switch word := raw[a:b]; {
		case word[0] == '"' || word[0] == '\'':
			if len(word) > 2 {
				m.put("misspell", path, word, from+a+1, from+b-1, misspelt(word[1:len(word)-1]), line, n.Line)
			}
			m.put("retype", path, word, from+a, from+b, "7", line, n.Line)
		case word[0] <= '9':
			m.put("retype", path, word, from+a, from+b, quote+word+quote, line, n.Line)
		default:
			m.put("misspell", path, word, from+a, from+b, misspelt(word), line, n.Line)
		}
	}
}

// inText slips on the names in the tags of a Liquid text.
func (m *mutator) inText(raw string, from int, path string) {
	for _, tag := range inside.FindAllStringIndex(raw, -1) {
		for _, at := range token.FindAllStringIndex(raw[tag[0]:tag[1]], -1) {
			a, b := tag[0]+at[0], tag[0]+at[1]
			if word := raw[a:b]; word[0] > 0x39 {
				line := 1 + strings.Count(m.text[:from+a], "\n")
				m.put("misspell", path, word, from+a, from+b, misspelt(word), line)
			}
		}
	}
}

// misspelt leaves out a letter in the middle; of a short name it doubles the last.
func misspelt(s string) string {
	r := []rune(s)
	if len(r) < 3 {
		return s + string(r[len(r)-1])
	}
	return string(slices.Delete(r, len(r)/2, len(r)/2+1))
}
