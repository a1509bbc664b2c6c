package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// filter judges a filter by its declaration.
func (c *textTyper) filter(x *Filter) textValue {
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
		label := diag.DidYouMean(x.Name.Text, filterNames())
		if other := otherFilters[x.Name.Text]; label == "" && other != "" {
			label = other
		}
		c.error("unknown-filter", x.Name.Span, fmt.Sprintf("there is no filter `%s`", x.Name.Text),
			cmp.Or(label, "see the filters of Liquid"))
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
		return textValue{t: schema.String}
	}
	v := f.gives(c, use)
	v.sign = filterSign(use, v)
	return v
}

// input judges what stands before the bar.
func (c *textTyper) input(f *textFilter, use filterUse) {
	at := use.at.Of.Place()
	if !c.takes(f, f.In, use.in, at, "`"+f.Name+"` takes ") {
		return
	}
	if f.Name != "default" && f.Name != "money" && c.guardDivision(use.at.Of, use.in, "`"+f.Name+"` needs a value") {
		return
	}
	if f.needs && c.missing(use.in) {
		how, fallback := c.withoutValue(f, use.in)
		src := c.source(use.at.Of)
		c.error("unguarded-optional", use.at.Of.Place(), fmt.Sprintf("`%s` may be missing, and %s", src, how),
			"write "+src+" | default: "+fallback+", or put it in {% if "+src+" %}")
	}
}

// withoutValue returns what a filter does with a missing value, and what may stand in for it.
func (c *textTyper) withoutValue(f *textFilter, v textValue) (how, fallback string) {
	if schema.IsNumeric(v.t) || f.In == takesNumber {
		return "`" + f.Name + "` would count it as 0", "0"
	}
	return "`" + f.Name + "` would fail then", "''"
}

// unguardedArgument reports an argument that may be missing. No filter can stand behind it: that
// would be one of the whole.
func (c *textTyper) unguardedArgument(f *textFilter, x Expr, v textValue) {
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
			c.error("wrong-arguments", a.Name.Span, fmt.Sprintf("`%s` has no `%s:`", f.Name, a.Name.Text), "write "+f.Usage())
			return
		}
	}
	if given < f.least() || given > len(f.args) {
		c.error("wrong-arguments", use.at.Name.Span, fmt.Sprintf("`%s` takes %s, here are %d", f.Name, f.count(), given),
			"write "+f.Usage())
		return
	}
	for i, v := range use.args {
		a, at := f.args[i], use.at.Args[i].Place()
		switch {
		case a.takes == takesField:
			c.takesField(f, use.in.t, v, at)
		case !c.takes(f, a.takes, v, at, "as "+a.name+" `"+f.Name+"` takes "):
		case c.guardDivision(use.at.Args[i], v, "`"+f.Name+"` needs a value"):
		case (f.Name == "divided_by" || f.Name == "modulo") && v.isConst && (v.literal == 0 || v.literal == 0.0):
			c.error("template-syntax", at, "a division by zero", "write another number")
		case f.Name == "divided_by" || f.Name == "modulo": // see givesQuotient
		case (a.takes == takesNumber || a.takes == takesInt) && c.missing(v):
			c.unguardedArgument(f, use.at.Args[i], v)
		}
	}
}

// takes judges a value by what is taken there.
func (c *textTyper) takes(f *textFilter, want filterTakes, v textValue, at Span, head string) bool {
	t := v.t
	if t.Kind == schema.KindNil && want != takesAny {
		c.error("type-mismatch", at, head+want.String()+", this is nil", "")
		return false
	}
	if (t.Kind == schema.KindAny && !v.mixed) || t.Kind == schema.KindNil {
		return true
	}
	scalar := t.Kind != schema.KindList && t.Kind != schema.KindObject
	label := ""
	switch want {
	case takesAny:
		return true
	case takesText:
		if scalar {
			return true
		}
		if t.Kind == schema.KindList {
			label = "make it a text before, as in | join: ', '"
		}
	case takesNumber, takesInt:
		if !v.mixed && (t.Kind == schema.KindInt || t.Kind == schema.KindNumber && want == takesNumber || v.numeral ||
			numeralLiteral(v)) {
			return true
		}
		switch {
		case v.isConst && t.Kind == schema.KindString:
			label = numberHint(f, v)
		case v.mixed:
			label = "it may be a text: give it a number as its default"
		case schema.IsTime(t):
			label = "days are added by | add_days: 7"
		case t.Kind == schema.KindNumber:
			label = "as in | round"
		}
	case takesTime:
		if schema.IsTime(t) || v.isConst && timeLiteral(v.literal) {
			return true
		}
		label = notATime(v)
	case takesList:
		if t.Kind == schema.KindList {
			return true
		}
		if t.Kind == schema.KindString {
			label = "as in | split: ','"
		}
	case takesEnum:
		if len(t.Labels) > 0 {
			return true
		}
		if label = "it stands right behind the attribute or property, before | default"; len(t.Enum) > 0 {
			label = "declare them, as in {enum: {" + t.Enum[0] + ": …}}"
		}
	case takesListOrText:
		if t.Kind == schema.KindList || scalar {
			return true
		}
	case takesFormat:
		if s, ok := v.literal.(string); ok {
			before := len(c.diags)
			c.dateFormat(at, s)
			return len(c.diags) == before
		}
		if t.Kind == schema.KindString {
			return true
		}
	}
	c.error("type-mismatch", at, head+want.String()+", this is "+v.describe(), label).RelateDeclarations(t)
	return false
}

func numeralLiteral(v textValue) bool {
	s, ok := v.literal.(string)
	return ok && schema.CronNumber.MatchString(strings.TrimSpace(s))
}

// takesField judges the name of a field of a list's items.
func (c *textTyper) takesField(f *textFilter, list *schema.Type, v textValue, at Span) {
	name, ok := v.literal.(string)
	if !ok && v.t.Kind == schema.KindAny {
		return // told where it stands
	}
	if !ok {
		c.error("type-mismatch", at, "`"+f.Name+"` takes the name of a field, in quotes", "as in | "+f.Name+": 'name'")
		return
	}
	item := list.Elem
	switch {
	case list.Kind != schema.KindList || item == nil || item.Kind == schema.KindAny:
	case item.Kind == schema.KindObject && len(item.Fields) == 0: // any fields
	case item.Kind != schema.KindObject:
		label := ""
		if f.least() == 0 {
			label = "write | " + f.Name
		}
		c.error("type-mismatch", at, fmt.Sprintf("the items are of type %s and have no field `%s`", item.Required(), name), label)
	default:
		known := item.FieldNames()
		if slices.Contains(known, name) {
			return
		}
		d := c.error("unknown-variable", at, fmt.Sprintf("the items have no field `%s`", name),
			cmp.Or(diag.DidYouMean(name, known), "known: "+diag.OneOf(known)))
		d.RelateName(name, diag.Closest(name, known), item.Find)
	}
}

// timeLiteral reports whether a constant text is a time that a filter reads.
func timeLiteral(v any) bool {
	s, ok := v.(string)
	_, isTime := readTime(s)
	return ok && isTime
}

// numberHint returns what number was meant by a text that is none: '3天' is 3.
func numberHint(f *textFilter, v textValue) string {
	if m := leadDigit.FindStringSubmatch(diag.HalfWidth(fmt.Sprint(v.literal))); m != nil {
		return "write " + m[1]
	}
	return "a number stands here: " + f.Usage()
}

func notATime(v textValue) string {
	switch s, _ := v.literal.(string); {
	case s == "now" || s == "today":
		return "write now, without quotes"
	case v.isConst && digitDate.MatchString(fmt.Sprint(v.literal)):
		return "write '" + digitDate.ReplaceAllString(fmt.Sprint(v.literal), "$1-$2-$3") + "'"
	case schema.IsoDate(s) != "":
		return "write '" + schema.IsoDate(s) + "'"
	case schema.IsNumeric(v.t) || v.numeral:
		return "days are added to a time by | add_days: 7"
	case v.isConst:
		return "as in '2026-11-11' or '2026-11-11T10:00:00+08:00'"
	}
	return "a text is not read as a time: declare it as date or datetime"
}
