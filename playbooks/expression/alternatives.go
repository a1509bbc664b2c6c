package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/schema"
)

// loneAlternative reports a value that stands alone beside a comparison that was meant for it as
// well: a == 1 or 2.
func (c *checker) loneAlternative(n *ast.BinaryNode, word string) bool {
	if !isConstantValue(n.Right) {
		return false
	}
	b, ok := n.Left.(*ast.BinaryNode)
	for ok && (b.Operator == n.Operator) && isConstantValue(b.Right) {
		b, ok = b.Left.(*ast.BinaryNode)
	}
	if !ok || Mirrored[b.Operator] == "" || !isConstantValue(b.Right) {
		return false
	}
	subject, first, second := c.written(c.extent(b.Left)), short(b.Right), short(n.Right)
	var label string
	switch {
	case b.Operator == "!=":
		label = fmt.Sprintf("write `%s not in [%s, %s]`", subject, first, second)
	case b.Operator == "==" && word == "or":
		label = fmt.Sprintf("write `%s == %s or %s == %s`, or `%s in [%s, %s]`", subject, first, subject, second, subject,
			first, second)
	case b.Operator == "==":
		label = fmt.Sprintf("write `%s in [%s, %s]` if either may be", subject, first, second)
	default:
		label = fmt.Sprintf("write `%s %s %s %s %s %s %s`", subject, b.Operator, first, word, subject, b.Operator, second)
	}
	c.check(n.Right)
	c.report(span(n.Right), "type-mismatch", label, "each side of `%s` is a comparison, this is a value alone", word)
	return true
}

// isConstantValue reports whether a node is a text or a number that is written out.
func isConstantValue(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	}
	return false
}

// inWhat returns what to write for an `in` that looks in what is no list: one value in brackets is
// no list, and texts have `contains`.
func (c *checker) inWhat(n *ast.BinaryNode, r *schema.Type) string {
	not := ""
	if n == c.negated {
		not = "not "
	}
	switch {
	case isConstantValue(n.Right) && !isConstantValue(n.Left):
		return fmt.Sprintf("write %s %sin [%s]", short(n.Left), not, short(n.Right))
	case r.Kind == schema.KindString:
		return fmt.Sprintf("write %s %scontains %s", short(n.Right), not, short(n.Left))
	}
	return ""
}
