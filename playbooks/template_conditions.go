package playbooks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/text"
)

// condition judges a value that decides: in Liquid only false and what is missing do not hold, so that 0 and "" do.
func (c *textTyper) condition(x text.Expr, v textValue) {
	if g, ok := x.(*text.Group); ok {
		c.condition(g.Of, v)
		return
	}
	if name, ok := x.(*text.Name); ok && isBlankName(name.Name) {
		c.error("template-syntax", x.Place(), fmt.Sprintf("`%s` stands behind == or !=", name.Name), "as in member.nickname == "+name.Name)
		return
	}
	switch x.(type) {
	case *text.Compare, *text.Logic:
		return
	}
	if v.mixed || v.t.Kind == KindAny || v.t.Kind == KindBool || v.t.Kind == KindNil || v.t.Optional && !c.known[v.path] {
		return
	}
	src := c.source(x)
	label := "it is never missing"
	switch {
	case isNumeric(v.t):
		label = "0 holds too: write " + src + " > 0"
	case v.t.Kind == KindString && !v.isConst:
		label = "an empty text holds too: write " + src + " != blank"
	case v.t.Kind == KindList:
		label = "an empty list holds too: write " + src + " != empty"
	}
	c.error("constant-condition", x.Place(), fmt.Sprintf("`%s` is %s and always there: this always holds", src, article(v.t.String())), label)
}

// constant reports a condition that is true or false alone.
func (c *textTyper) constant(x text.Expr) {
	if l, ok := x.(*text.Literal); ok {
		if b, isBool := l.Value.(bool); isBool {
			c.error("constant-condition", l.Span, fmt.Sprintf("`%v` is a constant: this %s holds", b, map[bool]string{true: "always", false: "never"}[b]), "leave it out")
		}
	}
}

func (c *textTyper) logic(l *text.Logic) {
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
			if !c.known[f] {
				restore[f], c.known[f] = true, true
			}
		}
	}
	for f := range restore {
		delete(c.known, f)
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
	c.warn("mixed-and-or", l.Span, "`and` and `or` stand together: Liquid reads them from the right", "write brackets: "+reads)
}

// holds gives what is seen to be present when the condition has the outcome.
func (c *textTyper) holds(x text.Expr, outcome bool) []string {
	switch x := x.(type) {
	case *text.Group:
		return c.holds(x.Of, outcome)
	case *text.Logic:
		if x.Mixed() || (x.Ops[0].Text == "and") != outcome {
			return nil
		}
		var out []string
		for _, t := range x.Terms {
			out = append(out, c.holds(t, outcome)...)
		}
		return out
	case *text.Compare:
		return append(c.compareHolds(x, outcome), c.signHolds(x, outcome)...)
	case *text.Name:
		if outcome && c.locals[x.Name].t != nil {
			return []string{x.Name}
		}
	case *text.Field:
		return c.fieldHolds(x, outcome)
	}
	return nil
}

// pathOf gives the dotted path of a variable, or "".
func pathOf(x text.Expr) string {
	switch x := x.(type) {
	case *text.Name:
		return x.Name
	case *text.Field:
		if of := pathOf(x.Of); of != "" {
			return of + "." + x.Name.Text
		}
	}
	return ""
}

// fieldHolds gives what a field says of itself, and of the fields beside it that are there when it is true: issued of a coupon's code.
func (c *textTyper) fieldHolds(x *text.Field, outcome bool) []string {
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

// pathType gives the type of a path without judging it.
func (c *textTyper) pathType(x text.Expr) *Type {
	switch x := x.(type) {
	case *text.Name:
		if v, ok := c.locals[x.Name]; ok {
			return v.t
		}
		return c.root(x.Name)
	case *text.Field:
		if of := c.pathType(x.Of); of != nil {
			return step(of, x.Name.Text)
		}
	}
	return nil
}

func (c *textTyper) compareHolds(x *text.Compare, outcome bool) []string {
	path := pathOf(x.Left)
	lit, isLiteral := x.Right.(*text.Literal)
	name, isName := x.Right.(*text.Name)
	nothing := isLiteral && lit.Value == nil || isName && name.Name == "blank"
	switch {
	case path == "":
		return nil
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

// compare judges a comparison, and writes those of times, blank and empty as the library carries them out.
func (c *textTyper) compare(x *text.Compare) {
	name, isBlank := x.Right.(*text.Name)
	isBlank = isBlank && isBlankName(name.Name) && c.locals[name.Name].t == nil
	if left, ok := x.Left.(*text.Name); ok && isBlankName(left.Name) {
		c.error("template-syntax", left.Span, fmt.Sprintf("`%s` stands right of == or !=", left.Name), "write "+c.source(x.Right)+" "+x.Op.Text+" "+left.Name)
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
	if isTime(l.t) && isTime(r.t) {
		for _, side := range []text.Expr{x.Left, x.Right} {
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
func (c *textTyper) blank(x *text.Compare, name *text.Name, l textValue) {
	if x.Op.Text != "==" && x.Op.Text != "!=" {
		c.error("template-syntax", x.Op.Span, fmt.Sprintf("`%s` stands behind == or !=", name.Name), "")
		return
	}
	filter := filterBlank
	if name.Name == "empty" {
		filter = filterEmpty
	}
	c.edit(x.Left.Place().From, "(")
	c.replace(text.Span{From: x.Left.Place().To, To: x.Span.To}, " | "+filter+") == "+strconv.FormatBool(x.Op.Text == "=="))
	canBe := l.mixed || l.t.Kind == KindAny || l.t.Kind == KindString || l.t.Kind == KindList || name.Name == "blank" && (c.missing(l) || l.t.Kind == KindBool)
	if len(l.t.Enum) > 0 && !(name.Name == "blank" && c.missing(l)) {
		canBe = false
	}
	if !canBe {
		c.error("constant-condition", x.Span, fmt.Sprintf("`%s` is %s and never %s", c.source(x.Left), l.describe(), name.Name), c.blankHint(x, l))
	}
}

func (c *textTyper) blankHint(x *text.Compare, l textValue) string {
	if l.t.Optional {
		return "write " + c.source(x.Left) + " " + x.Op.Text + " nil"
	}
	return "it is always there"
}

func vague(v textValue) bool { return v.mixed || v.t.Kind == KindAny }

// comparable judges == and !=, also those of case and when.
func (c *textTyper) comparable(at text.Span, op string, left, right text.Expr, l, r textValue) {
	if vague(l) || vague(r) {
		return
	}
	for _, pair := range [][2]textValue{{l, r}, {r, l}} {
		if pair[0].t.Kind == KindNil {
			if pair[1].t.Kind != KindNil && !c.missing(pair[1]) {
				c.error("constant-condition", at, fmt.Sprintf("%s is never missing: this is always %v", pair[1].name(c, left, right, l), op == "!="), "leave it out")
			}
			return
		}
	}
	same := l.t.Kind == r.t.Kind || isNumeric(l.t) && isNumeric(r.t) || isTime(l.t) && isTime(r.t)
	if !same || l.t.Kind == KindObject {
		c.error("type-mismatch", at, fmt.Sprintf("`%s` is %s and never equal to %s", c.source(left), l.describe(), r.describe()), c.equalHint(left, right, l, r)).
			against(l.t, r.t)
		return
	}
	c.enumValue(l.t, right, r)
	c.enumValue(r.t, left, l)
}

// name gives the source of the side that a value is of.
func (v textValue) name(c *textTyper, left, right text.Expr, l textValue) string {
	if v == l {
		return "`" + c.source(left) + "`"
	}
	return "`" + c.source(right) + "`"
}

// enumValue checks a constant that is compared with an enum.
func (c *textTyper) enumValue(t *Type, x text.Expr, v textValue) {
	s, ok := v.literal.(string)
	if !ok || len(t.Enum) == 0 || slices.Contains(t.Enum, s) {
		return
	}
	label := cmp.Or(DidYouMean(s, t.Enum), "one of "+oneOf(t.Enum))
	d := c.error("type-mismatch", x.Place(), fmt.Sprintf("%q is no value of this enum", s), label).against(t)
	if near := closest(s, t.Enum); near != "" && d.Line > 0 {
		quote := c.text[x.Place().From : x.Place().From+1]
		d.suggest(quote + near + quote).doubt(sole(s, t.Enum))
		d.trust(near)
	}
}

// equalHint says how two things of different types are compared.
func (c *textTyper) equalHint(left, right text.Expr, l, r textValue) string {
	if l.isConst && !r.isConst {
		left, right, l, r = right, left, r, l
	}
	s, isText := r.literal.(string)
	_, err := strconv.ParseFloat(s, 64)
	switch {
	case isText && isNumeric(l.t) && err == nil:
		return "a number stands without quotes: " + s
	case isText && l.t.Kind == KindBool && (s == "true" || s == "false"):
		return "write " + s + " without quotes"
	case isTime(l.t) && r.t.Kind == KindString:
		return "write {% assign day = " + c.source(left) + " | date: '%Y-%m-%d' %}, then compare day"
	case l.numeral && isNumeric(r.t):
		return "make it a number before: {% assign n = … | plus: 0 %}"
	case l.t.Kind == KindString && isNumeric(r.t) && r.isConst:
		return "a text stands in quotes: '" + c.source(right) + "'"
	case l.t.Kind == KindList:
		return "write " + c.source(left) + " contains " + c.source(right)
	}
	return ""
}

func (c *textTyper) contains(x *text.Compare, l, r textValue) {
	switch {
	case vague(l) || vague(r):
	case l.t.Kind == KindList && l.t.Elem != nil:
		e := l.t.Elem
		if e.Kind != KindAny && e.Kind != r.t.Kind && !(isNumeric(e) && isNumeric(r.t)) {
			c.error("type-mismatch", x.Span, fmt.Sprintf("`%s` is %s and never has %s", c.source(x.Left), article(l.t.Required().String()), r.describe()), "").against(l.t)
			return
		}
		c.enumValue(e, x.Right, r)
	case l.t.Kind == KindList:
	case l.t.Kind != KindString:
		c.error("type-mismatch", x.Left.Place(), "`contains` looks in a list or a text, this is "+l.describe(), "").against(l.t)
	case r.t.Kind == KindList || r.t.Kind == KindObject:
		c.error("type-mismatch", x.Right.Place(), "`contains` looks for a text, this is "+r.describe(), "").against(r.t)
	case len(l.t.Enum) > 0 && r.isConst:
		c.enumContains(x, l, r)
	}
}

// enumContains reports a part that no value of the enum has.
func (c *textTyper) enumContains(x *text.Compare, l, r textValue) {
	part := fmt.Sprint(r.literal)
	if !slices.ContainsFunc(l.t.Enum, func(v string) bool { return strings.Contains(v, part) }) {
		c.error("type-mismatch", x.Right.Place(), fmt.Sprintf("no value of this enum has %q in it", part), "one of "+oneOf(l.t.Enum)).against(l.t)
	}
}

func (c *textTyper) ordered(x *text.Compare, l, r textValue) {
	switch {
	case vague(l) || vague(r):
	case len(l.t.Enum) > 0 || len(r.t.Enum) > 0:
		c.error("type-mismatch", x.Span, "the values of an enum have no order", "compare them with ==").against(l.t, r.t)
	case isNumeric(l.t) && isNumeric(r.t), isTime(l.t) && isTime(r.t), l.t.Kind == KindString && r.t.Kind == KindString:
	default:
		c.error("type-mismatch", x.Span, fmt.Sprintf("`%s` takes two numbers, two times or two texts, here are %s and %s", x.Op.Text, l.describe(), r.describe()),
			c.equalHint(x.Left, x.Right, l, r)).against(l.t, r.t)
	}
}
