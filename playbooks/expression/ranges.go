package expression

import (
	"fmt"
	"math"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// bound is one comparison of an operand with constants.
type bound struct {
	of  ast.Node
	op  string     // == != < <= > >=, or in and its opposite, "not in"
	set []ast.Node // the constants
}

var (
	// Opposite returns for a comparison the one that holds when it does not.
	Opposite = map[string]string{
		"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in",
		"not in": "in",
	}
	// Mirrored returns for a comparison the same with its sides exchanged.
	Mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
)

// impossible reports an and/or or a comparison that, for what its operands can be, is always true
// or always false.
func (c *checker) impossible(n ast.Node) {
	for _, always := range []bool{false, true} {
		bounds, single := c.bounds(n, always), false
		if b, ok := n.(*ast.BinaryNode); ok && Opposite[b.Operator] != "" {
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
			label := fmt.Sprintf("no %s is all of this at once", quoteNode(bounds[i].of))
			switch {
			case single && c.neverNegative(bounds[i].of):
				label = quoteNode(bounds[i].of) + " is never below 0"
			case single && len(bounds[i].set) == 0:
				label = "the list is empty"
			case single:
				label = fmt.Sprintf("of what %s can be", quoteNode(bounds[i].of))
			case always:
				label = fmt.Sprintf("every %s is one of this", quoteNode(bounds[i].of))
			}
			c.report(span(n), "constant-condition", label, "this is always %v", always)
			return
		}
	}
}

// bounds returns the comparisons that all hold when n does; when n does not, for negated.
func (c *checker) bounds(n ast.Node, negated bool) []bound {
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
		case Opposite[n.Operator] == "" || n.Operator == "in":
			return nil
		case c.readsNothing(n.Left):
			b.of, b.op, b.set = n.Right, Mirrored[n.Operator], []ast.Node{n.Left}
		default:
			b.set = []ast.Node{n.Right}
		}
		if c.readsNothing(b.of) || slices.ContainsFunc(b.set, func(v ast.Node) bool { return constantOf(v) == nil }) {
			return nil
		}
		if negated {
			b.op = Opposite[b.op]
		}
		return []bound{b}
	}
	return nil
}

// constantOf returns the value of a constant: a float64, string or bool; nil when it is none of
// these.
func constantOf(n ast.Node) any {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value)
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.UnaryNode:
		if v, ok := constantOf(n.Node).(float64); ok && n.Operator == "-" {
			return -v
		}
	}
	return nil
}

// neverNegative reports whether an operand counts something.
func (c *checker) neverNegative(n ast.Node) bool {
	if b, ok := n.(*ast.BuiltinNode); ok {
		return b.Name == "len" || b.Name == "count"
	}
	return FieldOfMember(n) == "points"
}

// excluded reports whether nothing that the operand can be fulfils all the bounds on it.
func (c *checker) excluded(bounds []bound) bool {
	of := bounds[0].of
	low, high := math.Inf(-1), math.Inf(1)
	openLow, openHigh := false, false
	if c.neverNegative(of) {
		low = 0
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
			set = append(set, constantOf(v))
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

// FieldOfMember returns the name of a field of member, "" for anything else.
func FieldOfMember(n ast.Node) string {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return ""
	}
	base, ok := m.Node.(*ast.IdentifierNode)
	key, isText := m.Property.(*ast.StringNode)
	if !ok || base.Value != "member" || !isText {
		return ""
	}
	return key.Value
}
