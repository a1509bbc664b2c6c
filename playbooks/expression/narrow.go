package expression

import (
	"cmp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/bounds"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// A path names a value that may be missing and can be guarded: member.nickname, actions.gift.code,
// an item's .amount. Guards are followed through and, or, not and the ternary, as a reader would.

// anyPlace is what needs a value where it is no operator.
const anyPlace = "this place"

// need reports a value that may be missing where an operator would fail on it or answer wrongly.
func (c *checker) need(n ast.Node, t *schema.Type, where string) {
	if t == nil || !t.Optional || t.Kind == schema.KindNil && c.isGuarded(n) || c.isGuarded(n) {
		return
	}
	if t.Kind == schema.KindNil {
		c.Report(nodes.Span(n), "type-mismatch", "", "%s cannot take nil", where)
		return
	}
	if divisor, ok := nodes.Division(n); ok {
		c.needDivision(n, divisor, where)
		return
	}
	text := nodes.Short(n)
	if t.Ref != "" && where == anyPlace { // no text stands for somebody
		c.Report(nodes.Span(n), "unguarded-optional", "test "+text+" != nil first", "`%s` may be missing, and %s needs a value", text, where)
		return
	}
	label := "write (" + nodes.Operand(n, text) + " ?? " + zeroOf(t) + ")"
	if c.path(n) != "" {
		label += ", or test " + cmp.Or(c.viaTest(n), text+" != nil") + " first"
	}
	d := c.Report(nodes.Span(n), "unguarded-optional", label, "`%s` may be missing, and %s needs a value", text, where)
	if zero := zeroOf(t); zero != "…" && len([]rune(n.String())) <= 60 {
		// what a missing value counts as is a choice
		d.Suggest("(" + nodes.Operand(n, text) + " ?? " + zero + ")").UnsureUnless(false)
	}
}

// unguardedResult reports what a result may lack, as the code of a coupon that was not issued,
// where a place takes it as it is: nothing.
func (c *checker) unguardedResult(n ast.Node, got *schema.Type) {
	m, ok := n.(*ast.MemberNode)
	if !ok || !got.Optional || c.isGuarded(n) {
		return
	}
	key, ok := m.Property.(*ast.StringNode)
	of, base := c.types[m.Node], c.path(m.Node)
	if !ok || of == nil || !strings.HasPrefix(base, "actions.") {
		return
	}
	for i := range of.Fields {
		f := &of.Fields[i]
		if f.Name != key.Value || f.When == "" || f.Always && !of.Optional {
			continue
		}
		text := nodes.Short(n)
		test := base + "." + f.When
		switch {
		case strings.HasPrefix(f.When, "!"):
			test = text + " != nil"
		case of.Optional:
			test += " ?? false"
		}
		c.Report(nodes.Span(n), "unguarded-result", "test it first, as in if: "+test+", or write "+text+" ?? "+zeroOf(got),
			"`%s` may be missing, and nothing would stand here", text).Severity = diag.Warning
	}
}

// emptyText warns of `x != ""` where x may be missing: what is missing is not the empty text, and passes.
func (c *checker) emptyText(n *ast.BinaryNode, l, r *schema.Type) {
	of, t, other := n.Left, l, n.Right
	if nodes.Constant(of) == "" {
		of, t, other = n.Right, r, n.Left
	}
	if n.Operator != "!=" || nodes.Constant(other) != "" || !t.Optional || c.isGuarded(of) {
		return
	}
	text := c.Written(c.Extent(of))
	write := text + ` != nil and ` + text + ` != ""`
	d := c.Report(nodes.Span(n), "unguarded-optional", "write "+write, "`%s` may be missing, and what is missing is not \"\" either",
		text)
	d.Severity = diag.Warning
	d.Suggest(write).UnsureUnless(false)
}

// needDivision reports a division whose outcome is needed although its divisor may be zero.
func (c *checker) needDivision(n, divisor ast.Node, where string) {
	at := c.Extent(n)
	text := c.guardedDivision(at, divisor)
	label := "write " + text
	long := len([]rune(text)) > 120
	if long {
		label = "test the divisor first, as in b != 0 ? a / b : 0"
	}
	d := c.Report(at, "unguarded-optional", label, "`%s` is missing when `%s` is 0, and %s needs a value", c.Written(at),
		c.Written(c.Extent(divisor)), where)
	if !long {
		d.Suggest(text).UnsureUnless(false) // what stands in for it is a choice
	}
}

func zeroOf(t *schema.Type) string {
	switch {
	case len(t.Enum) > 0:
		return `"` + t.Enum[0] + `"`
	case t.Kind == schema.KindString:
		return `""`
	case schema.IsNumeric(t):
		return "0"
	case t.Kind == schema.KindBool:
		return "false"
	case t.Kind == schema.KindList:
		return "[]"
	}
	return "…"
}

func (c *checker) isGuarded(n ast.Node) bool {
	p := c.path(n)
	return p != "" && c.guarded[p] > 0
}

// present returns the type of a guarded value as required.
func (c *checker) present(n ast.Node, t *schema.Type) *schema.Type {
	if t != nil && t.Optional && t.Kind != schema.KindNil && c.isGuarded(n) {
		return t.Required()
	}
	return t
}

// path returns the value's name, "" for what is computed. Items of nested predicates are told apart
// by their depth.
func (c *checker) path(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.PointerNode:
		return "#" + string(rune('0'+len(c.items))) + n.Name
	case *ast.ChainNode:
		return c.path(n.Node)
	case *ast.MemberNode:
		key, ok := n.Property.(*ast.StringNode)
		if base := c.path(n.Node); ok && base != "" {
			return base + "." + key.Value
		}
	case *ast.CallNode:
		return c.callPath(n)
	}
	return ""
}

// callPath returns the name of what a function gives that is the same wherever it is called so: the
// day of a calendar. What it is asked about must have a name, too.
func (c *checker) callPath(n *ast.CallNode) string {
	if nodes.Callee(n) == "table" && len(n.Arguments) == 2 {
		key := c.path(n.Arguments[1])
		if s, ok := n.Arguments[1].(*ast.StringNode); ok {
			key = s.String()
		}
		if key != "" {
			return "table(" + n.Arguments[0].String() + ", " + key + ")"
		}
	}
	if nodes.Callee(n) != "lunar" || len(n.Arguments) != 1 {
		return ""
	}
	of := n.Arguments[0]
	if call, ok := of.(*ast.CallNode); ok && len(call.Arguments) == 0 || nodes.IsTime(of) {
		return nodes.Callee(n) + "(" + of.String() + ")"
	} else if ok {
		return ""
	}
	if path := c.path(of); path != "" {
		return nodes.Callee(n) + "(" + path + ")"
	}
	return ""
}

// under checks with facts known.
func (c *checker) under(facts []string, check func()) {
	for _, f := range facts {
		c.guarded[f]++
	}
	check()
	for _, f := range facts {
		c.guarded[f]--
	}
}

// whenTrue lists the paths that are present when n is true.
func (c *checker) whenTrue(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.whenFalse(n.Node)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return append(c.whenTrue(n.Left), c.whenTrue(n.Right)...)
		case "or", "||":
			return intersect(c.whenTrue(n.Left), c.whenTrue(n.Right))
		case "!=":
			return slices.Concat(c.comparedWithNil(n), c.comparedWithNumber(n.Left, "!=", n.Right), c.comparedVia(n, false))
		case "<", "<=", ">", ">=":
			return c.comparedWithNumber(n.Left, n.Operator, n.Right)
		case "==":
			if b, ok := n.Right.(*ast.BoolNode); ok && !b.Value {
				return append(c.comparedWithValue(n), c.whenFalse(n.Left)...)
			}
			return slices.Concat(c.comparedWithValue(n), c.comparedWithNumber(n.Left, "==", n.Right), c.comparedVia(n, true))
		case "??": // a missing answer is not the one that holds
			if b, ok := n.Right.(*ast.BoolNode); ok && !b.Value {
				return append(c.whenTrue(n.Left), c.pathPrefixes(n.Left)...)
			}
		case "in":
			if list, ok := n.Right.(*ast.ArrayNode); ok && !slices.ContainsFunc(list.Nodes, nodes.IsNil) {
				found := bounds.Positive
				for _, item := range list.Nodes {
					found &= c.signOf(item)
				}
				return slices.Concat(c.pathPrefixes(n.Left), c.factsOfSign(n.Left, found), c.factsOfVia(n.Left, list.Nodes, true))
			}
		}
	case *ast.MemberNode:
		return c.factsOfResult(n, true)
	case *ast.ChainNode:
		return c.whenTrue(n.Node)
	}
	return nil
}

// whenFalse lists the paths that are present when n is false.
func (c *checker) whenFalse(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.whenTrue(n.Node)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "or", "||":
			return append(c.whenFalse(n.Left), c.whenFalse(n.Right)...)
		case "and", "&&":
			return intersect(c.whenFalse(n.Left), c.whenFalse(n.Right))
		case "==":
			return slices.Concat(c.comparedWithNil(n), c.comparedWithNumber(n.Left, "!=", n.Right), c.comparedVia(n, false))
		case "!=":
			return slices.Concat(c.comparedWithValue(n), c.comparedWithNumber(n.Left, "==", n.Right), c.comparedVia(n, true))
		case "in":
			if list, ok := n.Right.(*ast.ArrayNode); ok {
				return c.factsOfVia(n.Left, list.Nodes, false)
			}
		case "<", "<=", ">", ">=":
			return c.comparedWithNumber(n.Left, nodes.Opposite[n.Operator], n.Right)
		}
	case *ast.MemberNode:
		return c.factsOfResult(n, false)
	}
	return nil
}

// factsOfResult returns what a bool of a result says: a wait that has not `timed_out` has its
// event, a coupon that was `issued` its code.
func (c *checker) factsOfResult(n *ast.MemberNode, answer bool) []string {
	key, ok := n.Property.(*ast.StringNode)
	of, base := c.types[n.Node], c.path(n.Node)
	if !ok || of == nil || !strings.HasPrefix(base, "actions.") {
		return nil
	}
	when := key.Value
	if !answer {
		when = "!" + when
	}
	out := c.pathPrefixes(n.Node)
	for i := range of.Fields {
		if of.Fields[i].When == when {
			out = append(out, base+"."+of.Fields[i].Name)
		}
	}
	return out
}

func (c *checker) comparedWithNil(n *ast.BinaryNode) []string {
	switch {
	case nodes.IsNil(n.Right):
		return c.pathPrefixes(n.Left)
	case nodes.IsNil(n.Left):
		return c.pathPrefixes(n.Right)
	}
	return nil
}

// comparedWithValue: what equals a value that is present is present.
func (c *checker) comparedWithValue(n *ast.BinaryNode) []string {
	var out []string
	if t := c.types[n.Right]; t != nil && !t.Optional {
		out = append(out, c.pathPrefixes(n.Left)...)
	}
	if t := c.types[n.Left]; t != nil && !t.Optional {
		out = append(out, c.pathPrefixes(n.Right)...)
	}
	return out
}

// pathPrefixes returns the path of n as a list, with the paths that it hangs on: a.b.c present
// means a.b is.
func (c *checker) pathPrefixes(n ast.Node) []string {
	var out []string
	for {
		if ch, ok := n.(*ast.ChainNode); ok {
			n = ch.Node
			continue
		}
		if p := c.path(n); p != "" {
			out = append(out, p)
		}
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return out
		}
		n = m.Node
	}
}

func intersect(a, b []string) []string {
	var out []string
	for _, x := range a {
		if slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
