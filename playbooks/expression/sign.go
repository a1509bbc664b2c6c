package expression

import (
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
)

// A division by zero gives no value. So the checker asks whether a divisor may be zero, and learns
// from comparisons that it is not. What it has learned is a fact as any other (see whenTrue): the
// value's name with one of these behind it.
const (
	FactNotZero  = " != 0"
	FactPositive = " > 0"
)

// Sign is what is known of a number: flags.
type Sign uint8

// What is known of a sign.
const (
	NotZero Sign = 1 << iota
	NotNegative
	Positive = NotZero | NotNegative
)

// signOf returns what is known of the sign of a number that was checked.
func (c *checker) signOf(n ast.Node) Sign {
	if v, ok := constantOf(n).(float64); ok {
		return SignOfConstant(v)
	}
	known := c.signByForm(n)
	key := c.valueName(n)
	if c.guarded[key+FactNotZero] > 0 {
		known |= NotZero
	}
	if c.guarded[key+FactPositive] > 0 {
		known |= Positive
	}
	return known
}

// SignOfConstant returns the sign of a number.
func SignOfConstant(v float64) Sign {
	switch {
	case v > 0:
		return Positive
	case v < 0:
		return NotZero
	}
	return NotNegative
}

// signByForm returns what the form of an expression tells, whatever its values.
func (c *checker) signByForm(n ast.Node) Sign {
	switch n := n.(type) {
	case *ast.ChainNode:
		return c.signOf(n.Node)
	case *ast.MemberNode:
		if FieldOfMember(n) == "points" {
			return NotNegative
		}
	case *ast.CallNode:
		if calleeOf(n) == "bucket" {
			return NotNegative
		}
	case *ast.BuiltinNode:
		return c.signOfFunction(n)
	case *ast.BinaryNode:
		return c.signOfOperator(n)
	case *ast.ConditionalNode:
		var a, b Sign
		c.under(c.whenTrue(n.Cond), func() { a = c.signOf(n.Exp1) })
		c.under(c.whenFalse(n.Cond), func() { b = c.signOf(n.Exp2) })
		return a & b
	}
	return 0
}

func (c *checker) signOfFunction(n *ast.BuiltinNode) Sign {
	some, all := Sign(0), Positive
	for _, a := range n.Arguments {
		s := c.signOf(a)
		all &= s
		if s == Positive || s == NotNegative {
			some |= s
		}
	}
	switch n.Name {
	case "len", "count":
		return NotNegative
	case "abs":
		return all | NotNegative
	case "max":
		return some
	case "min", "float", "ceil":
		return all
	case "int", "round", "floor":
		return all & NotNegative
	}
	return 0
}

func (c *checker) signOfOperator(n *ast.BinaryNode) Sign {
	l, r := c.signOf(n.Left), c.signOf(n.Right)
	switch n.Operator {
	case "+":
		if l&r&NotNegative != 0 {
			return l | r
		}
	case "*": // of numbers a product may be too small to be told from zero
		if t := c.types[n]; t != nil && t.Kind == schema.KindInt {
			return l & r
		}
		return l & r & NotNegative
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
	if mentionsItem(n) {
		name += "#" + string(rune('0'+len(c.items)))
	}
	return name
}

// comparedWithNumber returns what a comparison that holds tells about signs.
func (c *checker) comparedWithNumber(left ast.Node, op string, right ast.Node) []string {
	return append(c.signFacts(left, op, right), c.signFacts(right, Mirrored[op], left)...)
}

func (c *checker) signFacts(n ast.Node, op string, with ast.Node) []string {
	if Mirrored[op] == "" || constantOf(n) != nil {
		return nil
	}
	if t := c.types[n]; t == nil || !IsNumeric(t) {
		return nil
	}
	return c.factsOfSign(n, SignImplied(op, c.signOf(with), constantOf(with)))
}

// SignImplied returns what is known of a number that compares so with another: one of this sign,
// and a constant of this value, nil when it is none.
func SignImplied(op string, with Sign, constant any) Sign {
	zero := constant == float64(0)
	negative := with == NotZero && constant != nil
	switch {
	case op == "!=" && zero, op == "<" && (zero || negative), op == "<=" && negative:
		return NotZero
	case op == ">" && with&NotNegative != 0, op == ">=" && with == Positive:
		return Positive
	case op == "==":
		return with
	}
	return 0
}

// SignFact words what was found of a value; "" when it may be zero.
func SignFact(name string, found Sign) string {
	switch {
	case found&NotZero == 0:
		return ""
	case found == Positive:
		return name + FactPositive
	}
	return name + FactNotZero
}

// factsOfSign words what was found as facts. What stands in for a missing value is zero mostly:
// then a value that is not zero is there.
func (c *checker) factsOfSign(n ast.Node, found Sign) []string {
	fact := SignFact(c.valueName(n), found)
	if fact == "" {
		return nil
	}
	out := []string{fact}
	if b, ok := n.(*ast.BinaryNode); ok && b.Operator == "??" && constantOf(b.Right) == float64(0) {
		out = append(out, c.pathPrefixes(b.Left)...)
		out = append(out, c.factsOfSign(b.Left, found)...)
	}
	return out
}

// division reports whether a node divides, and by what.
func division(n ast.Node) (divisor ast.Node, ok bool) {
	b, ok := n.(*ast.BinaryNode)
	if !ok || b.Operator != "/" && b.Operator != "%" {
		return nil, false
	}
	return b.Right, true
}

// guardedDivision writes a division with the guard that is missing.
func (c *checker) guardedDivision(at place.Location, divisor ast.Node) string {
	test := " != 0"
	if c.signOf(divisor)&NotNegative != 0 {
		test = " > 0"
	}
	by := c.written(c.extent(divisor))
	if operandOf(divisor, by) != by && !(strings.HasPrefix(by, "(") && strings.HasSuffix(by, ")")) {
		by = "(" + by + ")"
	}
	return "(" + by + test + " ? " + c.written(at) + " : 0)"
}

// extent returns the range of a part with the brackets that belong to it, which the library's tree
// does not keep.
func (c *checker) extent(n ast.Node) place.Location {
	at := span(n)
	runes := []rune(c.src.Text)
	at.To = min(at.To, len(runes))
	for {
		open, closed := diag.Brackets(runes[at.From:at.To])
		from, to := at.From-1, at.To
		for closed > 0 && from > 0 && unicode.IsSpace(runes[from]) {
			from--
		}
		for open > 0 && to < len(runes)-1 && unicode.IsSpace(runes[to]) {
			to++
		}
		switch {
		case closed > 0 && from >= 0 && runes[from] == '(':
			at.From = from
		case open > 0 && to < len(runes) && runes[to] == ')':
			at.To = to + 1
		default:
			return at
		}
	}
}

// operandOf writes a node so that an operator behind it takes the whole of it.
func operandOf(n ast.Node, text string) string {
	switch n.(type) {
	case *ast.BinaryNode, *ast.ConditionalNode, *ast.UnaryNode:
		return "(" + text + ")"
	}
	return text
}
