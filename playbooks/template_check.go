package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid/expressions"
)

// ParseTemplate checks and compiles a Liquid text. at gives the place of its characters. The scope says what it may name; with a
// nil scope only the syntax is judged, because what is in scope depends on where a template is used. With a mistake it gives nil.
func ParseTemplate(name, text string, at func(from, to int) Pos, sc *Scope) (*Template, []Diagnostic) {
	return parseTemplate(Template{Name: name, Text: text}, at, sc)
}

// parseTemplate compiles the template, of which name, text and kind are given.
func parseTemplate(t Template, at func(from, to int) Pos, sc *Scope) (*Template, []Diagnostic) {
	text := t.Text
	c := &templateChecker{text: text, at: at, scope: sc, locals: map[string]*Type{}}
	if len(text) > maxTemplateSize {
		c.error("template-syntax", 0, 0, fmt.Sprintf("the text has %d bytes, the most is %d", len(text), maxTemplateSize), "make it shorter")
		return nil, c.diags
	}
	c.scan()
	if len(c.diags) > 0 && (sc == nil || !sc.Running) {
		return nil, c.diags
	}
	engine := textEngine()
	if t.HTML {
		engine = htmlEngine()
	}
	compiled, err := engine.ParseString(countedText(text))
	if err != nil {
		c.diags = nil
		c.error("template-syntax", 0, len(text), "the text is not valid Liquid", "look at its {{ }} and {% %}")
		return nil, c.diags
	}
	t.Refs, t.compiled = c.refs.with(Refs{}), compiled
	return &t, nil
}

// templateChecker reads the tags of a Liquid text. The library keeps its syntax tree to itself, so names are found here.
type templateChecker struct {
	text   string
	at     func(from, to int) Pos
	scope  *Scope
	diags  []Diagnostic
	refs   Refs
	locals map[string]*Type // bound by assign and for
	blocks []templateBlock
}

type templateBlock struct {
	name     string
	from, to int
}

// error places a mistake at bytes of the text.
func (c *templateChecker) error(code string, from, to int, message, label string) {
	d := Diagnostic{Severity: Error, Code: code, Message: message, Label: label}
	if c.at != nil {
		d.Pos = c.at(utf8.RuneCountInString(c.text[:from]), utf8.RuneCountInString(c.text[:to]))
	}
	c.diags = append(c.diags, d)
}

// suggest offers the known word that is nearest to the one which was just reported.
func (c *templateChecker) suggest(word string, known []string) {
	if d := &c.diags[len(c.diags)-1]; d.Line > 0 && closest(word, known) != "" {
		d.suggest(closest(word, known)).doubt(sole(word, known))
	}
}

// scan goes through the text from one {{ or {% to the next.
func (c *templateChecker) scan() {
	for _, open := range []string{"｛｛", "｛%", "{｛", "｛{"} {
		if i := strings.Index(c.text, open); i >= 0 {
			c.error("template-syntax", i, i+len(open), "these braces are full-width: Liquid takes only {{ and }}", "write {{ … }} with plain braces")
			return
		}
	}
	for i := 0; i < len(c.text); {
		open := strings.IndexByte(c.text[i:], '{')
		if open < 0 || i+open+1 >= len(c.text) {
			break
		}
		i += open
		closing := map[byte]string{'{': "}}", '%': "%}"}[c.text[i+1]]
		if closing == "" {
			i++
			continue
		}
		end := strings.Index(c.text[i+2:], closing)
		if end < 0 {
			c.error("template-syntax", i, i+2, fmt.Sprintf("`%s` is never closed", c.text[i:i+2]), "close it with `"+closing+"`")
			return
		}
		end += i + 2
		if c.text[i+1] == '{' {
			c.object(i, end)
		} else if next, ok := c.tag(i, end); ok {
			i = next
			continue
		}
		i = end + 2
	}
	for _, b := range c.blocks {
		c.error("template-syntax", b.from, b.to, fmt.Sprintf("`%s` is never closed", b.name), "close it with {% end"+b.name+" %}")
	}
}

// inner gives the bounds of what stands between the brackets, without the dashes that trim and without spaces.
func (c *templateChecker) inner(open, end int) (from, to int) {
	from, to = open+2, end
	if from < to && c.text[from] == '-' {
		from++
	}
	if to > from && c.text[to-1] == '-' {
		to--
	}
	for from < to && strings.IndexByte(" \t\r\n", c.text[from]) >= 0 {
		from++
	}
	for to > from && strings.IndexByte(" \t\r\n", c.text[to-1]) >= 0 {
		to--
	}
	return from, to
}

func (c *templateChecker) object(open, end int) {
	from, to := c.inner(open, end)
	switch {
	case from == to:
		c.error("template-syntax", open, end+2, "nothing stands between {{ and }}", "write what to print, or leave it out")
	case strings.Contains(c.text[open:end], "\n"):
		c.error("template-syntax", open, open+2, "{{ and }} must stand on one line", "join the lines")
	default:
		before := len(c.diags)
		c.expression(from, to, func(s string) error { _, err := expressions.Parse(s); return err })
		if len(c.diags) == before {
			c.printable(from, to)
		}
	}
}

var tagName = regexp.MustCompile(`^\w+`)

// templateTags are the tags of the language. What may only follow another is checked with the blocks.
var templateTags = []string{"assign", "break", "case", "comment", "continue", "else", "elsif", "for", "if", "raw", "unless", "when"}

// clauses says inside which blocks a tag may stand.
var clauses = map[string][]string{
	"else": {"if", "unless", "case", "for"}, "elsif": {"if"}, "when": {"case"}, "break": {"for"}, "continue": {"for"},
}

// tag reads one tag; next is where to go on when the tag swallows text, as comment and raw do.
func (c *templateChecker) tag(open, end int) (next int, ok bool) {
	from, to := c.inner(open, end)
	name := tagName.FindString(c.text[from:to])
	args := from + len(name)
	for args < to && strings.IndexByte(" \t\r\n", c.text[args]) >= 0 {
		args++
	}
	block, isEnd := strings.CutPrefix(name, "end")
	switch {
	case isEnd && len(c.blocks) > 0 && c.blocks[len(c.blocks)-1].name == block:
		c.blocks = c.blocks[:len(c.blocks)-1]
	case isEnd && slices.Contains([]string{"if", "unless", "case", "for", "comment", "raw"}, block):
		c.error("template-syntax", from, from+len(name), fmt.Sprintf("`%s` closes nothing that is open here", name), "")
	case isEnd && len(c.diags) > 0:
		// The tag it closes does not exist, which is reported.
	case !slices.Contains(templateTags, name):
		c.error("template-syntax", from, max(from+len(name), min(from+1, to)), fmt.Sprintf("there is no tag `%s`", name),
			cmpOr(didYouMean(name, templateTags), "there is "+oneOf(templateTags)))
		c.suggest(name, templateTags)
	case name == "comment" || name == "raw":
		return c.verbatim(name, from, end)
	default:
		c.openTag(name, from, args, to)
	}
	return 0, false
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// verbatim passes over what stands inside comment or raw.
func (c *templateChecker) verbatim(name string, from, end int) (int, bool) {
	closing := regexp.MustCompile(`\{%-?\s*end` + name + `\s*-?%\}`).FindStringIndex(c.text[end:])
	if closing == nil {
		c.error("template-syntax", from, from+len(name), fmt.Sprintf("`%s` is never closed", name), "close it with {% end"+name+" %}")
		return len(c.text), true
	}
	return end + closing[1], true
}

func (c *templateChecker) openTag(name string, from, args, to int) {
	if inside, ok := clauses[name]; ok && !c.inside(name, inside) {
		c.error("template-syntax", from, from+len(name), fmt.Sprintf("`%s` stands outside of %s", name, oneOf(inside)), "")
		return
	}
	statement := func(selector string) func(string) error {
		return func(s string) error { _, err := expressions.ParseStatement(selector, s); return err }
	}
	condition := func(s string) error { _, err := expressions.Parse(s); return err }
	switch name {
	case "if", "unless", "case":
		c.blocks = append(c.blocks, templateBlock{name, from, from + len(name)})
		c.expression(args, to, condition)
	case "elsif":
		c.expression(args, to, condition)
	case "when":
		c.expression(args, to, statement(expressions.WhenStatementSelector))
	case "for":
		c.loop(from, args, to, statement(expressions.LoopStatementSelector))
	case "assign":
		c.assign(args, to, statement(expressions.AssignStatementSelector))
	}
}

// inside tells whether a tag stands where it may: break and continue anywhere in a loop, the others right in their block.
func (c *templateChecker) inside(name string, blocks []string) bool {
	if name == "break" || name == "continue" {
		return slices.ContainsFunc(c.blocks, func(b templateBlock) bool { return b.name == "for" })
	}
	return len(c.blocks) > 0 && slices.Contains(blocks, c.blocks[len(c.blocks)-1].name)
}

var (
	loopHead    = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}_-]*)\s+in\s+`)
	assignHead  = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}_-]*)\s*=\s*`)
	fixedRange  = regexp.MustCompile(`^\(\s*(-?\d{1,6})\s*\.\.\s*(-?\d{1,6})\s*\)`)
	simplePath  = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$`)
	loopOptions = regexp.MustCompile(`\s+(reversed|limit|offset)\b.*$`)
)

func (c *templateChecker) loop(from, args, to int, parse func(string) error) {
	nested := 1
	for _, b := range c.blocks {
		if b.name == "for" {
			nested++
		}
	}
	c.blocks = append(c.blocks, templateBlock{"for", from, from + 3})
	m := loopHead.FindStringSubmatchIndex(c.text[args:to])
	switch {
	case m == nil:
		c.error("template-syntax", args, to, "a loop is written {% for item in list %}", "")
		return
	case nested > maxLoopNesting:
		c.error("template-syntax", from, from+3, fmt.Sprintf("loops are nested deeper than %d levels", maxLoopNesting), "")
		return
	case parse(c.text[args:to]) != nil:
		c.error("template-syntax", args, to, "this is not valid Liquid", "a loop is written {% for item in list %}")
		return
	}
	list := args + m[1]
	var elem *Type
	if r := fixedRange.FindStringSubmatch(c.text[list:to]); r != nil {
		elem = Int
		if span := atoi(r[2]) - atoi(r[1]); span > maxListItems {
			c.error("template-syntax", list, list+len(r[0]), fmt.Sprintf("a loop runs at most %d times", maxListItems), "")
		}
	} else {
		elem = c.elementOf(list, to)
		c.names(list, to)
	}
	c.locals[c.text[args+m[2]:args+m[3]]] = elem
	c.locals["forloop"] = Any
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0 // the pattern that found it lets nothing else through
	}
	return n
}

// elementOf gives the type of a list's items when the list is named plainly.
func (c *templateChecker) elementOf(from, to int) *Type {
	if t := c.typeOf(loopOptions.ReplaceAllString(c.text[from:to], "")); t.Kind == KindList {
		return t.Elem
	}
	return Any
}

// typeOf gives the type of what a plain path names.
func (c *templateChecker) typeOf(path string) *Type {
	if c.scope == nil || !simplePath.MatchString(path) {
		return Any
	}
	words := strings.Split(path, ".")
	t := c.root(words[0])
	for _, w := range words[1:] {
		if t = step(t, w); t == nil {
			return Any
		}
	}
	if t == nil {
		return Any
	}
	return t
}

// printable reports an object or a list of objects that is printed as a whole: nobody could read that.
func (c *templateChecker) printable(from, to int) {
	path := strings.TrimSpace(c.text[from:to])
	t := c.typeOf(path)
	if t.Kind == KindList && t.Elem != nil {
		t = t.Elem
	}
	if t.Kind == KindObject {
		at := from + strings.Index(c.text[from:to], path)
		c.error("unknown-variable", at, at+len(path), fmt.Sprintf("`%s` is no text: it has fields", path), "print one of them, as in "+path+"."+firstField(t))
	}
}

func firstField(t *Type) string {
	if len(t.Fields) == 0 {
		return "id"
	}
	return t.Fields[0].Name
}

func (c *templateChecker) assign(args, to int, parse func(string) error) {
	m := assignHead.FindStringSubmatchIndex(c.text[args:to])
	if m == nil || parse(c.text[args:to]) != nil {
		c.error("template-syntax", args, to, "this is not valid Liquid", "an assignment is written {% assign name = value %}")
		return
	}
	c.names(args+m[1], to)
	name := c.text[args+m[2] : args+m[3]]
	if slices.Contains([]string{"member", "trigger", "actions"}, name) {
		c.error("template-syntax", args+m[2], args+m[3], fmt.Sprintf("`%s` cannot be assigned", name), "choose another name")
		return
	}
	c.locals[name] = Any
}

// expression checks the syntax of an expression and the names in it.
func (c *templateChecker) expression(from, to int, parse func(string) error) {
	before := len(c.diags)
	c.names(from, to)
	if len(c.diags) == before && failsToParse(parse, c.text[from:to]) {
		c.error("template-syntax", from, max(to, from+1), "this is not valid Liquid", hintLiquid(c.text[from:to]))
	}
}

// failsToParse shields from the panics of the library's scanner.
func failsToParse(parse func(string) error, s string) (failed bool) {
	defer func() {
		if recover() != nil {
			failed = true
		}
	}()
	return parse(s) != nil
}

func hintLiquid(s string) string {
	switch {
	case strings.Contains(s, "??"):
		return "write {{ name | default: 'text' }}"
	case strings.Contains(s, "&&"), strings.Contains(s, "||"), strings.HasPrefix(s, "!"):
		return "Liquid writes and, or, and unless"
	case strings.ContainsAny(s, "+*") || strings.Contains(s, " - ") || strings.Contains(s, " / "):
		return "Liquid calculates by filters: plus, minus, times, divided_by"
	}
	return "as in {{ member.nickname | default: 'friend' }}"
}

func isIdent(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || r == '-' || unicode.IsMark(r))
}
