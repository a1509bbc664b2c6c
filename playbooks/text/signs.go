package text

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// A division by what may be zero gives no value in a text either (see expr_sign.go), so that
// nothing would stand there.

// signed adds what is known of a variable's sign.
func (c *textTyper) signed(v textValue) textValue {
	switch v.path {
	case "":
		return v
	case "member.points", "forloop.index0", "forloop.rindex0":
		v.sign |= bounds.NotNegative
	case "forloop.index", "forloop.rindex", "forloop.length":
		v.sign |= bounds.Positive
	}
	if c.present[v.path+bounds.FactNotZero] {
		v.sign |= bounds.NotZero
	}
	if c.present[v.path+bounds.FactPositive] {
		v.sign |= bounds.Positive
	}
	return v
}

// signOfLiteral returns the sign of a number that is written in a text.
func signOfLiteral(literal any) bounds.Sign {
	if f, ok := decimal.Float(literal); ok {
		return bounds.SignOfConstant(f)
	}
	return 0
}

// filterSign returns what is known of the sign of a filter's outcome.
func filterSign(use filterUse, out textValue) bounds.Sign {
	in, arg := use.in.sign, bounds.Sign(0)
	if len(use.args) > 0 {
		arg = use.args[0].sign
	}
	switch use.at.Name.Text {
	case "size":
		return bounds.NotNegative
	case "abs":
		return in | bounds.NotNegative
	case "ceil", "reverse", "uniq":
		return in
	case "round", "floor":
		return in & bounds.NotNegative
	case "plus":
		if in&arg&bounds.NotNegative != 0 {
			return in | arg
		}
	case "times": // of numbers a product may be too small to be told from zero
		if out.t.Kind == schema.KindInt {
			return in & arg
		}
		return in & arg & bounds.NotNegative
	case "at_least":
		if in == bounds.Positive || arg == bounds.Positive {
			return bounds.Positive
		}
		return (in | arg) & bounds.NotNegative
	case "at_most", "default":
		return in & arg
	}
	return 0
}

// quotient is a division that may give nothing, with what it divides by.
type quotient struct {
	at *Filter
	by textValue
}

// givesQuotient returns a number that is missing when the divisor is zero or missing.
func givesQuotient(c *textTyper, f filterUse) textValue {
	v := givesNumber(c, f)
	if c.scope == nil || len(f.args) == 0 || f.args[0].t.Kind == schema.KindAny && c.errors() > 0 {
		return v
	}
	if by := f.args[0]; by.sign&bounds.NotZero == 0 || c.missing(by) {
		v.t, v.divides = v.t.AsOptional(), &quotient{f.at, by}
	}
	return v
}

// givesMoney returns a text; a division that gives nothing stays so.
func givesMoney(_ *textTyper, f filterUse) textValue {
	if f.in.divides != nil {
		return textValue{t: schema.String.AsOptional(), divides: f.in.divides}
	}
	return textValue{t: schema.String}
}

// guardDivision reports a division that may give nothing where a value is needed, and reports
// whether it did.
func (c *textTyper) guardDivision(x Expr, v textValue, then string) bool {
	if v.divides == nil || !c.missing(v) {
		return false
	}
	divisor, d := v.divides.at.Args[0], v.divides.by
	by, at := c.source(divisor), v.divides.at.Span
	if name, ok := x.(*Name); ok {
		at = name.Span
	}
	src := c.text[at.From:at.To]
	when, test := "0", by+" != 0"
	if optional := d.t.Optional && d.t.Kind != schema.KindAny; optional || d.sign&bounds.NotNegative != 0 {
		test = by + " > 0"
		if optional && d.sign&bounds.NotZero == 0 {
			when = "0 or missing"
		} else if optional {
			when = "missing"
		}
	}
	label := "write " + src + " | default: 0"
	switch {
	case at == v.divides.at.Span && pathOf(divisor) != "":
		label += ", or put it in {% if " + test + " %}"
	case at != v.divides.at.Span:
		label = "put it in {% if " + src + " %}, or write | default: 0 behind the division"
	}
	c.error("unguarded-optional", at, fmt.Sprintf("`%s` is missing when `%s` is %s, and %s", src, by, when, then), label)
	return true
}

// signHolds returns what a comparison that holds tells about signs.
func (c *textTyper) signHolds(x *Compare, outcome bool) []string {
	op := x.Op.Text
	if !outcome {
		op = nodes.Opposite[op]
	}
	if nodes.Mirrored[op] == "" {
		return nil
	}
	var out []string
	for _, side := range []struct {
		of, with Expr
		op       string
	}{{x.Left, x.Right, op}, {x.Right, x.Left, nodes.Mirrored[op]}} {
		path := pathOf(side.of)
		with, constant := c.signOfPart(side.with)
		if fact := bounds.SignFact(path, bounds.SignImplied(side.op, with, constant)); path != "" && fact != "" {
			out = append(out, fact)
		}
		if path != "" && constant != nil && outcome && op != "!=" { // nothing is less, more or the same as what is missing
			out = append(out, path)
		}
	}
	return out
}

// signOfPart returns the sign of a side of a comparison, and its value when it is a constant
// number.
func (c *textTyper) signOfPart(x Expr) (s bounds.Sign, constant any) {
	if l, ok := x.(*Literal); ok {
		if f, ok := decimal.Float(l.Value); ok {
			return bounds.SignOfConstant(f), f
		}
		return 0, nil
	}
	path := pathOf(x)
	v := c.signed(textValue{path: path})
	if local, ok := c.locals[path]; ok {
		v.sign |= local.sign
	}
	if strings.HasSuffix(path, ".size") {
		v.sign |= bounds.NotNegative
	}
	return v.sign, nil
}
