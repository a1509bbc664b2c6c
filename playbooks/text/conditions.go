package text

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// condition judges a value that decides: in Liquid only false and what is missing do not hold, so
// that 0 and "" do.
func (c *textTyper) condition(x Expr, v textValue) {
	if g, ok := x.(*Group); ok {
		c.condition(g.Of, v)
		return
	}
	if name, ok := x.(*Name); ok && isBlankName(name.Name) {
		c.error("template-syntax", x.Place(), fmt.Sprintf("`%s` stands behind == or !=", name.Name),
			"as in member.nickname == "+name.Name)
		return
	}
	switch x.(type) {
	case *Compare, *Logic:
		return
	}
	if v.mixed || v.t.Kind == schema.KindAny || v.t.Kind == schema.KindBool || v.t.Kind == schema.KindNil ||
		v.t.Optional && !c.present[v.path] {
		return
	}
	src := c.source(x)
	label := "it is never missing"
	switch {
	case schema.IsNumeric(v.t):
		label = "0 holds too: write " + src + " > 0"
	case v.t.Kind == schema.KindString && !v.isConst:
		label = "an empty text holds too: write " + src + " != blank"
	case v.t.Kind == schema.KindList:
		label = "an empty list holds too: write " + src + " != empty"
	}
	c.error("constant-condition", x.Place(),
		fmt.Sprintf("`%s` is %s and always there: this always holds", src, schema.Article(v.t.String())), label)
}

// constant reports a condition that is true or false alone.
func (c *textTyper) constant(x Expr) {
	if l, ok := x.(*Literal); ok {
		if b, isBool := l.Value.(bool); isBool {
			c.error("constant-condition", l.Span,
				fmt.Sprintf("`%v` is a constant: this %s holds", b, map[bool]string{true: "always", false: "never"}[b]),
				"leave it out")
		}
	}
}

func (c *textTyper) logic(l *Logic) {
	restore := map[string]bool{}
	for i, x := range l.Terms {
		before := c.errors()
		v := c.value(x)
		if c.errors() == before {
			c.condition(x, v)
		}
		if l.Mixed() || i == len(l.Ops) {
			continue
		}
		for _, f := range c.holds(x, l.Ops[i].Text == "and") {
			if !c.present[f] {
				restore[f], c.present[f] = true, true
			}
		}
	}
	for f := range restore {
		delete(c.present, f)
	}
	if !l.Mixed() {
		return
	}
	last := l.Terms[len(l.Terms)-1]
	reads := c.source(last)
	for i := len(l.Ops) - 1; i >= 0; i-- {
		if i < len(l.Ops)-1 {
			reads = "(" + reads + ")"
		}
		reads = c.source(l.Terms[i]) + " " + l.Ops[i].Text + " " + reads
		if i > 0 {
			c.edit(l.Terms[i].Place().From, "(")
			c.edit(last.Place().To, ")")
		}
	}
	c.warn("mixed-and-or", l.Span, "`and` and `or` stand together: Liquid reads them from the right", "write brackets: "+
		reads)
}

// holds returns what is seen to be present when the condition has the outcome.
func (c *textTyper) holds(x Expr, outcome bool) []string {
	switch x := x.(type) {
	case *Group:
		return c.holds(x.Of, outcome)
	case *Logic:
		if x.Mixed() || (x.Ops[0].Text == "and") != outcome {
			return nil
		}
		var out []string
		for _, t := range x.Terms {
			out = append(out, c.holds(t, outcome)...)
		}
		return out
	case *Compare:
		return append(c.compareHolds(x, outcome), c.signHolds(x, outcome)...)
	case *Name:
		if outcome && c.locals[x.Name].t != nil {
			return []string{x.Name}
		}
	case *Field:
		return c.fieldHolds(x, outcome)
	}
	return nil
}

// pathOf returns the dotted path of a variable, or "".
func pathOf(x Expr) string {
	switch x := x.(type) {
	case *Name:
		return x.Name
	case *Field:
		if of := pathOf(x.Of); of != "" {
			return of + "." + x.Name.Text
		}
	}
	return ""
}

// fieldHolds returns what a field says of itself, and of the fields beside it that are there when
// it is true: issued of a coupon's code.
func (c *textTyper) fieldHolds(x *Field, outcome bool) []string {
	path, of := pathOf(x), pathOf(x.Of)
	if path == "" || c.scope == nil {
		return nil
	}
	var out []string
	if outcome {
		out = append(out, path, of)
	}
	want := x.Name.Text
	if !outcome {
		want = "!" + want
	}
	if t := c.pathType(x.Of); t != nil {
		for i := range t.Fields {
			if t.Fields[i].When == want && (outcome || !t.Optional) {
				out = append(out, of+"."+t.Fields[i].Name)
			}
		}
	}
	return out
}

// pathType returns the type of a path without judging it.
func (c *textTyper) pathType(x Expr) *schema.Type {
	switch x := x.(type) {
	case *Name:
		if v, ok := c.locals[x.Name]; ok {
			return v.t
		}
		return c.root(x.Name)
	case *Field:
		if of := c.pathType(x.Of); of != nil {
			return step(of, x.Name.Text)
		}
	}
	return nil
}

func (c *textTyper) compareHolds(x *Compare, outcome bool) []string {
	path := pathOf(x.Left)
	lit, isLiteral := x.Right.(*Literal)
	name, isName := x.Right.(*Name)
	nothing := isLiteral && lit.Value == nil || isName && name.Name == "blank"
	switch {
	case path == "":
		return nil
	case isLiteral && c.viaHolds(x, lit, outcome) != nil:
		return append(c.viaHolds(x, lit, outcome), path)
	case x.Op.Text == "!=" && nothing == outcome && nothing, x.Op.Text == "==" && nothing && !outcome:
		return []string{path}
	case isLiteral && !nothing && (x.Op.Text == "!=") != outcome:
		if b, ok := lit.Value.(bool); ok {
			return c.holds(x.Left, b == (x.Op.Text == "=="))
		}
		if x.Op.Text == "==" || x.Op.Text == "!=" || outcome {
			return []string{path}
		}
	}
	return nil
}

// compare judges a comparison, and writes those of times, blank and empty as the library carries
// them out.
func (c *textTyper) compare(x *Compare) {
	name, isBlank := x.Right.(*Name)
	isBlank = isBlank && isBlankName(name.Name) && c.locals[name.Name].t == nil
	if left, ok := x.Left.(*Name); ok && isBlankName(left.Name) {
		c.error("template-syntax", left.Span, fmt.Sprintf("`%s` stands right of == or !=", left.Name), "write "+
			c.source(x.Right)+" "+x.Op.Text+" "+left.Name)
		return
	}
	before := c.errors()
	l := c.value(x.Left)
	if isBlank {
		c.blank(x, name, l)
		return
	}
	r := c.value(x.Right)
	if c.errors() > before {
		return
	}
	if schema.IsTime(l.t) && schema.IsTime(r.t) {
		for _, side := range []Expr{x.Left, x.Right} {
			c.edit(side.Place().From, "(")
			c.edit(side.Place().To, " | "+filterInstant+")")
		}
	}
	switch x.Op.Text {
	case "==", "!=":
		c.comparable(x.Span, x.Op.Text, x.Left, x.Right, l, r)
	case "contains":
		c.contains(x, l, r)
	default:
		c.ordered(x, l, r)
	}
}

// blank judges a comparison with blank or empty.
func (c *textTyper) blank(x *Compare, name *Name, l textValue) {
	if x.Op.Text != "==" && x.Op.Text != "!=" {
		c.error("template-syntax", x.Op.Span, fmt.Sprintf("`%s` stands behind == or !=", name.Name), "")
		return
	}
	filter := filterBlank
	if name.Name == "empty" {
		filter = filterEmpty
	}
	c.edit(x.Left.Place().From, "(")
	c.replace(Span{From: x.Left.Place().To, To: x.Span.To}, " | "+filter+") == "+strconv.FormatBool(x.Op.Text == "=="))
	canBe := l.mixed || l.t.Kind == schema.KindAny || l.t.Kind == schema.KindString || l.t.Kind == schema.KindList ||
		name.Name == "blank" && (c.missing(l) || l.t.Kind == schema.KindBool)
	if len(l.t.Enum) > 0 && !(name.Name == "blank" && c.missing(l)) {
		canBe = false
	}
	if !canBe {
		c.error("constant-condition", x.Span, fmt.Sprintf("`%s` is %s and never %s", c.source(x.Left), l.describe(),
			name.Name), c.blankHint(x, l))
	}
}

func (c *textTyper) blankHint(x *Compare, l textValue) string {
	if l.t.Optional {
		return "write " + c.source(x.Left) + " " + x.Op.Text + " nil"
	}
	return "it is always there"
}

func isUntyped(v textValue) bool { return v.mixed || v.t.Kind == schema.KindAny }

// comparable judges == and !=, also those of case and when.
func (c *textTyper) comparable(at Span, op string, left, right Expr, l, r textValue) {
	if isUntyped(l) || isUntyped(r) {
		return
	}
	for _, pair := range [][2]textValue{{l, r}, {r, l}} {
		if pair[0].t.Kind == schema.KindNil {
			if pair[1].t.Kind != schema.KindNil && !c.missing(pair[1]) {
				c.error("constant-condition", at, fmt.Sprintf("%s is never missing: this is always %v",
					pair[1].name(c, left, right, l), op == "!="), "leave it out")
			}
			return
		}
	}
	same := l.t.Kind == r.t.Kind || schema.IsNumeric(l.t) && schema.IsNumeric(r.t) || schema.IsTime(l.t) &&
		schema.IsTime(r.t)
	if !same || l.t.Kind == schema.KindObject {
		c.error("type-mismatch", at, fmt.Sprintf("`%s` is %s and never equal to %s", c.source(left), l.describe(),
			r.describe()), c.equalHint(left, right, l, r)).
			RelateDeclarations(l.t, r.t)
		return
	}
	c.enumValue(l.t, right, r)
	c.enumValue(r.t, left, l)
}

// name returns the source of the side that a value is of.
func (v textValue) name(c *textTyper, left, right Expr, l textValue) string {
	if v == l {
		return "`" + c.source(left) + "`"
	}
	return "`" + c.source(right) + "`"
}

// enumValue checks a constant that is compared with an enum.
func (c *textTyper) enumValue(t *schema.Type, x Expr, v textValue) {
	s, ok := v.literal.(string)
	if !ok || len(t.Enum) == 0 || slices.Contains(t.Enum, s) {
		return
	}
	label := cmp.Or(diag.DidYouMean(s, t.Enum), "one of "+diag.OneOf(t.Enum))
	d := c.error("type-mismatch", x.Place(), fmt.Sprintf("%q is no value of this enum", s), label).RelateDeclarations(t)
	if near := diag.Closest(s, t.Enum); near != "" && d.Line > 0 {
		quote := c.text[x.Place().From : x.Place().From+1]
		d.Suggest(quote + near + quote).UnsureUnless(diag.UniqueMatch(s, t.Enum))
		d.AssumeName(near)
	}
}

// equalHint returns how two things of different types are compared.
func (c *textTyper) equalHint(left, right Expr, l, r textValue) string {
	if l.isConst && !r.isConst {
		left, right, l, r = right, left, r, l
	}
	s, isText := r.literal.(string)
	_, err := strconv.ParseFloat(s, 64)
	switch {
	case isText && schema.IsNumeric(l.t) && err == nil:
		return "a number stands without quotes: " + s
	case isText && l.t.Kind == schema.KindBool && (s == "true" || s == "false"):
		return "write " + s + " without quotes"
	case schema.IsTime(l.t) && r.t.Kind == schema.KindString:
		return "write {% assign day = " + c.source(left) + " | date: '%Y-%m-%d' %}, then compare day"
	case l.numeral && schema.IsNumeric(r.t):
		return "make it a number before: {% assign n = … | plus: 0 %}"
	case l.t.Kind == schema.KindString && schema.IsNumeric(r.t) && r.isConst:
		return "a text stands in quotes: '" + c.source(right) + "'"
	case l.t.Kind == schema.KindList:
		return "write " + c.source(left) + " contains " + c.source(right)
	}
	return ""
}

func (c *textTyper) contains(x *Compare, l, r textValue) {
	switch {
	case isUntyped(l) || isUntyped(r):
	case l.t.Kind == schema.KindList && l.t.Elem != nil:
		e := l.t.Elem
		if e.Kind != schema.KindAny && e.Kind != r.t.Kind && !(schema.IsNumeric(e) && schema.IsNumeric(r.t)) {
			c.error("type-mismatch", x.Span, fmt.Sprintf("`%s` is %s and never has %s", c.source(x.Left),
				schema.Article(l.t.Required().String()), r.describe()), "").RelateDeclarations(l.t)
			return
		}
		c.enumValue(e, x.Right, r)
	case l.t.Kind == schema.KindList:
	case l.t.Kind != schema.KindString:
		c.error("type-mismatch", x.Left.Place(), "`contains` looks in a list or a text, this is "+l.describe(), "").
			RelateDeclarations(l.t)
	case r.t.Kind == schema.KindList || r.t.Kind == schema.KindObject:
		c.error("type-mismatch", x.Right.Place(), "`contains` looks for a text, this is "+r.describe(), "").
			RelateDeclarations(r.t)
	case len(l.t.Enum) > 0 && r.isConst:
		c.enumContains(x, l, r)
	}
}

// enumContains reports a part that no value of the enum has.
func (c *textTyper) enumContains(x *Compare, l, r textValue) {
	part := fmt.Sprint(r.literal)
	if !slices.ContainsFunc(l.t.Enum, func(v string) bool { return strings.Contains(v, part) }) {
		c.error("type-mismatch", x.Right.Place(), fmt.Sprintf("no value of this enum has %q in it", part), "one of "+
			diag.OneOf(l.t.Enum)).RelateDeclarations(l.t)
	}
}

func (c *textTyper) ordered(x *Compare, l, r textValue) {
	switch {
	case isUntyped(l) || isUntyped(r):
	case len(l.t.Enum) > 0 || len(r.t.Enum) > 0:
		c.error("type-mismatch", x.Span, "the values of an enum have no order", "compare them with ==").
			RelateDeclarations(l.t, r.t)
	case schema.IsNumeric(l.t) && schema.IsNumeric(r.t), schema.IsTime(l.t) && schema.IsTime(r.t),
		l.t.Kind == schema.KindString && r.t.Kind == schema.KindString:
	default:
		c.error("type-mismatch", x.Span, fmt.Sprintf("`%s` takes two numbers, two times or two texts, here are %s and %s",
			x.Op.Text, l.describe(), r.describe()),
			c.equalHint(x.Left, x.Right, l, r)).RelateDeclarations(l.t, r.t)
	}
}
