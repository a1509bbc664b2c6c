package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// textTyper goes through the tree of a text with the types of what it names, and collects the edits
// that bring it into the form that the library carries out as the language means it.
type textTyper struct {
	text     string
	html     bool
	at       func(from, to int) diag.Pos
	scope    *scope.Scope // nil: what is in scope is not known, and only the form is judged
	diags    []diag.Diagnostic
	refs     expression.Refs
	locals   map[string]textValue // bound by assign, capture and for
	captured map[string]bool
	unread   map[string]bool // words of tags that cannot be read
	present  map[string]bool // paths that were seen to be present
	loops    int
	edits    []textEdit
	branches []playbooks.TextBranch
	bound    []string // the names that were bound so far

	localized bool             // it needs the member's locale
	labels    []map[string]any // of the enums that it shows labels of
}

// textValue is what is known of a value.
type textValue struct {
	t       *schema.Type
	path    string // of a variable, as member.nickname
	literal any    // of a constant
	isConst bool
	numeral bool        // a text that is a number
	mixed   bool        // of several types
	sign    bounds.Sign // of a number
	divides *quotient   // of a division whose divisor may be zero
	guard   string      // of what a result may lack: the path that says whether it is there
}

// describe names the value for a mistake.
func (v textValue) describe() string {
	switch {
	case v.mixed:
		return "a value of several types"
	case v.t.Kind == schema.KindNil:
		return "nil"
	}
	return schema.Article(v.t.Required().String())
}

var anyValue = textValue{t: schema.Any}

func (c *textTyper) diag(sev diag.Severity, code string, at Span, message, label string) *diag.Diagnostic {
	d := diag.Diagnostic{Severity: sev, Code: code, Message: message, Label: label}
	if c.at != nil {
		d.Pos = c.at(utf8.RuneCountInString(c.text[:at.From]), utf8.RuneCountInString(c.text[:at.To]))
	}
	c.diags = append(c.diags, d)
	return &c.diags[len(c.diags)-1]
}

func (c *textTyper) error(code string, at Span, message, label string) *diag.Diagnostic {
	return c.diag(diag.Error, code, at, message, label)
}

func (c *textTyper) warn(code string, at Span, message, label string) *diag.Diagnostic {
	return c.diag(diag.Warning, code, at, message, label)
}

// near offers the known word that is nearest to the one which was just reported.
func (c *textTyper) near(word string, known []string) {
	if d := &c.diags[len(c.diags)-1]; d.Line > 0 && diag.Closest(word, known) != "" {
		d.Suggest(diag.Closest(word, known)).UnsureUnless(diag.UniqueMatch(word, known))
	}
}

func (c *textTyper) source(x Expr) string { return c.text[x.Place().From:x.Place().To] }

// errors counts the mistakes so far.
func (c *textTyper) errors() int {
	n := 0
	for i := range c.diags {
		if c.diags[i].Severity == diag.Error {
			n++
		}
	}
	return n
}

// nodes goes through a list of parts.
func (c *textTyper) nodes(list []Node) {
	for _, n := range list {
		switch n := n.(type) {
		case *Plain:
			if !n.Raw {
				c.unfilledPlaceholders(n)
			}
		case *Output:
			c.output(n)
		case *Assign:
			v := c.value(n.Value)
			v.guard = c.guardOf(n.Value)
			c.bind(n.Name, v)
		case *Capture:
			c.nodes(n.Body)
			c.bind(n.Name, textValue{t: schema.String})
			c.captured[n.Name.Text] = true
			c.boundedCapture(n)
		case *If:
			c.ifs(n)
		case *Case:
			c.cases(n)
		case *For:
			c.loop(n)
		}
	}
}

func (c *textTyper) output(n *Output) {
	if n.Value == nil {
		return
	}
	if c.printsCondition(n.Value) {
		return
	}
	before := c.errors()
	v := c.value(n.Value)
	c.guardDivision(n.Value, v, "nothing would stand there")
	if c.errors() == before {
		c.guardResult(n.Value)
	}
	if name, ok := n.Value.(*Name); ok && c.html && c.captured[name.Name] {
		c.edit(n.Value.Place().To, " | safe") // what it is made of is escaped already
	}
	t := v.t
	if t.Kind == schema.KindList && t.Elem != nil {
		t = t.Elem
	}
	if t.Kind == schema.KindObject && v.path != "" {
		c.error("unknown-variable", n.Value.Place(), fmt.Sprintf("`%s` is no text: it has fields", v.path),
			"print one of them, as in "+v.path+"."+firstField(t))
	}
}

// printsCondition reports a condition where a value is printed.
func (c *textTyper) printsCondition(x Expr) bool {
	switch x := x.(type) {
	case *Logic:
		label := "as in {% if " + c.source(x) + " %} … {% endif %}"
		if x.Ops[len(x.Ops)-1].Text == "or" {
			label = "write " + c.source(x.Terms[0]) + " | default: 'text'"
			if last, ok := x.Terms[len(x.Terms)-1].(*Literal); ok && last.Value != nil {
				label = "write " + c.source(x.Terms[0]) + " | default: " + c.source(last)
			}
		}
		c.error("template-syntax", x.Span, "`"+x.Ops[0].Text+"` joins conditions: it chooses no value to print", label)
		return true
	case *Compare:
		c.error("template-syntax", x.Span, "this is a condition: it would print true or false", "as in {% if "+c.source(x)+
			" %} … {% endif %}")
		return true
	}
	return false
}

func firstField(t *schema.Type) string {
	if len(t.Fields) == 0 {
		return "id"
	}
	return t.Fields[0].Name
}

// rootNames are the variables that a text has without binding them.
var rootNames = []string{"member", "trigger", "actions", "now"}

func (c *textTyper) bind(name Ident, v textValue) {
	switch {
	case name.Text == "":
		return
	case slices.Contains(rootNames, name.Text) || name.Text == c.subject() || c.scope != nil && c.scope.Root(name.Text) != nil && name.Text != "event" || name.Text == "blank" || name.Text == "empty" || name.Text == "forloop":
		c.error("template-syntax", name.Span, fmt.Sprintf("`%s` cannot be assigned", name.Text), "choose another name")
		return
	}
	delete(c.captured, name.Text)
	c.forget(name.Text)
	c.bound = append(c.bound, name.Text)
	v.path, v.isConst, v.literal = "", false, nil
	c.locals[name.Text] = v
}

// forget drops what was seen of a variable that is bound anew.
func (c *textTyper) forget(name string) {
	for path := range c.present {
		if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+" ") {
			delete(c.present, path)
		}
	}
}

// branch goes through one way with what it knows, and gives what its variables are behind it.
func (c *textTyper) branch(facts []string, body func()) map[string]textValue {
	locals, known := maps.Clone(c.locals), maps.Clone(c.present)
	for _, f := range facts {
		c.present[f] = true
	}
	body()
	after := c.locals
	c.locals, c.present = locals, known
	return after
}

// merge joins what variables are behind each of several ways, of which one is taken. bound is how
// many names were bound before them: what was seen of a name that is bound in one of them may not
// hold behind it.
func (c *textTyper) merge(ways []map[string]textValue, bound int) {
	for _, name := range c.bound[bound:] {
		c.forget(name)
	}
	out := map[string]textValue{}
	for _, w := range ways {
		for name := range w {
			if _, done := out[name]; done {
				continue
			}
			v, first := textValue{}, true
			for _, other := range ways {
				o, ok := other[name]
				if !ok {
					o = textValue{t: schema.Nil}
				}
				if v, first = eitherOrFirst(v, o, first), false; v.t == schema.Nil {
					v.t = schema.Nil
				}
			}
			out[name] = v
		}
	}
	c.locals = out
}

func eitherOrFirst(a, b textValue, first bool) textValue {
	if first {
		return b
	}
	return eitherOf(a, b)
}

func (c *textTyper) ifs(n *If) {
	bound := len(c.bound)
	var ways []map[string]textValue
	var failed []string // what holds when no branch before was taken
	closed := false
	for i := range n.Branches {
		b := &n.Branches[i]
		var facts []string
		if b.Name == "else" {
			closed = true
		} else {
			before := c.errors()
			restore := maps.Clone(c.present)
			for _, f := range failed {
				c.present[f] = true
			}
			v := c.value(b.Cond)
			if b.Cond != nil && c.errors() == before {
				c.condition(b.Cond, v)
				c.constant(b.Cond)
			}
			c.present = restore
			facts = c.holds(b.Cond, b.Name != "unless")
		}
		ways = append(ways, c.branch(slices.Concat(failed, facts), func() {
			name := fmt.Sprintf("`%s`", c.tagText(b.Span))
			if i > 0 {
				name += fmt.Sprintf(" of `%s`", c.tagText(n.Span))
			}
			c.reach(b.Span, name)
			c.nodes(b.Body)
		}))
		failed = slices.Concat(failed, c.holds(b.Cond, b.Name == "unless"))
	}
	if !closed {
		none := "it does not hold"
		if len(n.Branches) > 1 {
			none = "none of its branches holds"
		}
		c.reachElse(n.End, n.Span, fmt.Sprintf("`%s` when %s", c.tagText(n.Span), none))
		ways = append(ways, c.locals)
	}
	c.merge(ways, bound)
}

// tagText returns a tag as written, in one line.
func (c *textTyper) tagText(at Span) string {
	return strings.Join(strings.Fields(c.text[at.From:at.To]), " ")
}

func (c *textTyper) cases(n *Case) {
	subject, bound := c.value(n.Value), len(c.bound)
	var ways []map[string]textValue
	closed := false
	seen := map[any]bool{}
	left := slices.Clone(subject.t.Enum)
	for i := range n.Branches {
		b := &n.Branches[i]
		var facts []string
		known := bounds.Positive
		for _, x := range b.Values {
			v := c.value(x)
			if name, ok := x.(*Name); ok && isBlankName(name.Name) {
				c.error("template-syntax", x.Place(), fmt.Sprintf("`%s` cannot stand behind `when`", name.Name), "write {% if "+
					c.source(n.Value)+" == "+name.Name+" %}")
				continue
			}
			c.comparable(x.Place(), "==", n.Value, x, subject, v)
			known &= v.sign
			if v.isConst && seen[v.literal] {
				c.error("constant-condition", x.Place(), fmt.Sprintf("%s stands here twice", c.source(x)),
					"the first `when` takes it")
			}
			if v.isConst {
				seen[v.literal] = true
				left = slices.DeleteFunc(left, func(s string) bool { return s == v.literal })
			}
			if v.isConst && v.t.Kind != schema.KindNil && subject.path != "" {
				facts = []string{subject.path}
			}
		}
		closed = closed || b.Name == "else"
		if b.Name == "else" {
			known = 0
			if seen[0] || seen[0.0] {
				known = bounds.NotZero
			}
		}
		if fact := bounds.SignFact(subject.path, known); fact != "" && subject.path != "" {
			facts = append(facts, fact)
		}
		ways = append(ways, c.branch(facts, func() {
			c.reach(b.Span, fmt.Sprintf("`%s` of `%s`", c.tagText(b.Span), c.tagText(n.Span)))
			c.nodes(b.Body)
		}))
	}
	if !closed {
		if len(left) > 0 || len(subject.t.Enum) == 0 || subject.t.Optional {
			c.reachElse(n.End, n.Span, fmt.Sprintf("`%s` when no `when` fits", c.tagText(n.Span)))
		}
		ways = append(ways, c.locals)
	}
	c.merge(ways, bound)
}

// forloop is what a loop knows of itself.
var forloop = schema.ObjectOf(
	schema.Field{Name: "index", Type: schema.Int}, schema.Field{Name: "index0", Type: schema.Int},
	schema.Field{Name: "rindex", Type: schema.Int}, schema.Field{Name: "rindex0", Type: schema.Int},
	schema.Field{Name: "length", Type: schema.Int}, schema.Field{Name: "first", Type: schema.Bool},
	schema.Field{Name: "last", Type: schema.Bool},
)

func (c *textTyper) loop(n *For) {
	if c.loops++; c.loops > maxLoopNesting {
		c.error("template-syntax", Span{From: n.From, To: n.To},
			fmt.Sprintf("loops are nested deeper than %d levels", maxLoopNesting), "")
	}
	item := c.items(n)
	for _, x := range []Expr{n.Limit, n.Offset} {
		if x == nil {
			continue
		}
		if v := c.value(x); v.t.Kind != schema.KindAny && (v.t.Kind != schema.KindInt || c.missing(v)) {
			c.error("type-mismatch", x.Place(), "limit and offset take a whole number, this is "+schema.Article(v.t.String()),
				"")
		}
	}
	body := func() {
		c.locals["forloop"] = textValue{t: forloop}
		if n.Item.Text != "" {
			c.forget(n.Item.Text)
			c.locals[n.Item.Text] = item
		}
		c.nodes(n.Body)
	}
	start, bound := maps.Clone(c.locals), len(c.bound)
	silent := len(c.diags)
	edits, branches := len(c.edits), len(c.branches)
	after := c.branch(nil, body) // once to see what its assignments make of variables, once to judge it
	c.diags, c.edits, c.branches = c.diags[:silent], c.edits[:edits], c.branches[:branches]
	delete(after, "forloop")
	delete(after, n.Item.Text)
	c.merge([]map[string]textValue{start, after}, bound)
	c.branch(nil, func() {
		c.reach(n.Span, fmt.Sprintf("the inside of `%s`", c.tagText(n.Span)))
		body()
	})
	c.loops--
	if n.Else != nil {
		ways := c.branch(nil, func() {
			c.reach(n.Else.Span, fmt.Sprintf("else of `%s`", c.tagText(n.Span)))
			c.nodes(n.Else.Body)
		})
		c.merge([]map[string]textValue{c.locals, ways}, bound)
	}
}

// items returns what the items of the loop's list are.
func (c *textTyper) items(n *For) textValue {
	if r, ok := n.List.(*Range); ok {
		c.fixedRange(r)
		return textValue{t: schema.Int}
	}
	if n.List == nil {
		return anyValue
	}
	v := c.value(n.List)
	c.edit(n.List.Place().To, " | "+filterListed)
	switch {
	case v.t.Kind == schema.KindList && v.t.Elem != nil:
		return textValue{t: v.t.Elem}
	case v.t.Kind == schema.KindList || v.t.Kind == schema.KindAny:
		return anyValue
	}
	label := "a loop goes through a list"
	if v.t.Kind == schema.KindString {
		label = "as in {% assign parts = " + c.source(n.List) + " | split: ',' %}"
	}
	c.error("type-mismatch", n.List.Place(),
		fmt.Sprintf("`%s` is %s and no list", c.source(n.List), schema.Article(v.t.Required().String())), label)
	return anyValue
}

func (c *textTyper) fixedRange(r *Range) {
	first, ok1 := r.First.(*Literal)
	last, ok2 := r.Last.(*Literal)
	if ok1 && ok2 {
		a, isInt1 := first.Value.(int)
		b, isInt2 := last.Value.(int)
		if isInt1 && isInt2 && max(a, -a, b, -b) < 1e6 {
			if b-a > maxListItems {
				c.error("template-syntax", r.Span, fmt.Sprintf("a loop runs at most %d times", maxListItems), "")
			}
			return
		}
	}
	c.error("template-syntax", r.Span, "a range is only known in {% for i in (1..10) %}, with numbers", "")
}
