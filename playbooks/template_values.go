package playbooks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/text"
)

// value gives the type of an expression, and judges what is in it.
func (c *textTyper) value(x text.Expr) textValue {
	switch x := x.(type) {
	case *text.Literal:
		return literalValue(x)
	case *text.Name:
		return c.signed(c.variable(x))
	case *text.Field:
		return c.signed(c.field(x))
	case *text.Index:
		return c.index(x)
	case *text.Filter:
		return c.filter(x)
	case *text.Compare:
		c.compare(x)
		return textValue{t: Bool}
	case *text.Logic:
		c.logic(x)
		return textValue{t: Bool}
	case *text.Group:
		v := c.value(x.Of)
		v.path = ""
		return v
	case *text.Range:
		c.error("template-syntax", x.Span, "a range is only known in {% for i in (1..10) %}, with numbers", "")
	}
	return anyValue
}

func literalValue(x *text.Literal) textValue {
	v := textValue{literal: x.Value, isConst: true, sign: signOfLiteral(x.Value)}
	switch x.Value.(type) {
	case string:
		v.t = String
	case int:
		v.t = Int
	case float64:
		v.t = Number
	case bool:
		v.t = Bool
	default:
		v.t = Nil
	}
	return v
}

func isBlankName(name string) bool { return name == "blank" || name == "empty" }

// missing reports whether a value may be missing here.
func (c *textTyper) missing(v textValue) bool {
	return v.t.Optional && v.t.Kind != KindAny && (v.path == "" || !c.known[v.path])
}

func (c *textTyper) variable(x *text.Name) textValue {
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

// root gives the type of a variable that stands first, or nil.
func (c *textTyper) root(name string) *Type {
	switch name {
	case "now":
		return Datetime
	case "member":
		t := MemberType(c.scope.Schema)
		for i := range t.Fields {
			if t.Fields[i].Type == nil {
				t.Fields[i].Type = Any
			}
		}
		return t
	case "trigger":
		return c.scope.Trigger
	case "actions":
		t := &Type{Kind: KindObject}
		for _, a := range c.scope.Actions {
			t.Fields = append(t.Fields, Field{Name: a.ID, Type: a.Type, Pos: a.Pos})
		}
		return t
	}
	return nil
}

func (c *textTyper) unknownRoot(x *text.Name) {
	if c.unread[x.Name] {
		return
	}
	known := []string{"member", "actions", "now"}
	if c.scope.Trigger != nil {
		known = append(known, "trigger")
	}
	switch x.Name {
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
	label := DidYouMean(x.Name, known)
	_, declared := c.scope.Schema.AttributeType(x.Name)
	if label == "" && (declared || slices.Contains(builtinMember, x.Name)) {
		label = "did you mean `member." + x.Name + "`?"
	}
	if label == "" && c.scope.Trigger != nil {
		if _, ok := c.scope.Trigger.Field(x.Name); ok {
			label = "did you mean `trigger." + x.Name + "`?"
		}
	}
	if field := fieldBehind(c.text[x.To:]); label == "" && slices.Contains(memberWords, strings.ToLower(x.Name)) && field != "" {
		label = "write member." + field
	}
	c.error("unknown-variable", x.Span, fmt.Sprintf("there is no variable `%s`", x.Name), cmp.Or(label, "there is "+oneOf(known)+"; a text is quoted: '"+x.Name+"'"))
	c.near(x.Name, known)
}

// field gives what stands behind a dot. A field of what may be missing may be missing.
func (c *textTyper) field(x *text.Field) textValue {
	before := len(c.diags)
	of := c.value(x.Of)
	if len(c.diags) > before && of.t.Kind == KindAny {
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
	if of.t.Kind == KindString && x.Name.Text == "size" {
		c.sizeOfText(x)
	}
	if root, ok := x.Of.(*text.Name); ok && c.locals[root.Name].t == nil {
		c.note(root.Name, x.Name.Text)
	}
	v := textValue{t: next}
	if x.Name.Text == "size" && of.t.Kind != KindObject {
		v.sign = notNegative
	}
	if of.path != "" {
		v.path = of.path + "." + x.Name.Text
	}
	switch {
	case c.missing(of) && x.Name.Text != "size" && next.Kind != KindAny:
		v.t = next.AsOptional()
	case next.Optional && v.path != "" && c.known[v.path] && next.Kind != KindAny:
		v.t = next.Required()
	}
	return v
}

// note remembers what the template refers to.
func (c *textTyper) note(root, field string) {
	switch root {
	case "member":
		c.refs.Attributes = append(c.refs.Attributes, field)
	case "actions":
		c.refs.Actions = append(c.refs.Actions, field)
	}
}

// step gives the type of a field, or nil when there is none. Lists and strings have what Liquid gives them.
func step(t *Type, field string) *Type {
	switch {
	case t == nil || t.Kind == KindAny:
		return Any
	case t.Kind == KindObject:
		ft, ok := t.Field(field)
		if !ok {
			return nil
		}
		if ft == nil {
			return Any
		}
		return ft
	case field == "size" && (t.Kind == KindList || t.Kind == KindString):
		return Int
	case t.Kind == KindList && (field == "first" || field == "last"):
		if t.Elem == nil {
			return Any
		}
		return t.Elem.AsOptional()
	}
	return nil
}

func (c *textTyper) unknownField(x *text.Field, of textValue) {
	name, field, t := cmp.Or(of.path, c.source(x.Of)), x.Name.Text, of.t
	known := t.FieldNames()
	label := DidYouMean(field, known)
	if label == "" && len(known) > 0 {
		label = "known: " + oneOf(known)
	}
	message := fmt.Sprintf("%s has no `%s`", name, field)
	switch {
	case t.Kind != KindObject:
		message, label = fmt.Sprintf("%s is %s and has no `%s`", name, article(t.Required().String()), field), ""
		if f := filterNamed(field); f != nil && (f.in == takesList) == (t.Kind == KindList) {
			label = "as in {{ " + name + " " + f.usage() + " }}"
		}
	case name == "actions" && c.scope.Later[field]:
		message, label = fmt.Sprintf("the action `%s` has not run yet here", field), "a text sees the actions before it"
	case name == "actions":
		message = fmt.Sprintf("there is no action `%s`", field)
	case name == "member":
		message = fmt.Sprintf("member has no attribute `%s`", field)
	}
	d := c.error("unknown-variable", x.Name.Span, message, label)
	switch near := closest(field, known); {
	case name == "actions" && !c.scope.Later[field]:
		aboutAction(d, c.scope, field, near, fieldBehind(c.text[x.Name.To:]))
	case t.Kind == KindObject && name != "actions":
		d.about(field, near, t.find)
	}
	if strings.HasPrefix(label, "did you mean") && field != "" {
		c.near(field, known)
		if name == "actions" || t.find(closest(field, known)).Line > 0 {
			d.trust(closest(field, known))
		}
	}
}

func (c *textTyper) index(x *text.Index) textValue {
	of := c.value(x.Of)
	c.value(x.At)
	if of.t.Kind == KindObject {
		c.error("template-syntax", text.Span{From: x.Of.Place().To, To: x.Of.Place().To + 1}, fmt.Sprintf("`%s` is read by its names, with a dot", c.source(x.Of)),
			"as in "+c.source(x.Of)+".id")
		return anyValue
	}
	if of.t.Kind == KindList && of.t.Elem != nil {
		return textValue{t: of.t.Elem.AsOptional()}
	}
	return anyValue
}

// filter judges a filter by its declaration.
func (c *textTyper) filter(x *text.Filter) textValue {
	in := c.value(x.Of)
	use := filterUse{in: in, at: x}
	for _, a := range x.Args {
		use.args = append(use.args, c.value(a))
	}
	for _, a := range x.Named {
		c.value(a.Value)
	}
	f := filterNamed(x.Name.Text)
	if f == nil {
		label := DidYouMean(x.Name.Text, filterNames())
		if other := otherFilters[x.Name.Text]; label == "" && other != "" {
			label = other
		}
		c.error("unknown-filter", x.Name.Span, fmt.Sprintf("there is no filter `%s`", x.Name.Text), cmp.Or(label, "see the filters of Liquid"))
		c.near(x.Name.Text, filterNames())
		return anyValue
	}
	before := len(c.diags)
	c.input(f, use)
	c.arguments(f, use)
	if len(c.diags) > before && c.errors() > 0 {
		return anyValue
	}
	if f.gives == nil {
		return textValue{t: String}
	}
	v := f.gives(c, use)
	v.sign = filterSign(use, v)
	return v
}

// otherFilters are filters of other languages, with what is meant.
var otherFilters = map[string]string{
	"upper": "write upcase", "uppercase": "write upcase", "lower": "write downcase", "lowercase": "write downcase", "trim": "write strip",
	"length": "write size", "count": "write size", "strftime": "write date", "format": "a time is written by date: '%Y-%m-%d'", "date_format": "write date",
	"add": "write plus", "sub": "write minus", "subtract": "write minus", "mul": "write times", "multiply": "write times", "div": "write divided_by",
	"divide": "write divided_by", "mod": "write modulo", "concatenate": "write append", "title": "write capitalize", "int": "write round",
	"date_add": "write add_days", "days": "write add_days", "plus_days": "write add_days", "if_empty": "write default", "or": "write default", "fallback": "write default",
	"number_with_delimiter": "write money", "currency": "write money", "price": "write money", "t": "texts are not translated", "safe": "what a text itself brings is not escaped",
	"raw": "what a text itself brings is not escaped", "e": "write escape", "h": "write escape", "html_escape": "write escape", "to_json": "write json",
}

// input judges what stands before the bar.
func (c *textTyper) input(f *textFilter, use filterUse) {
	at := use.at.Of.Place()
	if !c.takes(f, f.in, use.in, at, "`"+f.name+"` takes ") {
		return
	}
	if f.name != "default" && f.name != "money" && c.guardDivision(use.at.Of, use.in, "`"+f.name+"` needs a value") {
		return
	}
	if f.needs && c.missing(use.in) {
		how, fallback := c.withoutValue(f, use.in)
		src := c.source(use.at.Of)
		c.error("unguarded-optional", use.at.Of.Place(), fmt.Sprintf("`%s` may be missing, and %s", src, how),
			"write "+src+" | default: "+fallback+", or put it in {% if "+src+" %}")
	}
}

// withoutValue says what a filter does with a missing value, and what may stand in for it.
func (c *textTyper) withoutValue(f *textFilter, v textValue) (how, fallback string) {
	if isNumeric(v.t) || f.in == takesNumber {
		return "`" + f.name + "` would count it as 0", "0"
	}
	return "`" + f.name + "` would fail then", "''"
}

// unguardedArgument reports an argument that may be missing. No filter can stand behind it: that would be one of the whole.
func (c *textTyper) unguardedArgument(f *textFilter, x text.Expr, v textValue) {
	how, fallback := c.withoutValue(f, v)
	src := c.source(x)
	c.error("unguarded-optional", x.Place(), fmt.Sprintf("`%s` may be missing, and %s", src, how),
		"put it in {% if "+src+" %}, or write {% assign n = "+src+" | default: "+fallback+" %} before and n here")
}

// arguments judges what stands behind the colon.
func (c *textTyper) arguments(f *textFilter, use filterUse) {
	given := len(use.at.Args)
	for _, a := range use.at.Named {
		if !slices.Contains(f.named, a.Name.Text) {
			c.error("wrong-arguments", a.Name.Span, fmt.Sprintf("`%s` has no `%s:`", f.name, a.Name.Text), "write "+f.usage())
			return
		}
	}
	if given < f.least() || given > len(f.args) {
		c.error("wrong-arguments", use.at.Name.Span, fmt.Sprintf("`%s` takes %s, here are %d", f.name, f.count(), given), "write "+f.usage())
		return
	}
	for i, v := range use.args {
		a, at := f.args[i], use.at.Args[i].Place()
		switch {
		case !c.takes(f, a.takes, v, at, "as "+a.name+" `"+f.name+"` takes "):
		case c.guardDivision(use.at.Args[i], v, "`"+f.name+"` needs a value"):
		case (f.name == "divided_by" || f.name == "modulo") && v.isConst && (v.literal == 0 || v.literal == 0.0):
			c.error("template-syntax", at, "a division by zero", "write another number")
		case f.name == "divided_by" || f.name == "modulo": // see givesQuotient
		case (a.takes == takesNumber || a.takes == takesInt) && c.missing(v):
			c.unguardedArgument(f, use.at.Args[i], v)
		}
	}
}

// takes judges a value by what is taken there.
func (c *textTyper) takes(f *textFilter, want filterTakes, v textValue, at text.Span, head string) bool {
	t := v.t
	if t.Kind == KindNil && want != takesAny {
		c.error("type-mismatch", at, head+want.String()+", this is nil", "")
		return false
	}
	if (t.Kind == KindAny && !v.mixed) || t.Kind == KindNil {
		return true
	}
	scalar := t.Kind != KindList && t.Kind != KindObject
	label := ""
	switch want {
	case takesAny:
		return true
	case takesText:
		if scalar {
			return true
		}
		if t.Kind == KindList {
			label = "make it a text before, as in | join: ', '"
		}
	case takesNumber, takesInt:
		if !v.mixed && (t.Kind == KindInt || t.Kind == KindNumber && want == takesNumber || v.numeral || numeralLiteral(v)) {
			return true
		}
		switch {
		case v.isConst && t.Kind == KindString:
			label = numberHint(f, v)
		case v.mixed:
			label = "it may be a text: give it a number as its default"
		case isTime(t):
			label = "days are added by | add_days: 7"
		case t.Kind == KindNumber:
			label = "as in | round"
		}
	case takesTime:
		if isTime(t) || v.isConst && timeLiteral(v.literal) {
			return true
		}
		label = notATime(v)
	case takesList:
		if t.Kind == KindList {
			return true
		}
		if t.Kind == KindString {
			label = "as in | split: ','"
		}
	case takesListOrText:
		if t.Kind == KindList || scalar {
			return true
		}
	case takesFormat:
		if s, ok := v.literal.(string); ok {
			before := len(c.diags)
			c.dateFormat(at, s)
			return len(c.diags) == before
		}
		if t.Kind == KindString {
			return true
		}
	case takesField:
		return c.takesField(f, v, at)
	}
	c.error("type-mismatch", at, head+want.String()+", this is "+v.describe(), label).against(t)
	return false
}

func numeralLiteral(v textValue) bool {
	s, ok := v.literal.(string)
	return ok && cronNumber.MatchString(strings.TrimSpace(s))
}

func (c *textTyper) takesField(f *textFilter, v textValue, at text.Span) bool {
	if _, ok := v.literal.(string); ok {
		return true
	}
	c.error("type-mismatch", at, "`"+f.name+"` takes the name of a field, in quotes", "as in | "+f.name+": 'name'")
	return false
}

// timeLiteral reports whether a constant text is a time that a filter reads.
func timeLiteral(v any) bool {
	s, ok := v.(string)
	_, isTime := readTime(s)
	return ok && isTime
}

var (
	digitDate = regexp.MustCompile(`^(20\d\d)(0[1-9]|1[0-2])([0-3]\d)$`)
	leadDigit = regexp.MustCompile(`^\s*(-?\d+(?:\.\d+)?)`)
)

// numberHint says what number was meant by a text that is none: '3天' is 3.
func numberHint(f *textFilter, v textValue) string {
	if m := leadDigit.FindStringSubmatch(narrowed(fmt.Sprint(v.literal))); m != nil {
		return "write " + m[1]
	}
	return "a number stands here: " + f.usage()
}

func notATime(v textValue) string {
	switch s, _ := v.literal.(string); {
	case s == "now" || s == "today":
		return "write now, without quotes"
	case v.isConst && digitDate.MatchString(fmt.Sprint(v.literal)):
		return "write '" + digitDate.ReplaceAllString(fmt.Sprint(v.literal), "$1-$2-$3") + "'"
	case isoDate(s) != "":
		return "write '" + isoDate(s) + "'"
	case isNumeric(v.t) || v.numeral:
		return "days are added to a time by | add_days: 7"
	case v.isConst:
		return "as in '2026-11-11' or '2026-11-11T10:00:00+08:00'"
	}
	return "a text is not read as a time: declare it as date or datetime"
}
