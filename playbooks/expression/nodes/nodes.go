package nodes

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	place "github.com/expr-lang/expr/file"
)

// Span returns the range from the first to the last character of the node's parts.
func Span(n ast.Node) place.Location {
	s := spanVisitor{n.Location()}
	ast.Walk(&n, &s)
	return s.loc
}

type spanVisitor struct{ loc place.Location }

func (s *spanVisitor) Visit(n *ast.Node) {
	l := (*n).Location()
	if l.To == 0 && l.From == 0 {
		return
	}
	s.loc.From = min(s.loc.From, l.From)
	s.loc.To = max(s.loc.To, l.To)
}

// Short returns the node's text, cut when long.
func Short(n ast.Node) string {
	s := n.String()
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}

// Quote returns the node's text in the quotes of a message, cut when long.
func Quote(n ast.Node) string { return "`" + Short(n) + "`" }

// Operand writes a node so that an operator behind it takes the whole of it.
func Operand(n ast.Node, text string) string {
	switch n.(type) {
	case *ast.BinaryNode, *ast.ConditionalNode, *ast.UnaryNode:
		return "(" + text + ")"
	}
	return text
}

// ShortAll writes arguments as they may stand in a label.
func ShortAll(list []ast.Node) []string {
	var out []string
	for _, n := range list {
		if _, ok := n.(*ast.PredicateNode); ok {
			continue
		}
		out = append(out, Operand(n, Short(n)))
	}
	return out
}

// Children returns the parts that a node is made of.
func Children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.CallNode:
		return n.Arguments
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	case *ast.SliceNode:
		parts := []ast.Node{n.Node}
		for _, end := range []ast.Node{n.From, n.To} {
			if end != nil {
				parts = append(parts, end)
			}
		}
		return parts
	}
	return nil
}

// Callee returns the name of the function that is called; "" when it is none by name.
func Callee(n *ast.CallNode) string {
	if id, ok := n.Callee.(*ast.IdentifierNode); ok {
		return id.Value
	}
	return ""
}

// MentionsItem reports whether the part names an item of a list that it does not itself go through.
func MentionsItem(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.PointerNode:
		return true
	case *ast.PredicateNode:
		return false
	default:
		return slices.ContainsFunc(Children(n), MentionsItem)
	}
}

// Constant returns the value of a constant: a float64, string or bool; nil when it is none of
// these.
func Constant(n ast.Node) any {
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
		if v, ok := Constant(n.Node).(float64); ok && n.Operator == "-" {
			return -v
		}
	}
	return nil
}

// ConstantInt returns the value of a whole number that is written out.
func ConstantInt(n ast.Node) (int, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, ok := ConstantInt(n.Node)
		return -v, ok && n.Operator == "-"
	}
	return 0, false
}

// IsConstantValue reports whether a node is a text or a number that is written out.
func IsConstantValue(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	}
	return false
}

// IsNil reports whether a node is the word nil.
func IsNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

// FieldOf returns the name of a field of the subject, as expressions call it; "" for anything else.
func FieldOf(n ast.Node, subject string) string {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return ""
	}
	base, ok := m.Node.(*ast.IdentifierNode)
	key, isText := m.Property.(*ast.StringNode)
	if !ok || base.Value != subject || !isText {
		return ""
	}
	return key.Value
}

// Division reports whether a node divides, and by what.
func Division(n ast.Node) (divisor ast.Node, ok bool) {
	b, ok := n.(*ast.BinaryNode)
	if !ok || b.Operator != "/" && b.Operator != "%" {
		return nil, false
	}
	return b.Right, true
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

// ReadsNothing reports whether a part depends on no input.
func ReadsNothing(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return false
	case *ast.CallNode:
		return IsTime(n)
	}
	return !slices.ContainsFunc(Children(n), func(part ast.Node) bool { return !ReadsNothing(part) })
}

// IsTime reports whether a node is a date or a time that is written out, as date("2026-11-12").
func IsTime(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	return ok && (Callee(call) == "date" || Callee(call) == "datetime")
}
