package expression

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/schema"
)

func (c *checker) unary(n *ast.UnaryNode) *schema.Type {
	switch n.Operator {
	case "not", "!":
		if b, ok := n.Node.(*ast.BinaryNode); ok {
			c.negated, c.negatedAt = b, nodes.Span(n)
		}
		c.boolOperand(n.Node, "`not`")
		return schema.Bool
	}
	t := c.check(n.Node)
	if t == nil {
		return nil
	}
	if !schema.IsNumeric(t) {
		c.Report(nodes.Span(n.Node), "type-mismatch", "", "`%s` takes a number, this is %s", n.Operator, report.DescribeType(t))
		return nil
	}
	c.need(n.Node, t, "`"+n.Operator+"`")
	return t.Required()
}

// boolOperand checks a part that must be a bool that is present.
func (c *checker) boolOperand(n ast.Node, what string) {
	t := c.check(n)
	if t == nil {
		return
	}
	if t.Kind != schema.KindBool {
		c.Report(nodes.Span(n), "type-mismatch", "compare it with something, as in "+nodes.Short(n)+boolHint(t),
			"%s takes a condition, this is %s", what, report.DescribeType(t))
		return
	}
	c.need(n, t, what)
}

func (c *checker) binary(n *ast.BinaryNode) *schema.Type {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logic(n)
	case "??":
		return c.coalesce(n)
	}
	if c.notFirst(n) {
		return schema.Bool
	}
	l, r := c.check(n.Left), c.check(n.Right)
	if l == nil || r == nil {
		return resultWithout(n.Operator)
	}
	switch n.Operator {
	case "==", "!=":
		return c.equality(n, l, r)
	case "<", ">", "<=", ">=":
		return c.order(n, l, r)
	case "in":
		return c.in(n, l, r)
	case "contains", "startsWith", "endsWith", "matches":
		return c.text(n, l, r)
	case "+", "-", "*", "/", "%", "**", "^":
		return c.arithmetic(n, l, r)
	}
	label := ""
	if n.Operator == ".." {
		label = "write both bounds: x >= " + nodes.Short(n.Left) + " and x <= " + nodes.Short(n.Right)
	}
	c.Report(n.Location(), "syntax-expression", label, "the operator `%s` is not part of the language", n.Operator)
	return nil
}

// notFirst reports `not a == b`, where `not` takes a alone though that is no condition.
func (c *checker) notFirst(n *ast.BinaryNode) bool {
	u, ok := n.Left.(*ast.UnaryNode)
	searches := slices.Contains([]string{"contains", "startsWith", "endsWith", "matches"}, n.Operator)
	if !ok || u.Operator != "not" && u.Operator != "!" || nodes.Opposite[n.Operator] == "" && !searches {
		return false
	}
	before := len(c.Diags)
	t := c.check(u.Node)
	if t == nil || t.Kind == schema.KindBool {
		c.Diags = c.Diags[:before]
		return false
	}
	runes, at := []rune(c.Source.Text), nodes.Span(n)
	text := "not (" + string(runes[nodes.Span(u.Node).From:at.To]) + ")"
	if n.Operator == "contains" && t.Kind == schema.KindList {
		text = nodes.Short(n.Right) + " not in " + nodes.Short(u.Node)
	}
	c.Report(at, "type-mismatch", "write `"+text+"`", "`not` takes %s alone here, before `%s` compares",
		nodes.Quote(u.Node), n.Operator).Suggest(text)
	return true
}

// resultWithout is the type of an operator whose operands have mistakes, so that one mistake stays
// one.
func resultWithout(op string) *schema.Type {
	switch op {
	case "==", "!=", "<", ">", "<=", ">=", "in", "contains", "startsWith", "endsWith", "matches":
		return schema.Bool
	}
	return nil
}

func (c *checker) logic(n *ast.BinaryNode) *schema.Type {
	word := map[string]string{"&&": "and", "||": "or"}[n.Operator]
	if word == "" {
		word = n.Operator
	}
	c.boolOperand(n.Left, "`"+word+"`")
	facts := c.whenTrue(n.Left)
	if word == "or" {
		facts = c.whenFalse(n.Left)
	}
	if !c.loneAlternative(n, word) {
		c.under(facts, func() { c.boolOperand(n.Right, "`"+word+"`") })
	}
	return schema.Bool
}

func (c *checker) coalesce(n *ast.BinaryNode) *schema.Type {
	l, r := c.check(n.Left), c.check(n.Right)
	if l == nil || r == nil {
		return nil
	}
	if !l.Optional && l.Kind != schema.KindAny {
		d := c.Report(n.Location(), "constant-condition", "leave out `?? "+nodes.Short(n.Right)+"`", "%s is never missing",
			nodes.Quote(n.Left))
		d.Severity = diag.Warning
	}
	t := schema.Join(l.Required(), r)
	if t == nil {
		c.Report(nodes.Span(n.Right), "type-mismatch", "", "%s is %s, what stands in for it is %s", nodes.Quote(n.Left),
			report.DescribeType(l.Required()), report.DescribeType(r))
	}
	return t
}

// operands reports that an operator does not take what it was given.
func (c *checker) operands(n *ast.BinaryNode, l, r *schema.Type, wants string) *schema.Type {
	c.Report(nodes.Span(n), "type-mismatch", c.operandsHint(n, l, r), "`%s` takes %s, here are %s and %s", n.Operator, wants,
		report.DescribeType(l), report.DescribeType(r))
	return resultWithout(n.Operator)
}

// operandsHint returns how the two are written that an operator takes.
func (c *checker) operandsHint(n *ast.BinaryNode, l, r *schema.Type) string {
	s, isText := n.Right.(*ast.StringNode)
	switch {
	case isText && schema.IsTime(l):
		return timeInText(nodes.Short(n.Left), s.Value)
	case isText && schema.IsNumeric(l) && foreign.IsWeekdayName(s.Value):
		return foreign.NoDays
	case isText && schema.IsNumeric(l) && isNumberText(s.Value):
		return "write the number without quotes: " + strings.TrimSpace(s.Value)
	case l.Kind == schema.KindObject && len(l.Fields) > 0:
		field := l.Fields[max(0, slices.IndexFunc(l.Fields, func(f schema.Field) bool { return schema.IsNumeric(f.Type) }))]
		return "name one of its fields, as in " + nodes.Short(n.Left) + "?." + field.Name
	case l.Kind == schema.KindDuration && r.Kind != schema.KindDuration && nodes.Mirrored[n.Operator] != "":
		return `compare it with duration("72h"); whole days are days_since(t) > 3`
	}
	return ""
}

func isNumberText(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return err == nil
}

func (c *checker) equality(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	if l.Kind == schema.KindNil || r.Kind == schema.KindNil {
		other, t := n.Left, l
		if l.Kind == schema.KindNil {
			other, t = n.Right, r
		}
		if t.Kind != schema.KindNil && t.Kind != schema.KindAny && !t.Optional && !c.isGuarded(other) {
			always := map[string]string{"==": "false", "!=": "true"}[n.Operator]
			d := c.Report(nodes.Span(n), "constant-condition", "", "%s is never missing: this is always %s", nodes.Quote(other), always)
			d.Severity = diag.Warning
		}
		return schema.Bool
	}
	if schema.Join(l.Required(), r.Required()) == nil {
		c.Report(nodes.Span(n), "type-mismatch", c.equalityHint(n, l, r), "%s is %s and never equal to %s", nodes.Quote(n.Left),
			report.DescribeType(l.Required()), report.DescribeType(r.Required()))
		return schema.Bool
	}
	c.enumValue(l, n.Right)
	c.enumValue(r, n.Left)
	c.dayMixedUp(n)
	c.emptyText(n, l, r)
	return schema.Bool
}

func (c *checker) equalityHint(n *ast.BinaryNode, l, r *schema.Type) string {
	if s, ok := n.Right.(*ast.StringNode); ok {
		if schema.IsNumeric(l) && isNumberText(s.Value) {
			return "write the number without quotes: " + strings.TrimSpace(s.Value)
		}
		if schema.IsTime(l) || foreign.IsWeekdayName(s.Value) {
			return c.operandsHint(n, l, r)
		}
		if l.Kind == schema.KindBool && (s.Value == "true" || s.Value == "false") {
			return "write it without quotes: " + s.Value
		}
	}
	if l.Kind == schema.KindList && r.Kind != schema.KindList {
		return "write " + nodes.Short(n.Right) + " in " + nodes.Short(n.Left)
	}
	return ""
}

// enumValue checks a literal that is compared with an enum.
func (c *checker) enumValue(t *schema.Type, n ast.Node) {
	s, ok := n.(*ast.StringNode)
	if !ok || len(t.Enum) == 0 || slices.Contains(t.Enum, s.Value) {
		return
	}
	label := "it is " + diag.OneOf(t.Enum)
	m := diag.Closest(s.Value, t.Enum)
	if m != "" {
		label = "did you mean `" + m + "`? (" + diag.OneOf(t.Enum) + ")"
	}
	d := c.Report(n.Location(), "type-mismatch", label, "%q is no value of this enum", s.Value).RelateDeclarations(t)
	if m != "" {
		d.Suggest(strconv.Quote(m)).UnsureUnless(diag.UniqueMatch(s.Value, t.Enum))
		d.AssumeName(m)
	}
}

func (c *checker) order(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	ok := schema.IsNumeric(l) && schema.IsNumeric(r) || schema.IsTime(l) && schema.IsTime(r) ||
		l.Kind == r.Kind && (l.Kind == schema.KindString || l.Kind == schema.KindDuration)
	if !ok {
		if l.Kind == schema.KindAny || r.Kind == schema.KindAny {
			return c.operands(n, l, r, "two numbers, two times or two texts")
		}
		return c.operands(n, l.Required(), r.Required(), "two numbers, two times or two texts")
	}
	c.need(n.Left, l, "`"+n.Operator+"`")
	c.need(n.Right, r, "`"+n.Operator+"`")
	c.dayMixedUp(n)
	return schema.Bool
}

// seekTag notes a tag that is looked for: "vip" in member.tags.
func (c *checker) seekTag(n *ast.BinaryNode) {
	s, ok := n.Left.(*ast.StringNode)
	list, isField := n.Right.(*ast.MemberNode)
	if ok && isField && c.path(list) == c.sc.Schema.Subject()+".tags" {
		c.tags = append(c.tags, tagMention{s.Value, c.Source.Pos(s.Location().From, s.Location().To)})
	}
}

func (c *checker) in(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	switch {
	case r.Kind == schema.KindObject:
		c.Report(nodes.Span(n.Right), "type-mismatch", "", "`in` looks in a list, this is %s", report.DescribeType(r))
	case r.Kind == schema.KindString && l.Kind == schema.KindList:
		c.Report(nodes.Span(n), "type-mismatch", "write "+nodes.Short(n.Right)+" in "+nodes.Short(n.Left),
			"`in` looks in a list on its right side, this is a text")
	case r.Kind == schema.KindString:
		c.Report(nodes.Span(n.Right), "type-mismatch", c.inWhat(n, r), "`in` looks in a list, this is a text")
	case r.Kind != schema.KindList:
		c.Report(nodes.Span(n.Right), "type-mismatch", c.inWhat(n, r), "`in` looks in a list, this is %s", report.DescribeType(r))
	default:
		c.need(n.Right, r, "`in`")
		c.seekTag(n)
		if schema.Join(l.Required(), r.Elem) == nil && r.Elem != nil && l.Kind != schema.KindNil {
			c.Report(nodes.Span(n.Left), "type-mismatch", "", "this is %s and never in %s", report.DescribeType(l.Required()),
				report.DescribeType(r.Required()))
			break
		}
		if r.Elem != nil {
			c.enumValue(r.Elem, n.Left)
		}
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range list.Nodes {
				c.enumValue(l, item)
			}
			if item, canBe := bounds.Outside(n.Left, list.Nodes); item != nil {
				c.Report(nodes.Span(item), "bad-value", "it is "+canBe, "%s is never %s", nodes.Quote(n.Left), nodes.Short(item))
			}
		}
	}
	return schema.Bool
}

func (c *checker) text(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	if n.Operator == "contains" && l.Kind == schema.KindList {
		at, in := nodes.Span(n), " in "
		if n == c.negated {
			at, in = c.negatedAt, " not in "
		}
		text := nodes.Short(n.Right) + in + nodes.Short(n.Left)
		d := c.Report(at, "type-mismatch", "write "+text, "`contains` looks in a text, this is %s", report.DescribeType(l))
		_, isText := n.Right.(*ast.StringNode)
		d.Suggest(text).UnsureUnless(isText && c.path(n.Left) != "")
		return schema.Bool
	}
	if l.Kind != schema.KindString || r.Kind != schema.KindString {
		return c.operands(n, l.Required(), r.Required(), "two texts")
	}
	c.need(n.Left, l, "`"+n.Operator+"`")
	c.need(n.Right, r, "`"+n.Operator+"`")
	if n.Operator != "matches" {
		return schema.Bool
	}
	s, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.Report(nodes.Span(n.Right), "not-a-constant", "", "the pattern of `matches` is a constant")
	} else if _, err := regexp.Compile(s.Value); err != nil {
		c.Report(n.Right.Location(), "syntax-expression", "", "this is not a regular expression: %s",
			strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return schema.Bool
}

func (c *checker) arithmetic(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	var out *schema.Type
	lk, rk := l.Required(), r.Required()
	switch {
	case schema.IsNumeric(lk) && schema.IsNumeric(rk):
		out = schema.Number
		if lk.Kind == schema.KindInt && rk.Kind == schema.KindInt && n.Operator != "/" && n.Operator != "**" &&
			n.Operator != "^" {
			out = schema.Int
		}
		if n.Operator == "%" && out != schema.Int {
			return c.operands(n, lk, rk, "two ints")
		}
		if _, divides := nodes.Division(n); divides {
			if nodes.Constant(n.Right) == float64(0) {
				c.Report(nodes.Span(n.Right), "type-mismatch", "", "a division by zero")
				return nil
			}
			if c.signOf(n.Right)&bounds.NotZero == 0 {
				out = out.AsOptional() // dividing by zero gives no value
			}
		}
	case n.Operator == "+" && lk.Kind == schema.KindString && rk.Kind == schema.KindString:
		out = schema.String
	case schema.IsTime(lk) && rk.Kind == schema.KindDuration && (n.Operator == "+" || n.Operator == "-"):
		out = schema.Datetime
	case n.Operator == "+" && lk.Kind == schema.KindDuration && schema.IsTime(rk):
		out = schema.Datetime
	case n.Operator == "-" && schema.IsTime(lk) && schema.IsTime(rk):
		out = schema.Elapsed
	case lk.Kind == schema.KindDuration && rk.Kind == schema.KindDuration && (n.Operator == "+" || n.Operator == "-"):
		out = schema.Elapsed
	default:
		return c.operands(n, lk, rk, "two numbers")
	}
	c.need(n.Left, l, "`"+n.Operator+"`")
	c.need(n.Right, r, "`"+n.Operator+"`")
	return out
}

// impossible reports an and/or or a comparison that, for what its operands can be, is always true
// or always false.
func (c *checker) impossible(n ast.Node) {
	if label, always, found := bounds.Impossible(n, c.types); found {
		c.Report(nodes.Span(n), "constant-condition", label, "this is always %v", always)
	}
}

// constants reports conditions whose outcome is known before anything runs: the whole of them, and
// operands of and/or.
func (c *checker) constants(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			before := len(c.Diags)
			c.constants(n.Left)
			c.constants(n.Right)
			if len(c.Diags) == before {
				c.impossible(n)
			}
			return
		case "==", "!=", "<=", ">=", "<", ">":
			if n.Left.String() == n.Right.String() && !nodes.ReadsNothing(n.Left) {
				always := n.Operator == "==" || n.Operator == "<=" || n.Operator == ">="
				c.Report(nodes.Span(n), "constant-condition", "both sides are the same", "this is always %v", always)
				return
			}
		}
	case *ast.BuiltinNode:
		for _, arg := range n.Arguments {
			if p, ok := arg.(*ast.PredicateNode); ok {
				c.sameItems(p.Node)
			}
		}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			c.constants(n.Node)
			return
		}
	}
	if c.Failed() {
		return
	}
	if !nodes.ReadsNothing(n) {
		c.impossible(n)
		return
	}
	always := "the same"
	if p, err := newLowering(c).compile(n); err == nil {
		if v, err := runConstant(p); err == nil {
			always = fmt.Sprint(v)
		}
	}
	c.Report(nodes.Span(n), "constant-condition", "it depends on nothing", "this is always %s", always)
}

// sameItems reports a comparison in a predicate whose sides are the same: each `.x` in it is of the innermost list.
func (c *checker) sameItems(n ast.Node) {
	if b, ok := n.(*ast.BinaryNode); ok {
		switch b.Operator {
		case "==", "!=", "<=", ">=", "<", ">":
			if nodes.MentionsItem(b.Left) && b.Left.String() == b.Right.String() {
				c.Report(nodes.Span(b), "constant-condition",
					"both are of the same item: compare two lists as in any(a, .x in map(b, .x))", "this is always %v",
					b.Operator == "==" || b.Operator == "<=" || b.Operator == ">=")
				return
			}
		}
	}
	for _, part := range nodes.Children(n) {
		c.sameItems(part)
	}
}
