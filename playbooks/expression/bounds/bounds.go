package bounds

import (
	"fmt"
	"math"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// bound is one comparison of an operand with constants.
type bound struct {
	of  ast.Node
	op  string     // == != < <= > >=, or in and its opposite, "not in"
	set []ast.Node // the constants
}

// ranges knows the types of operands.
type ranges struct{ types map[ast.Node]*schema.Type }

// Impossible finds an and/or or a comparison that, for what its operands can be, is always true or
// always false. types are those of its nodes. It returns why, and the answer that it always gives.
func Impossible(n ast.Node, types map[ast.Node]*schema.Type) (label string, always, found bool) {
	c := ranges{types}
	for _, always = range []bool{false, true} {
		bounds, single := c.bounds(n, always), false
		if b, ok := n.(*ast.BinaryNode); ok && nodes.Opposite[b.Operator] != "" {
			single = true
		}
		for i := range bounds {
			var same []bound
			for _, b := range bounds[:i+1] {
				if b.of.String() == bounds[i].of.String() {
					same = append(same, b)
				}
			}
			if !single && len(same) < 2 || !c.excluded(same) {
				continue
			}
			label = fmt.Sprintf("no %s is all of this at once", nodes.Quote(bounds[i].of))
			switch {
			case single && partOf(bounds[i].of) != nil:
				label = nodes.Quote(bounds[i].of) + " is " + partOf(bounds[i].of).text
			case single && neverNegative(bounds[i].of):
				label = nodes.Quote(bounds[i].of) + " is never below 0"
			case single && len(bounds[i].set) == 0:
				label = "the list is empty"
			case single:
				label = fmt.Sprintf("of what %s can be", nodes.Quote(bounds[i].of))
			case always:
				label = fmt.Sprintf("every %s is one of this", nodes.Quote(bounds[i].of))
			}
			return label, always, true
		}
	}
	return "", false, false
}

// bounds returns the comparisons that all hold when n does; when n does not, for negated.
func (c ranges) bounds(n ast.Node, negated bool) []bound {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.bounds(n.Node, !negated)
		}
	case *ast.BinaryNode:
		conjunction, disjunction := n.Operator == "and" || n.Operator == "&&", n.Operator == "or" || n.Operator == "||"
		if conjunction && !negated || disjunction && negated {
			return append(c.bounds(n.Left, negated), c.bounds(n.Right, negated)...)
		}
		b := bound{of: n.Left, op: n.Operator}
		list, isList := n.Right.(*ast.ArrayNode)
		switch {
		case n.Operator == "in" && isList:
			b.set = list.Nodes
		case nodes.Opposite[n.Operator] == "" || n.Operator == "in":
			return nil
		case nodes.ReadsNothing(n.Left):
			b.of, b.op, b.set = n.Right, nodes.Mirrored[n.Operator], []ast.Node{n.Left}
		default:
			b.set = []ast.Node{n.Right}
		}
		if nodes.ReadsNothing(b.of) || slices.ContainsFunc(b.set, func(v ast.Node) bool { return nodes.Constant(v) == nil }) {
			return nil
		}
		if negated {
			b.op = nodes.Opposite[b.op]
		}
		return []bound{b}
	}
	return nil
}

// part is what a part of a time can be.
type part struct {
	low, high float64
	text      string
}

var parts = map[string]*part{
	"month": {1, 12, "1 to 12"}, "day": {1, 31, "1 to 31"}, "hour": {0, 23, "0 to 23"}, "minute": {0, 59, "0 to 59"},
	"weekday": {1, 7, "1 for Monday to 7 for Sunday"},
}

var lunarParts = map[string]*part{"month": parts["month"], "day": {1, 30, "1 to 30"}}

// partOf returns what an operand can be that is a part of a time; nil when it is none.
func partOf(n ast.Node) *part {
	switch n := n.(type) {
	case *ast.CallNode:
		return parts[nodes.Callee(n)]
	case *ast.ChainNode:
		return partOf(n.Node)
	case *ast.MemberNode:
		call, isCall := n.Node.(*ast.CallNode)
		if field, ok := n.Property.(*ast.StringNode); ok && isCall && nodes.Callee(call) == "lunar" {
			return lunarParts[field.Value]
		}
	}
	return nil
}

// Outside finds the first item of a list that a part of a time cannot be, beside others that it can be, and says
// what it can be; nil when there is none.
func Outside(n ast.Node, list []ast.Node) (item ast.Node, canBe string) {
	p := partOf(n)
	if p == nil {
		return nil, ""
	}
	outside := func(item ast.Node) bool {
		v, ok := nodes.Constant(item).(float64)
		return ok && (v < p.low || v > p.high)
	}
	i := slices.IndexFunc(list, outside)
	if i < 0 || !slices.ContainsFunc(list, func(item ast.Node) bool { return !outside(item) }) {
		return nil, "" // a list without any that it can be is a condition that is always the same
	}
	return list[i], p.text
}

// neverNegative reports whether an operand counts something.
func neverNegative(n ast.Node) bool {
	if b, ok := n.(*ast.BuiltinNode); ok {
		return b.Name == "len" || b.Name == "count"
	}
	return nodes.FieldOf(n, "member") == "points"
}

// excluded reports whether nothing that the operand can be fulfils all the bounds on it.
func (c ranges) excluded(bounds []bound) bool {
	of := bounds[0].of
	low, high := math.Inf(-1), math.Inf(1)
	openLow, openHigh := false, false
	if neverNegative(of) {
		low = 0
	}
	if p := partOf(of); p != nil {
		low, high = p.low, p.high
	}
	var can []any // what it can be, when that is a list
	listed := false
	if t := c.types[of]; t != nil && len(t.Enum) > 0 && (!t.Optional || slices.ContainsFunc(bounds, bound.present)) {
		listed = true
		for _, v := range t.Enum {
			can = append(can, v)
		}
	}
	var not []any
	for _, b := range bounds {
		var set []any
		for _, v := range b.set {
			set = append(set, nodes.Constant(v))
		}
		number, isNumber := 0.0, false
		if len(set) == 1 {
			number, isNumber = set[0].(float64)
		}
		if !isNumber && (b.op[0] == '<' || b.op[0] == '>') {
			continue // texts in order
		}
		switch b.op {
		case "==", "in":
			if listed {
				set = slices.DeleteFunc(set, func(v any) bool { return !slices.Contains(can, v) })
			}
			can, listed = set, true
		case "!=", "not in":
			not = append(not, set...)
		case ">", ">=":
			if number > low || number == low && b.op == ">" {
				low, openLow = number, b.op == ">"
			}
		case "<", "<=":
			if number < high || number == high && b.op == "<" {
				high, openHigh = number, b.op == "<"
			}
		}
	}
	if low > high || low == high && (openLow || openHigh) {
		return true
	}
	return listed && !slices.ContainsFunc(can, func(v any) bool {
		f, isNumber := v.(float64)
		outside := isNumber && (f < low || f > high || f == low && openLow || f == high && openHigh)
		return !outside && !slices.Contains(not, v)
	})
}

// present reports whether only a value that is there fulfils the bound.
func (b bound) present() bool { return b.op != "!=" && b.op != "not in" }
