package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
)

// signOf returns what is known of the sign of a number that was checked.
func (c *checker) signOf(n ast.Node) bounds.Sign {
	if v, ok := nodes.Constant(n).(float64); ok {
		return bounds.SignOfConstant(v)
	}
	known := c.signByForm(n)
	key := c.valueName(n)
	if c.guarded[key+bounds.FactNotZero] > 0 {
		known |= bounds.NotZero
	}
	if c.guarded[key+bounds.FactPositive] > 0 {
		known |= bounds.Positive
	}
	return known
}

// signByForm returns what the form of an expression tells, whatever its values.
func (c *checker) signByForm(n ast.Node) bounds.Sign {
	switch n := n.(type) {
	case *ast.ChainNode:
		return c.signOf(n.Node)
	case *ast.MemberNode:
		if nodes.FieldOf(n, scope.Member) == "points" {
			return bounds.NotNegative
		}
	case *ast.CallNode:
		if nodes.Callee(n) == "bucket" {
			return bounds.NotNegative
		}
	case *ast.BuiltinNode:
		return c.signOfFunction(n)
	case *ast.BinaryNode:
		return c.signOfOperator(n)
	case *ast.ConditionalNode:
		var a, b bounds.Sign
		c.under(c.whenTrue(n.Cond), func() { a = c.signOf(n.Exp1) })
		c.under(c.whenFalse(n.Cond), func() { b = c.signOf(n.Exp2) })
		return a & b
	}
	return 0
}

func (c *checker) signOfFunction(n *ast.BuiltinNode) bounds.Sign {
	some, all := bounds.Sign(0), bounds.Positive
	for _, a := range n.Arguments {
		s := c.signOf(a)
		all &= s
		if s == bounds.Positive || s == bounds.NotNegative {
			some |= s
		}
	}
	switch n.Name {
	case "len", "count":
		return bounds.NotNegative
	case "abs":
		return all | bounds.NotNegative
	case "max":
		return some
	case "min", "float", "ceil":
		return all
	case "int", "round", "floor":
		return all & bounds.NotNegative
	}
	return 0
}

func (c *checker) signOfOperator(n *ast.BinaryNode) bounds.Sign {
	l, r := c.signOf(n.Left), c.signOf(n.Right)
	switch n.Operator {
	case "+":
		if l&r&bounds.NotNegative != 0 {
			return l | r
		}
	case "*": // of numbers a product may be too small to be told from zero
		if t := c.types[n]; t != nil && t.Kind == schema.KindInt {
			return l & r
		}
		return l & r & bounds.NotNegative
	case "??":
		return l & r
	}
	return 0
}

// valueName names a value for facts about its sign: its path, or for what is computed its text.
func (c *checker) valueName(n ast.Node) string {
	if p := c.path(n); p != "" {
		return p
	}
	name := "(" + n.String() + ")"
	if nodes.MentionsItem(n) {
		name += "#" + string(rune('0'+len(c.items)))
	}
	return name
}

// comparedWithNumber returns what a comparison that holds tells about signs.
func (c *checker) comparedWithNumber(left ast.Node, op string, right ast.Node) []string {
	return append(c.signFacts(left, op, right), c.signFacts(right, nodes.Mirrored[op], left)...)
}

func (c *checker) signFacts(n ast.Node, op string, with ast.Node) []string {
	if nodes.Mirrored[op] == "" || nodes.Constant(n) != nil {
		return nil
	}
	if t := c.types[n]; t == nil || !schema.IsNumeric(t) {
		return nil
	}
	return c.factsOfSign(n, bounds.SignImplied(op, c.signOf(with), nodes.Constant(with)))
}

// factsOfSign words what was found as facts. What stands in for a missing value is zero mostly:
// then a value that is not zero is there.
func (c *checker) factsOfSign(n ast.Node, found bounds.Sign) []string {
	fact := bounds.SignFact(c.valueName(n), found)
	if fact == "" {
		return nil
	}
	out := []string{fact}
	if b, ok := n.(*ast.BinaryNode); ok && b.Operator == "??" && nodes.Constant(b.Right) == float64(0) {
		out = append(out, c.pathPrefixes(b.Left)...)
		out = append(out, c.factsOfSign(b.Left, found)...)
	}
	return out
}

// guardedDivision writes a division with the guard that is missing.
func (c *checker) guardedDivision(at place.Location, divisor ast.Node) string {
	test := " != 0"
	if c.signOf(divisor)&bounds.NotNegative != 0 {
		test = " > 0"
	}
	by := c.Written(c.Extent(divisor))
	if nodes.Operand(divisor, by) != by && !(strings.HasPrefix(by, "(") && strings.HasSuffix(by, ")")) {
		by = "(" + by + ")"
	}
	return "(" + by + test + " ? " + c.Written(at) + " : 0)"
}
