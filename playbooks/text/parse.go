package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tags are the tags of the language, without those that close a block.
var Tags = []string{
	"assign", "break", "capture", "case", "comment", "continue", "else", "elsif", "for", "if", "raw",
	"unless", "when",
}

// blocks are the tags that are closed by end….
var blocks = []string{"capture", "case", "comment", "for", "if", "raw", "unless"}

// parser builds the tree.
type parser struct {
	src       string
	halfWidth func(rune) string
	mistakes  []Mistake
	root      []Node
	open      []*block
}

// block is one that is open.
type block struct {
	Span
	name   string
	into   *[]Node // where its next nodes go
	ifs    *If
	cases  *Case
	loop   *For
	holds  *Capture
	closed bool // an else was there
}

// Parse reads a text. plainOf gives the plain character that a full-width one stands for, or "".
func Parse(src string, plainOf func(rune) string) ([]Node, []Mistake) {
	p := &parser{src: src, halfWidth: plainOf}
	p.scan()
	for _, b := range p.open {
		if slices.ContainsFunc(p.mistakes, func(m Mistake) bool { return m.From > b.From }) {
			continue // what closes it may be what cannot be read
		}
		p.mistake(Span{b.From, b.From + len(b.name)}, "`"+b.name+"` is never closed", "close it with {% end"+b.name+" %}")
	}
	return p.root, p.mistakes
}

func (p *parser) mistake(at Span, message, label string) {
	p.mistakes = append(p.mistakes, Mistake{Span: at, Message: message, Label: label})
}

// lastChar returns where the last character before a place begins that is no space.
func (p *parser) lastChar(at int) int {
	s := strings.TrimRight(p.src[:at], " \t\r\n")
	_, size := utf8.DecodeLastRuneInString(s)
	return len(s) - size
}

func (p *parser) add(n Node) {
	if len(p.open) == 0 {
		p.root = append(p.root, n)
		return
	}
	if into := p.open[len(p.open)-1].into; into != nil {
		*into = append(*into, n)
		return
	}
	t, plain := n.(*Plain)
	if plain && strings.TrimSpace(p.src[t.From:t.To]) == "" {
		return
	}
	if at, ok := n.(interface{ Place() Span }); ok && len(p.mistakes) == 0 {
		p.mistake(at.Place(), "what stands before the first `when` is never shown",
			"move it before {% case %}, or behind {% when %}")
	}
}

// scan goes from one {{ or {% to the next.
func (p *parser) scan() {
	for _, open := range []string{"｛｛", "{｛", "｛{", "}｝", "｝}"} {
		if i := strings.Index(p.src, open); i >= 0 {
			p.mistake(Span{i, i + len(open)}, "these braces are full-width: Liquid takes only {{ and }}",
				"write {{ … }} with plain braces")
			return
		}
	}
	for _, tag := range []string{"{％", "｛％", "％}", "％｝", "%｝", "｛%"} {
		if i := strings.Index(p.src, tag); i >= 0 {
			p.mistake(Span{i, i + len(tag)}, "this is full-width: Liquid takes only {% and %}",
				"write {% … %} with plain characters")
			return
		}
	}
	plain := 0
	for i := 0; i < len(p.src); {
		open := strings.IndexByte(p.src[i:], '{')
		if open < 0 || i+open+1 >= len(p.src) {
			break
		}
		i += open
		closing := map[byte]string{'{': "}}", '%': "%}"}[p.src[i+1]]
		if closing == "" {
			i++
			continue
		}
		end := strings.Index(p.src[i+2:], closing)
		if end < 0 {
			p.neverClosed(i, closing)
			return
		}
		if i > plain {
			p.add(&Plain{Span: Span{plain, i}})
		}
		end += i + 2
		if p.src[i+1] == '{' {
			p.output(i, end)
			i = end + 2
		} else {
			i = p.tag(i, end)
		}
		plain = i
	}
	if plain < len(p.src) {
		p.add(&Plain{Span: Span{plain, len(p.src)}})
	}
}

// neverClosed reports {{ without }}. One brace of the two is the usual slip.
func (p *parser) neverClosed(i int, closing string) {
	label := "close it with `" + closing + "`"
	line, _, _ := strings.Cut(p.src[i:], "\n")
	if end := strings.IndexByte(line, '}'); end > 0 {
		p.mistake(Span{i, i + end + 1}, "`"+p.src[i:i+2]+"` is never closed", label+": one of its characters is missing")
		return
	}
	p.mistake(Span{i, i + 2}, "`"+p.src[i:i+2]+"` is never closed", label)
}

const spaces = " \t\r\n"

// inner returns the bounds of what stands between the brackets, without the dashes that trim and
// without spaces.
func (p *parser) inner(open, end int) (from, to int) {
	from, to = open+2, end
	if from < to && p.src[from] == '-' {
		from++
	}
	if to > from && p.src[to-1] == '-' {
		to--
	}
	for from < to && strings.IndexByte(spaces, p.src[from]) >= 0 {
		from++
	}
	for to > from && strings.IndexByte(spaces, p.src[to-1]) >= 0 {
		to--
	}
	return from, to
}

var tagInOutput = regexp.MustCompile(`^(if|elsif|else|endif|unless|endunless|for|endfor|assign|case|when|endcase|capture|endcapture)\b`)

func (p *parser) output(open, end int) {
	from, to := p.inner(open, end)
	n := &Output{Span: Span{open, end + 2}}
	p.add(n)
	word := tagInOutput.FindString(p.src[from:to])
	switch {
	case from == to:
		p.mistake(n.Span, "nothing stands between {{ and }}", "write what to print, or leave it out")
	case strings.Contains(p.src[open:end], "\n"):
		p.mistake(Span{open, open + 2}, "{{ and }} must stand on one line", "join the lines")
	case p.src[from] == '{':
		p.mistake(Span{open, from + 1}, "a value stands in two braces", "write {{ … }}")
	case word != "" && (from+len(word) == to || p.src[from+len(word)] == ' '):
		p.mistake(Span{open, end + 2}, "`"+word+"` is a tag: it stands in {% and %}", "write {% "+p.src[from:to]+" %}")
	default:
		if r := p.read(from, to, true); r != nil {
			n.Value = r.whole()
		}
	}
}

var tagName = regexp.MustCompile(`^[\w-]+`)

// tag reads one tag and gives where to go on.
func (p *parser) tag(open, end int) int {
	from, to := p.inner(open, end)
	name := tagName.FindString(p.src[from:to])
	args := from + len(name)
	for args < to && strings.IndexByte(spaces, p.src[args]) >= 0 {
		args++
	}
	t := tagText{Span{open, end + 2}, Span{from, from + len(name)}, name, args, to}
	block, isEnd := strings.CutPrefix(name, "end")
	switch {
	case isEnd:
		p.end(t, block)
	case !slices.Contains(Tags, name):
		p.unknownTag(t)
	case name == "comment" || name == "raw":
		return p.verbatim(t)
	default:
		p.known(t)
	}
	return end + 2
}

// tagText is a tag: the whole of it, its name, and where its arguments stand.
type tagText struct {
	Span
	at       Span
	name     string
	args, to int
}

// rest returns the place of the arguments, or of the name when there are none.
func (t *tagText) rest() Span {
	if t.args < t.to {
		return Span{t.args, t.to}
	}
	return t.at
}

// verbatim passes over what stands inside comment or raw.
func (p *parser) verbatim(t tagText) int {
	closing := regexp.MustCompile(`\{%-?\s*end` + t.name + `\s*-?%\}`).FindStringIndex(p.src[t.To-2:])
	if closing == nil {
		p.mistake(t.at, "`"+t.name+"` is never closed", "close it with {% end"+t.name+" %}")
		return len(p.src)
	}
	if t.args < t.to {
		p.mistake(t.rest(), "nothing stands behind `"+t.name+"`", "leave it out")
	}
	if t.name == "raw" {
		p.add(&Plain{Span: Span{t.To, t.To - 2 + closing[0]}, Raw: true})
	}
	return t.To - 2 + closing[1]
}

// foreignTags are tags of other languages and of other editions of Liquid, with what is meant.
var foreignTags = map[string]string{
	"elseif": "elsif", "elif": "elsif", "elsif": "elsif", "else-if": "elsif", "elsunless": "elsif", "switch": "case",
	"foreach": "for", "each": "for",
	"set": "assign", "let": "assign", "var": "assign", "default": "else", "end": "",
}

// chineseTags are the tags by words that people use for them.
var chineseTags = map[string]string{
	"如果": "if", "若": "if", "否则": "else", "否则如果": "elsif", "结束": "endif",
	"结束如果": "endif", "循环": "for", "注释": "comment", "赋值": "assign",
}

// unknownTag reports a tag that does not exist. The nearest one is looked for by whoever shows the
// mistake.
func (p *parser) unknownTag(t tagText) {
	at := Span{t.at.From, max(t.at.To, min(t.at.From+1, t.to))}
	message := "there is no tag `" + t.name + "`"
	switch {
	case t.name == "" && t.args == t.to:
		p.mistake(t.Span, "nothing stands between {% and %}", "as in {% if member.nickname %} … {% endif %}, or leave it out")
	case t.name == "" && t.args < t.to && chineseTags[p.src[t.args:NameEnd(p.src, t.args, t.to)]] != "":
		end := NameEnd(p.src, t.args, t.to)
		p.mistake(Span{t.args, end}, "there is no tag `"+p.src[t.args:end]+"`", "write "+chineseTags[p.src[t.args:end]])
	case t.name == "" && t.args < t.to && p.src[t.args] == '#':
		p.mistake(at, "there is no tag `#`", "a comment is {% comment %} … {% endcomment %}")
	case t.name == "":
		p.mistake(at, message, "there is "+listed(Tags))
	case foreignTags[t.name] != "":
		p.mistake(at, message, "write "+foreignTags[t.name])
		p.mistakes[len(p.mistakes)-1].Fix = foreignTags[t.name]
	case slices.Contains([]string{"member", "trigger", "vars", "params", "actions"}, t.name) || t.name == "echo" || t.name == "print":
		p.mistake(at, message, "a value is printed by {{ … }}")
	case t.name == "include" || t.name == "render":
		p.mistake(at, message, "there is "+listed(Tags))
	default:
		p.mistake(at, message, "")
	}
}

func listed(words []string) string {
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// end closes a block.
func (p *parser) end(t tagText, name string) {
	var top *block
	if len(p.open) > 0 {
		top = p.open[len(p.open)-1]
	}
	switch {
	case top != nil && top.name == name:
		p.open = p.open[:len(p.open)-1]
		p.closes(top, t)
		if t.args < t.to {
			p.mistake(t.rest(), "nothing stands behind `"+t.name+"`", "leave it out")
		}
	case name == "" && top != nil:
		p.mistake(t.at, "a block is closed by its name", "write end"+top.name)
		p.mistakes[len(p.mistakes)-1].Fix = "end" + top.name
		p.open = p.open[:len(p.open)-1]
		p.closes(top, t)
	case len(p.mistakes) > 0:
		// The tag it closes cannot be read, which is reported.
	case !slices.Contains(blocks, name) && name != "":
		p.mistake(t.at, "there is no tag `"+t.name+"`", "")
	case top != nil && p.isOpen(name):
		p.mistake(top.Span, fmt.Sprintf("`%s` is not closed before `%s`", top.name, t.name), "close it with {% end"+
			top.name+" %}")
		for len(p.open) > 0 {
			b := p.open[len(p.open)-1]
			p.open = p.open[:len(p.open)-1]
			p.closes(b, t)
			if b.name == name {
				break
			}
		}
	case top != nil:
		p.mistake(t.at, fmt.Sprintf("`%s` closes nothing that is open here", t.name), "`"+top.name+"` is open: write end"+
			top.name)
		p.open = p.open[:len(p.open)-1]
		p.closes(top, t)
	default:
		p.mistake(t.at, fmt.Sprintf("`%s` closes nothing that is open here", t.name), "")
	}
}

func (p *parser) isOpen(name string) bool {
	return slices.ContainsFunc(p.open, func(b *block) bool { return b.name == name })
}

func (p *parser) closes(b *block, t tagText) {
	switch {
	case b.ifs != nil:
		b.ifs.End = t.Span
	case b.cases != nil:
		b.cases.End = t.Span
	case b.loop != nil:
		b.loop.End = t.Span
	case b.holds != nil:
		b.holds.End = t.Span
	}
}

// known reads a tag that exists.
func (p *parser) known(t tagText) {
	switch t.name {
	case "if", "unless":
		n := &If{Span: t.Span, Branches: []Branch{{Span: t.Span, Name: t.name, Cond: p.condition(t)}}}
		p.add(n)
		p.open = append(p.open, &block{Span: t.at, name: t.name, ifs: n, into: &n.Branches[0].Body})
	case "case":
		n := &Case{Span: t.Span, Value: p.condition(t)}
		p.add(n)
		p.open = append(p.open, &block{Span: t.at, name: "case", cases: n})
	case "for":
		p.loop(t)
	case "capture":
		p.capture(t)
	case "assign":
		p.assign(t)
	case "break", "continue":
		if !p.isOpen("for") {
			p.mistake(t.at, "`"+t.name+"` stands outside of for", "")
		}
		p.nothingAfter(t)
		p.add(&Jump{t.Span, t.name})
	default:
		p.clause(t)
	}
}

func (p *parser) nothingAfter(t tagText) {
	if t.args < t.to {
		p.mistake(t.rest(), "nothing stands behind `"+t.name+"`", "leave it out")
	}
}

func (p *parser) condition(t tagText) Expr {
	if t.args == t.to {
		p.mistake(t.at, "a condition is missing behind `"+t.name+"`", "as in {% "+t.name+" member.nickname %}")
		return nil
	}
	if r := p.read(t.args, t.to, false); r != nil {
		return r.whole()
	}
	return nil
}
