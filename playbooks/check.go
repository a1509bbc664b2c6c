package playbooks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checker gathers the mistakes of a workspace while it is read.
type checker struct {
	reg       *Registry
	ws        *Workspace
	schema    *Schema
	diags     []Diagnostic
	used      map[string]bool  // "segment dormant": what the playbooks refer to
	wrongName bool             // there is a usher.yml instead of usher.yaml
	sources   map[string]*node // where the schema's expressions stand
	running   bool             // see Compile
	lostID    bool             // a playbook's id could not be read: an id that nothing has may be that one
	blind     bool             // usher.yaml could not be read: what the rest names is unknown
	// playbookNodes remembers where each playbook's id stands.
	playbookNodes map[string]*node
	declared      map[string]bool // ids of playbooks, also of those with mistakes
	texts         map[string]*file
	// brokenNames are attributes and properties whose type has a mistake: what names them is not judged.
	brokenNames map[string]bool
	places      *[]Place // for editors; nil: nobody asks
	forAll      []Pos    // schedules that name no segment
	words       map[wordKind]map[string][]wordUse
	messages    map[string][]sentMessage // by channel
}

// report is a diagnostic under construction. The zero index of a report that was not wanted is never reached.
type report struct {
	c *checker
	i int
}

func (c *checker) add(sev Severity, code string, p Pos, message string) report {
	c.diags = append(c.diags, Diagnostic{Severity: sev, Code: code, Message: message, Pos: p})
	return report{c, len(c.diags) - 1}
}

func (c *checker) error(code string, p Pos, message string) report {
	return c.add(Error, code, p, message)
}

func (c *checker) warn(code string, p Pos, message string) report {
	return c.add(Warning, code, p, message)
}

// label sets what stands right of the caret.
func (r report) label(s string) report {
	r.c.diags[r.i].Label = s
	return r
}

func (r report) related(message string, p Pos) report {
	d := &r.c.diags[r.i]
	d.Related = append(d.Related, Related{Message: message, Pos: p})
	return r
}

func (r report) edit(p Pos, text string) report {
	d := &r.c.diags[r.i]
	d.Edits = append(d.Edits, Edit{Pos: p, Text: text})
	return r
}

// doubt says that the edit may not be what was meant.
func (r report) doubt(unless bool) report {
	doubtful(r.c.diags[r.i].Edits, unless)
	return r
}

func doubtful(edits []Edit, unless bool) {
	for i := range edits {
		edits[i].Doubt = edits[i].Doubt || !unless
	}
}

// sorted gives the diagnostics by place, each once.
func sorted(diags []Diagnostic) []Diagnostic {
	slices.SortStableFunc(diags, func(a, b Diagnostic) int {
		return cmp.Or(ComparePos(a.Pos, b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(diags, func(a, b Diagnostic) bool {
		return a.Code == b.Code && a.Pos == b.Pos && a.Message == b.Message
	})
}

// mapping wants a mapping with no keys but the known ones; ok is false when it is none or was refused before.
func (c *checker) mapping(n *node, what string, known ...string) bool {
	if n.broken {
		return false
	}
	if n.kind != mappingNode {
		c.wrongType(n, what+" must be a mapping (`key: value`)")
		return false
	}
	for _, e := range n.entries {
		if !slices.Contains(known, e.key.value) {
			if k := c.keySlip(e.key, known); k != "" {
				n.meant = append(n.meant, k)
				continue
			}
			c.unknownKey(e.key, what, known)
			n.meant = append(n.meant, closest(e.key.value, known))
		}
	}
	return true
}

func (c *checker) unknownKey(key *node, what string, known []string) {
	label := didYouMean(key.value, known)
	r := c.error("unknown-key", key.pos(), fmt.Sprintf("%s has no key `%s`", what, key.value))
	if label == "" {
		r.label("known here: " + oneOf(known))
		return
	}
	r.label(label).edit(key.pos(), closest(key.value, known)).doubt(sole(key.value, known))
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

// require gives the value of a key that must be there.
func (c *checker) require(n *node, what, key, example string) *node {
	v := n.get(key)
	if v == nil && !n.broken && !slices.Contains(n.meant, key) {
		c.error("missing-key", n.pos(), fmt.Sprintf("%s needs the key `%s`", what, key)).label("add `" + example + "`")
	}
	return v
}

// requireLine is require for a key that has one answer: the line with it is offered, as the file's first.
func (c *checker) requireLine(n *node, what, key, line string) *node {
	before := len(c.diags)
	v := c.require(n, what, key, line)
	if v != nil || len(c.diags) == before || n.flow || len(n.entries) == 0 {
		return v
	}
	at := n.f.pos(n.entries[0].key.start, n.entries[0].key.start)
	if at.Column != 1 {
		return nil
	}
	end := "\n"
	if strings.Contains(n.f.text, "\r\n") {
		end = "\r\n"
	}
	report{c, len(c.diags) - 1}.edit(at, line+end)
	return nil
}

func (c *checker) wrongType(n *node, message string) report {
	var got string
	switch {
	case n.isNull():
		got = "nothing is given"
	case n.kind == mappingNode:
		got = "this is a mapping"
	case n.kind == sequenceNode:
		got = "this is a list"
	case n.tag == "int" || n.tag == "float":
		got = "this is a number"
	case n.tag == "bool":
		got = "this is a bool"
	case n.tag == "timestamp":
		got = "this is a date"
	default:
		got = "this is a string"
	}
	return c.error("wrong-type", n.pos(), message).label(got)
}

// str reads a string. A number or a bool in its place is one in want of quotes.
func (c *checker) str(n *node, what string) (string, bool) {
	switch {
	case n == nil || n.broken:
		return "", false
	case n.kind == scalarNode && n.tag == "str":
		return n.value, true
	case n.kind == scalarNode && n.tag != "null" && n.style == plainStyle:
		c.error("wrong-type", n.pos(), what+" must be a string").label("put it in quotes: "+quote(n.value)).
			edit(n.pos(), quote(n.value)).doubt(false) // a number in a text's place may be another value's
		return "", false
	}
	c.wrongType(n, what+" must be a string")
	return "", false
}

// text reads free text: a string that YAML did not cut short.
func (c *checker) text(n *node, what string) (string, bool) {
	if n != nil && !n.broken && c.cutSlip(n, false) {
		return "", false
	}
	return c.str(n, what)
}

var wholeNumber = regexp.MustCompile(`^[-+]?[0-9]+$`)

func (c *checker) integer(n *node, what string, least, most int) (int, bool) {
	if n == nil || n.broken {
		return 0, false
	}
	if n.kind != scalarNode || n.tag != "int" || !wholeNumber.MatchString(n.value) {
		r := c.wrongType(n, what+" must be a whole number")
		if plain := strings.ReplaceAll(strings.ReplaceAll(narrowed(n.value), ",", ""), "_", ""); n.kind == scalarNode && wholeNumber.MatchString(plain) {
			switch {
			case n.style != plainStyle && plain == n.value:
				r.label("write it without quotes").edit(n.pos(), plain)
			case plain != n.value:
				r.label("write "+plain).edit(n.pos(), plain).doubt(!strings.ContainsAny(n.value, ","))
			}
		} else if w, ok := wordedNumberIn(n.value); ok && n.kind == scalarNode && w.to-w.from == len(n.value) && wholeNumber.MatchString(w.write) {
			r.label("write "+w.write).edit(n.pos(), w.write)
		}
		return 0, false
	}
	v, err := strconv.Atoi(n.value)
	if err != nil || v < least || v > most {
		c.error("bad-value", n.pos(), fmt.Sprintf("%s must be between %d and %d", what, least, most))
		return 0, false
	}
	return v, true
}

// enum reads one of the words.
func (c *checker) enum(n *node, what string, words ...string) (string, bool) {
	if n == nil || n.broken {
		return "", false
	}
	if n.kind == scalarNode && slices.Contains(words, n.value) {
		return n.value, true
	}
	if n.kind != scalarNode || n.isNull() {
		c.wrongType(n, what+" must be "+oneOf(words))
		return "", false
	}
	r := c.error("bad-value", n.pos(), fmt.Sprintf("%s cannot be `%s`", what, n.value))
	if best := closest(n.value, words); best != "" {
		r.label("did you mean `"+best+"`?").edit(n.pos(), best).doubt(sole(n.value, words))
	} else {
		r.label("write " + oneOf(words))
	}
	return "", false
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxName = 100

// kebabCase reads the name of a playbook, segment, channel or pool.
func (c *checker) kebabCase(n *node, what string) (string, bool) {
	s, ok := c.str(n, "the id of "+what)
	if !ok {
		return "", false
	}
	return s, c.isName(n, what, s, kebab, "write it in kebab-case: small letters and digits, words joined by `-`", kebabOf)
}

func (c *checker) isName(n *node, what, s string, re *regexp.Regexp, hint string, mend func(string) string) bool {
	if re.MatchString(s) && len(s) <= maxName {
		return true
	}
	r := c.error("bad-name", n.pos(), fmt.Sprintf("`%s` is not a name for %s", s, what)).label(hint)
	if better := mend(s); re.MatchString(better) {
		r.edit(n.pos(), better).doubt(false) // other places may name it
	}
	return false
}

// kebabOf guesses the kebab-case form of a name: CartRescue, cart_rescue and "Cart rescue" are cart-rescue.
func kebabOf(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('-')
			}
			b.WriteRune(r - 'A' + 'a')
		case r == '_' || r == ' ' || r == '.':
			b.WriteByte('-')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// duration reads a constant duration that is longer than nothing.
func (c *checker) duration(n *node, what string) (Duration, bool) {
	d, ok := c.anyDuration(n, what)
	if ok && (d.Days < 0 || d.Elapsed < 0 || d.IsZero()) {
		c.error("bad-duration", n.pos(), what+" must be longer than nothing").label("as in 30s, 15m, 4h, 2d, 1w")
		return d, false
	}
	return d, ok
}

// anyDuration reads a constant duration that may be negative.
func (c *checker) anyDuration(n *node, what string) (Duration, bool) {
	if n == nil || n.broken {
		return Duration{}, false
	}
	if n.kind != scalarNode || n.isNull() {
		c.wrongType(n, what+" must be a duration, as in 30s, 15m, 4h, 2d, 1w")
		return Duration{}, false
	}
	d, err := ParseDuration(n.value)
	if err == nil {
		d.written = n.value
		return d, true
	}
	r := c.error("bad-duration", n.pos(), fmt.Sprintf("`%s` is not a duration", n.value))
	hint := durationMeant(n.value)
	if text := hint.label(); text != "" {
		r.label(text)
	} else {
		r.label(err.Error())
	}
	if hint.write != "" {
		r.edit(n.pos(), hint.write).doubt(hint.sure)
	}
	return d, false
}

// expression compiles the expression that stands in the node, or nil.
func (c *checker) expression(n *node, sc *Scope, want *Type) *Expr {
	if n == nil || n.broken || c.cutSlip(n, true) {
		return nil
	}
	text, ok := c.expressionText(n, "an expression")
	if !ok {
		return nil
	}
	if c.needlessEquals(n, text) {
		return nil
	}
	return c.compile(n, 0, sc, want)
}

// expressionText reads the text of an expression. One that is a number or a bool to YAML is one to the expression checker too,
// which says what is wrong with a constant.
func (c *checker) expressionText(n *node, what string) (string, bool) {
	if n.kind == scalarNode && n.tag != "null" {
		return n.value, true
	}
	return c.str(n, what)
}

// needlessEquals reports the `= ` that marks an expression among literals, where nothing but an expression can stand.
func (c *checker) needlessEquals(n *node, text string) bool {
	if !strings.HasPrefix(text, "= ") {
		return false
	}
	c.error("syntax-expression", n.at(0, 2), "this is an expression already").label("leave the `= ` out").edit(n.at(0, 2), "")
	return true
}

// namesBroken tells whether the text names something whose declaration has a mistake: one cause, one mistake.
func (c *checker) namesBroken(text string) bool {
	if len(c.brokenNames) == 0 {
		return false
	}
	return slices.ContainsFunc(identifier.FindAllString(text, -1), func(w string) bool { return c.brokenNames[w] })
}

var identifier = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)

// compile compiles the expression in the node, without its first skip characters, and remembers what it refers to.
func (c *checker) compile(n *node, skip int, sc *Scope, want *Type) *Expr {
	c.place(n, sc, want)
	if c.blind {
		return nil
	}
	src := n.source(skip)
	if c.namesBroken(src.Text) {
		return nil
	}
	if c.running {
		anyway := *sc
		anyway.Running, sc = true, &anyway
	}
	e, diags := CompileExpr(src, sc, want)
	if n.f.name != schemaFile && hasError(c.diags) { // a circle of declarations is told there, not at each use
		diags = slices.DeleteFunc(diags, func(d Diagnostic) bool { return d.Code == "reference-cycle" })
	}
	fitEdits(n, diags)
	c.diags = append(c.diags, diags...)
	if e != nil {
		c.wordsOf(e)
		for _, s := range e.Refs.Segments {
			c.used["segment "+s] = true
		}
	}
	return e
}
