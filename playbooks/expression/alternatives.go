package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// loneAlternative reports a value that stands alone beside a comparison that was meant for it as
// well: a == 1 or 2.
func (c *checker) loneAlternative(n *ast.BinaryNode, word string) bool {
	if !nodes.IsConstantValue(n.Right) {
		return false
	}
	b, ok := n.Left.(*ast.BinaryNode)
	for ok && (b.Operator == n.Operator) && nodes.IsConstantValue(b.Right) {
		b, ok = b.Left.(*ast.BinaryNode)
	}
	if !ok || nodes.Mirrored[b.Operator] == "" || !nodes.IsConstantValue(b.Right) {
		return false
	}
	subject, first, second := c.Written(c.Extent(b.Left)), nodes.Short(b.Right), nodes.Short(n.Right)
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
	c.Report(nodes.Span(n.Right), "type-mismatch", label, "each side of `%s` is a comparison, this is a value alone", word)
	return true
}

// inWhat returns what to write for an `in` that looks in what is no list: one value in brackets is
// no list, and texts have `contains`.
func (c *checker) inWhat(n *ast.BinaryNode, r *schema.Type) string {
	not := ""
	if n == c.negated {
		not = "not "
	}
	switch {
	case nodes.IsConstantValue(n.Right) && !nodes.IsConstantValue(n.Left):
		return fmt.Sprintf("write %s %sin [%s]", nodes.Short(n.Left), not, nodes.Short(n.Right))
	case r.Kind == schema.KindString:
		return fmt.Sprintf("write %s %scontains %s", nodes.Short(n.Right), not, nodes.Short(n.Left))
	}
	return ""
}
