package check

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/nodes"
)

// issues reports whether a coupon that an action gives is of a trigger, by the event that usher makes of it.
func (c *rules) issues(s *playbooks.Step, t *playbooks.Trigger) bool {
	if t.Event.Name != playbooks.CouponIssued || !c.schema.MakesEvent(playbooks.CouponIssued) {
		return false
	}
	names := s.Args["pool"].Names()
	if t.Event.If == nil || len(names) == 0 {
		return true
	}
	n := expression.ParseExpression(diag.Source{Text: t.Event.If.Text}, c.schema)
	return n == nil || slices.ContainsFunc(names, func(name string) bool { return mayBeOf(n, name) })
}

// mayBeOf reports whether a condition may hold of an event of a pool: it does not where it asks for another one.
func mayBeOf(n ast.Node, pool string) bool {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return true
	}
	switch b.Operator {
	case "and", "&&":
		return mayBeOf(b.Left, pool) && mayBeOf(b.Right, pool)
	case "or", "||":
		return mayBeOf(b.Left, pool) || mayBeOf(b.Right, pool)
	case "==":
		other, isText := b.Right.(*ast.StringNode)
		return !isText || nodes.Short(b.Left) != "event.pool" || other.Value == pool
	}
	return true
}
