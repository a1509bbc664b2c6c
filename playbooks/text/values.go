package text

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/expression/unknown"
	"github.com/usher-run/usher/playbooks/schema"
)

// value returns the type of an expression, and judges what is in it.
func (c *textTyper) value(x Expr) textValue {
	switch x := x.(type) {
	case *Literal:
		return literalValue(x)
	case *Name:
		return c.signed(c.variable(x))
	case *Field:
		return c.signed(c.field(x))
	case *Index:
		return c.index(x)
	case *Filter:
		return c.filter(x)
	case *Compare:
		c.compare(x)
		return textValue{t: schema.Bool}
	case *Logic:
		c.logic(x)
		return textValue{t: schema.Bool}
	case *Group:
		v := c.value(x.Of)
		v.path = ""
		return v
	case *Range:
		c.error("template-syntax", x.Span, "a range is only known in {% for i in (1..10) %}, with numbers", "")
	}
	return anyValue
}

func literalValue(x *Literal) textValue {
	v := textValue{literal: x.Value, isConst: true, sign: signOfLiteral(x.Value)}
	switch x.Value.(type) {
	case string:
		v.t = schema.String
	case int:
		v.t = schema.Int
	case float64:
		v.t = schema.Number
	case bool:
		v.t = schema.Bool
	default:
		v.t = schema.Nil
	}
	return v
}

func isBlankName(name string) bool { return name == "blank" || name == "empty" }

// missing reports whether a value may be missing here.
func (c *textTyper) missing(v textValue) bool {
	return v.t.Optional && v.t.Kind != schema.KindAny && (v.path == "" || !c.present[v.path])
}

func (c *textTyper) variable(x *Name) textValue {
	if v, ok := c.locals[x.Name]; ok {
		v.path = x.Name
		return v
	}
	if c.scope == nil || isBlankName(x.Name) {
		return anyValue
	}
	t := c.root(x.Name)
	if t == nil {
		c.unknownRoot(x)
		return anyValue
	}
	return textValue{t: t, path: x.Name}
}

// subject returns what texts call whom they are about.
func (c *textTyper) subject() string {
	if c.scope == nil {
		return scope.Member
	}
	return c.scope.Schema.Subject()
}

// root returns the type of a variable that stands first, or nil.
func (c *textTyper) root(name string) *schema.Type {
	switch name {
	case "now":
		return schema.Datetime
	case c.subject():
		t := scope.MemberType(c.scope.Schema)
		for i := range t.Fields {
			if t.Fields[i].Type == nil {
				t.Fields[i].Type = schema.Any
			}
		}
		return t
	case "trigger":
		return c.scope.Trigger
	case "vars", "params", "with":
		return c.scope.Root(name)
	case "actions":
		if c.scope.With != nil {
			return nil
		}
		t := &schema.Type{Kind: schema.KindObject}
		for _, a := range c.scope.Actions {
			t.Fields = append(t.Fields, schema.Field{Name: a.ID, Type: a.Type, Pos: a.Pos})
		}
		return t
	}
	return nil
}

// ofRun are the variables that texts have of a run.
var ofRun = []string{"trigger", "vars", "params", "actions"}

func (c *textTyper) unknownRoot(x *Name) {
	if c.unread[x.Name] {
		return
	}
	known := []string{c.subject(), "actions", "now"}
	if c.scope.With != nil {
		known = []string{c.subject(), "now"}
	}
	for _, r := range c.scope.Roots() {
		if r.Name != "event" {
			known = append(known, r.Name)
		}
	}
	switch {
	case c.scope.With != nil && (x.Name == scope.Member || slices.Contains(ofRun, x.Name)):
		c.error("unknown-variable", x.Span, fmt.Sprintf("no `%s` is known here: the text is for a %s, which knows nothing of the run",
			x.Name, c.subject()), "carry the value over: with: {name: = "+x.Name+".…}, and write with.name")
		return
	case c.scope.With == nil && x.Name == "with":
		c.error("unknown-variable", x.Span, "there is no `with` here: nothing is carried over to this text",
			"it stands beside `to: {group: …}` of a message")
		return
	}
	switch x.Name {
	case scope.Member:
		c.error("unknown-variable", x.Span, fmt.Sprintf("no member is known here: this is about a %s", c.subject()),
			"write "+c.subject()+"; who took part is trigger.member")
		return
	case "event":
		c.error("unknown-variable", x.Span, "there is no `event` in a text", "did you mean `trigger`?")
		return
	case "forloop":
		c.error("unknown-variable", x.Span, "`forloop` is known inside of {% for %} only", "")
		return
	case "today":
		c.error("unknown-variable", x.Span, "there is no `today` in a text", "write now | date: '%Y-%m-%d'")
		return
	}
	for local := range c.locals {
		known = append(known, local)
	}
	slices.Sort(known)
	label := diag.DidYouMean(x.Name, known)
	_, declared := c.scope.Schema.AttributeType(x.Name)
	if label == "" && (declared || scope.IsBuiltin(c.subject(), x.Name)) {
		label = "did you mean `" + c.subject() + "." + x.Name + "`?"
	}
	for _, r := range c.scope.Roots() {
		if _, ok := r.Type.Field(x.Name); ok && label == "" && r.Name != "event" {
			label = "did you mean `" + r.Name + "." + x.Name + "`?"
		}
	}
	if field := unknown.FieldAfter(c.text[x.To:]); label == "" &&
		slices.Contains(foreign.MemberSynonyms, strings.ToLower(x.Name)) && field != "" {
		label = "write " + c.subject() + "." + field
	}
	c.error("unknown-variable", x.Span, fmt.Sprintf("there is no variable `%s`", x.Name),
		cmp.Or(label, "there is "+diag.OneOf(known)+"; a text is quoted: '"+x.Name+"'"))
	c.near(x.Name, known)
}

// field returns what stands behind a dot. A field of what may be missing may be missing.
func (c *textTyper) field(x *Field) textValue {
	before := len(c.diags)
	of := c.value(x.Of)
	if len(c.diags) > before && of.t.Kind == schema.KindAny {
		return anyValue
	}
	if c.scope == nil {
		return anyValue
	}
	next := step(of.t, x.Name.Text)
	if next == nil {
		c.unknownField(x, of)
		return anyValue
	}
	if of.t.Kind == schema.KindString && x.Name.Text == "size" {
		c.sizeOfText(x)
	}
	if root, ok := x.Of.(*Name); ok && c.locals[root.Name].t == nil {
		c.note(root.Name, x.Name.Text)
	}
	v := textValue{t: next}
	if x.Name.Text == "size" && of.t.Kind != schema.KindObject {
		v.sign = bounds.NotNegative
	}
	if of.path != "" {
		v.path = of.path + "." + x.Name.Text
	}
	switch {
	case c.missing(of) && x.Name.Text != "size" && next.Kind != schema.KindAny:
		v.t = next.AsOptional()
	case next.Optional && v.path != "" && c.present[v.path] && next.Kind != schema.KindAny:
		v.t = next.Required()
	}
	return v
}

// note remembers what the template refers to.
func (c *textTyper) note(root, field string) {
	switch root {
	case c.subject():
		c.refs.Attributes = append(c.refs.Attributes, field)
	case "actions":
		c.refs.Actions = append(c.refs.Actions, field)
	}
}

// step returns the type of a field, or nil when there is none. Lists and strings have what Liquid
// gives them.
func step(t *schema.Type, field string) *schema.Type {
	switch {
	case t == nil || t.Kind == schema.KindAny:
		return schema.Any
	case t.Kind == schema.KindObject:
		ft, ok := t.Field(field)
		if !ok {
			return nil
		}
		if ft == nil {
			return schema.Any
		}
		return ft
	case field == "size" && (t.Kind == schema.KindList || t.Kind == schema.KindString):
		return schema.Int
	case t.Kind == schema.KindList && (field == "first" || field == "last"):
		if t.Elem == nil {
			return schema.Any
		}
		return t.Elem.AsOptional()
	}
	return nil
}

func (c *textTyper) unknownField(x *Field, of textValue) {
	name, field, t := cmp.Or(of.path, c.source(x.Of)), x.Name.Text, of.t
	known := t.FieldNames()
	label := diag.DidYouMean(field, known)
	if label == "" && len(known) > 0 {
		label = "known: " + diag.OneOf(known)
	}
	message := fmt.Sprintf("%s has no `%s`", name, field)
	switch {
	case t.Kind != schema.KindObject:
		message, label = fmt.Sprintf("%s is %s and has no `%s`", name, schema.Article(t.Required().String()), field), ""
		if f := filterNamed(field); f != nil && (f.In == takesList) == (t.Kind == schema.KindList) {
			label = "as in {{ " + name + " " + f.Usage() + " }}"
		}
	case name == "actions" && c.scope.Later[field]:
		message, label = fmt.Sprintf("the action `%s` has not run yet here", field), "a text sees the actions before it"
	case name == "actions":
		message = fmt.Sprintf("there is no action `%s`", field)
	case name == "params" && c.scope.Whole[field] != "":
		message, label = unknown.WholeParam(field, c.scope.Whole[field])
		c.error("unknown-variable", x.Name.Span, message, label)
		return
	case name == "with" && label == "":
		label = "carry it over: with: {" + field + ": = …}, beside `to`"
	case name == c.subject():
		message = fmt.Sprintf("%s has no attribute `%s`", name, field)
	}
	d := c.error("unknown-variable", x.Name.Span, message, label)
	switch near := diag.Closest(field, known); {
	case name == "actions" && !c.scope.Later[field]:
		unknown.AboutAction(d, c.scope, field, near, unknown.FieldAfter(c.text[x.Name.To:]))
	case t.Kind == schema.KindObject && name != "actions":
		d.RelateName(field, near, t.Find)
	}
	if strings.HasPrefix(label, "did you mean") && field != "" {
		c.near(field, known)
		if name == "actions" || name == "params" || t.Find(diag.Closest(field, known)).Line > 0 {
			d.AssumeName(diag.Closest(field, known))
		}
	}
}

func (c *textTyper) index(x *Index) textValue {
	of := c.value(x.Of)
	c.value(x.At)
	if of.t.Kind == schema.KindObject {
		c.error("template-syntax", Span{From: x.Of.Place().To, To: x.Of.Place().To + 1},
			fmt.Sprintf("`%s` is read by its names, with a dot", c.source(x.Of)),
			"as in "+c.source(x.Of)+".id")
		return anyValue
	}
	if of.t.Kind == schema.KindList && of.t.Elem != nil {
		return textValue{t: of.t.Elem.AsOptional()}
	}
	return anyValue
}

// otherFilters are filters of other languages, with what is meant.
var otherFilters = map[string]string{
	"upper": "write upcase", "uppercase": "write upcase", "lower": "write downcase", "lowercase": "write downcase",
	"trim":   "write strip",
	"length": "write size", "count": "write size", "strftime": "write date",
	"format": "a time is written by date: '%Y-%m-%d'", "date_format": "write date",
	"add": "write plus", "sub": "write minus", "subtract": "write minus", "mul": "write times",
	"multiply": "write times", "div": "write divided_by",
	"divide": "write divided_by", "mod": "write modulo", "concatenate": "write append", "title": "write capitalize",
	"int":      "write round",
	"date_add": "write add_days", "days": "write add_days", "plus_days": "write add_days", "if_empty": "write default",
	"or": "write default", "fallback": "write default",
	"number_with_delimiter": "write money", "currency": "write money", "price": "write money",
	"t": "texts are not translated", "safe": "what a text itself brings is not escaped",
	"raw": "what a text itself brings is not escaped", "e": "write escape", "h": "write escape",
	"html_escape": "write escape", "to_json": "write json",
}

var (
	digitDate = regexp.MustCompile(`^(20\d\d)(0[1-9]|1[0-2])([0-3]\d)$`)
	leadDigit = regexp.MustCompile(`^\s*(-?\d+(?:\.\d+)?)`)
)
