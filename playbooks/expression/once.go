package expression

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/nodes"
)

// A list that is the same for every item of another is made once, before the items are gone through:
// `.sku in map(trigger.items, .sku)` costs as much as if the list of skus were there.

// isSame reports whether a function inside a predicate is about a list that has nothing to do with the items
// around it, and is short: what a run or a member holds, not the history.
func (c *checker) isSame(n *ast.BuiltinNode) bool {
	same := true
	var look func(n ast.Node, own bool)
	look = func(n ast.Node, own bool) {
		switch n := n.(type) {
		case *ast.PointerNode:
			same = same && own
			return
		case *ast.PredicateNode: // its items are those of the function that it belongs to
			look(n.Node, true)
			return
		case *ast.CallNode:
			if name := nodes.Callee(n); name == "events" || name == "in_segment" {
				same = false
			}
		case *ast.MemberNode:
			root, isRoot := n.Node.(*ast.IdentifierNode)
			if key, ok := n.Property.(*ast.StringNode); ok && isRoot && root.Value == "member" &&
				c.sc.Schema.Computed(key.Value) != nil {
				same = false // it may hold anything
			}
		}
		for _, part := range nodes.Children(n) {
			look(part, own)
		}
	}
	look(n, false)
	return same && !nodes.IsConstantValue(n.Arguments[0])
}

// once is what is made before the items of a list are gone through.
type once struct {
	name  string
	value ast.Node
}

// lowerOnce lowers a function over the items of a list, with what is made once before it.
func (l *lowering) lowerOnce(n *ast.BuiltinNode) ast.Node {
	if l.c.same[n] {
		if l.depth == 0 { // not inside of a predicate here: a part of one alone
			return l.builtin(n)
		}
		depth := l.depth
		l.depth = 0
		list := *n // a guard that is asked for each item does not hold before the first
		list.Arguments = slices.Clone(n.Arguments)
		list.Arguments[0] = &ast.BinaryNode{Operator: "??", Left: n.Arguments[0], Right: &ast.ArrayNode{}}
		value := l.lowerOnceOver(&list)
		l.depth = depth
		l.made++
		name := fmt.Sprintf("$once%d", l.made)
		l.once = append(l.once, once{name, value})
		return &ast.IdentifierNode{Value: name}
	}
	if len(l.c.same) == 0 || l.depth > 0 {
		return l.builtin(n)
	}
	return l.lowerOnceOver(n)
}

func (l *lowering) lowerOnceOver(n *ast.BuiltinNode) ast.Node {
	before := len(l.once)
	out := l.builtin(n)
	for i := len(l.once) - 1; i >= before; i-- {
		out = &ast.VariableDeclaratorNode{Name: l.once[i].name, Value: l.once[i].value, Expr: out}
	}
	l.once = l.once[:before]
	return out
}
