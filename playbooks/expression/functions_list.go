package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/parse"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/schema"
)

// listRules are the functions over the values of a list: see [parse.ListFunctions].
func listRules() map[string]builtinRule {
	maybe := func(t, _ *schema.Type) *schema.Type { return t.AsOptional() }
	return map[string]builtinRule{
		"distinct": {"distinct(list, .x)", overValues("tells values apart", isPlain,
			func(value, _ *schema.Type) *schema.Type { return schema.ListOf(value.Required()) })},
		"most_common": {"most_common(list, .x)", overValues("tells values apart", isPlain, maybe)},
		"avg": {"avg(list, .x)", overValues("takes numbers", schema.IsNumeric,
			func(*schema.Type, *schema.Type) *schema.Type { return schema.Number.AsOptional() })},
		"largest":  {"largest(list, .x)", overValues("compares numbers or times", isOrdered, itemOf)},
		"smallest": {"smallest(list, .x)", overValues("compares numbers or times", isOrdered, itemOf)},
	}
}

func itemOf(_, item *schema.Type) *schema.Type { return item.AsOptional() }

// isPlain reports whether values of the type can be told apart: it is neither a list nor an object.
func isPlain(t *schema.Type) bool {
	return t.Kind == schema.KindString || t.Kind == schema.KindBool || schema.IsNumeric(t) || schema.IsTime(t)
}

func isOrdered(t *schema.Type) bool { return schema.IsNumeric(t) || schema.IsTime(t) }

// overValues types a function over what is taken of each item of a list, or over the items themselves. Missing values
// are left out.
func overValues(takes string, fits func(*schema.Type) bool, out func(value, item *schema.Type) *schema.Type,
) func(c *checker, n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
	return func(c *checker, n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
		item := c.list(n, args)
		if item == nil {
			return nil
		}
		value, at := item, n.Arguments[0]
		if len(args) > 1 {
			p, ok := n.Arguments[1].(*ast.PredicateNode)
			if !ok || args[1] == nil {
				return nil
			}
			value, at = args[1], p.Node
		}
		if !fits(value.Required()) {
			c.Report(nodes.Span(at), "wrong-arguments", "write "+c.rules[n.Name].Usage, "`%s` %s, this is %s", n.Name, takes,
				report.DescribeType(value.Required()))
			return nil
		}
		return out(value, item)
	}
}

// overList lowers a function over the values of a list; nil when it is none.
func (l *lowering) overList(n *ast.BuiltinNode, args []ast.Node) ast.Node {
	if !slices.Contains(parse.ListFunctions, n.Name) {
		return nil
	}
	values := args[0]
	if len(args) > 1 {
		values = &ast.BuiltinNode{Name: "map", Arguments: args}
	}
	if n.Name == "largest" || n.Name == "smallest" {
		return arithmetic.Call("$"+n.Name, args[0], values)
	}
	return arithmetic.Call("$"+n.Name, values)
}

// averageOf makes an average of two aggregates: what the values add up to, and how many there are. nil when it cannot
// be aggregated.
func (l *lowering) averageOf(s Slot, where, item ast.Node) ast.Node {
	there := both(where, &ast.BinaryNode{Operator: "!=", Left: item, Right: &ast.NilNode{}})
	added := &ast.ConditionalNode{Ternary: true, Cond: there, Exp1: item, Exp2: &ast.BoolNode{}}
	sum := l.asked(s, added, formSum, types.Any)
	count := l.asked(s, there, formCount, types.Int)
	if sum == nil || count == nil {
		return nil
	}
	return arithmetic.Call("$average", arithmetic.Call("$calculated", sum), count)
}

// differentOf makes how many different values there are an aggregate; nil when it cannot be aggregated.
func (l *lowering) differentOf(n *ast.BuiltinNode) ast.Node {
	slot, where, item, own, ok := l.over(n)
	if !ok {
		return nil
	}
	if item == nil {
		item = own
	}
	if item == nil {
		return nil
	}
	if where != nil {
		item = &ast.ConditionalNode{Ternary: true, Cond: where, Exp1: item, Exp2: &ast.NilNode{}}
	}
	return l.asked(slot, item, formDifferent, types.Int)
}
