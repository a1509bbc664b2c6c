package check

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// effect says which way a change may turn a condition: a member may come to fulfil it, may cease
// to, or neither.
type effect struct{ rise, fall bool }

func (e effect) or(o effect) effect { return effect{e.rise || o.rise, e.fall || o.fall} }

// effectOn returns how an action may turn a segment, as far as its expression shows it: a tag added
// or removed against `"x" in member.tags`, the sign of points against `member.points > n`, a value
// set against `member.level == "gold"`. Else either way.
func (c *rules) effectOn(s *playbooks.Step, g *playbooks.Segment, within []string) effect {
	n := expression.ParseExpression(g.Source, c.schema)
	if n == nil {
		return effect{true, true}
	}
	return c.effectOfExpression(s, n, append(within, g.Name))
}

func (c *rules) effectOfExpression(s *playbooks.Step, n ast.Node, within []string) effect {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			e := c.effectOfExpression(s, n.Node, within)
			return effect{e.fall, e.rise}
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			return c.effectOfExpression(s, n.Left, within).or(c.effectOfExpression(s, n.Right, within))
		}
		if e, ok := effectOfComparison(s, n, c.schema.Subject()); ok {
			return e
		}
	case *ast.CallNode:
		name, _ := n.Callee.(*ast.IdentifierNode)
		if name != nil && name.Value == "in_segment" && len(n.Arguments) == 1 && len(within) < syntax.MaxDepth {
			if of, ok := n.Arguments[0].(*ast.StringNode); ok && c.schema.Segment(of.Value) != nil {
				return c.effectOn(s, c.schema.Segment(of.Value), within)
			}
		}
	}
	v := &dependencyVisitor{c: c, s: s}
	ast.Walk(&n, v)
	return effect{v.depends, v.depends}
}

// effectOfComparison looks at a comparison of a field of the subject with a constant; ok is false when
// it is none.
func effectOfComparison(s *playbooks.Step, n *ast.BinaryNode, subject string) (e effect, ok bool) {
	if tag, isText := n.Left.(*ast.StringNode); n.Operator == "in" && isText &&
		nodes.FieldOf(n.Right, subject) == "tags" {
		return effect{s.Key == "tag" && mayHold(s.Args["add"], tag.Value), s.Key == "tag" &&
			mayHold(s.Args["remove"], tag.Value)}, true
	}
	field := nodes.FieldOf(n.Left, subject)
	if field == "points" && s.Key == "points" {
		return effectOfPoints(s, n)
	}
	want, isText := n.Right.(*ast.StringNode)
	values := s.Args["attributes"]
	if field == "" || !isText || s.Key != "set" || values == nil || values.Map[field] == nil ||
		values.Map[field].Expr != nil {
		return e, false
	}
	equal := values.Map[field].Literal == want.Value
	switch n.Operator {
	case "==":
		return effect{equal, !equal}, true
	case "!=":
		return effect{!equal, equal}, true
	}
	return e, false
}

func effectOfPoints(s *playbooks.Step, n *ast.BinaryNode) (e effect, ok bool) {
	v := s.Args["add"]
	_, isInt := n.Right.(*ast.IntegerNode)
	if s.Args["take"] != nil && isInt {
		switch n.Operator {
		case ">", ">=":
			return effect{fall: true}, true
		case "<", "<=":
			return effect{rise: true}, true
		}
		return e, false
	}
	if v == nil || v.Expr != nil || !isInt {
		return e, false
	}
	var more bool
	switch add := v.Literal.(type) {
	case int64:
		more = add > 0
	case int:
		more = add > 0
	case float64:
		more = add > 0
	default:
		return e, false
	}
	switch n.Operator {
	case ">", ">=":
		return effect{more, !more}, true
	case "<", "<=":
		return effect{!more, more}, true
	}
	return e, false
}

// mayHold reports whether a list of tags may hold one.
func mayHold(list *playbooks.Value, tag string) bool {
	if list == nil {
		return false
	}
	for _, v := range list.List {
		if text, ok := v.Literal.(string); !ok || text == tag {
			return true
		}
	}
	return false
}

// dependencyVisitor finds whether an expression names what an action changes, also through computed
// attributes.
type dependencyVisitor struct {
	c       *rules
	s       *playbooks.Step
	depends bool
	depth   int
}

func (v *dependencyVisitor) Visit(n *ast.Node) {
	if call, ok := (*n).(*ast.CallNode); ok && v.s.Key == "emit" {
		name, _ := call.Callee.(*ast.IdentifierNode)
		if name != nil && name.Value == "events" && len(call.Arguments) > 0 {
			text, isText := call.Arguments[0].(*ast.StringNode)
			event := v.s.Args["event"]
			v.depends = v.depends || !isText || event == nil || event.Literal == text.Value
		}
		return
	}
	field := nodes.FieldOf(*n, v.c.schema.Subject())
	if field == "" {
		return
	}
	switch v.s.Key {
	case "tag":
		v.depends = v.depends || field == "tags"
	case "points":
		v.depends = v.depends || field == "points"
	case "set":
		values := v.s.Args["attributes"]
		v.depends = v.depends || values == nil || values.Map[field] != nil
	}
	a := v.c.schema.Attribute(field)
	if a == nil || a.Computed == nil || v.depth > syntax.MaxDepth {
		return
	}
	if inner := expression.ParseExpression(*a.Computed, v.c.schema); inner != nil {
		v.depth++
		ast.Walk(&inner, v)
		v.depth--
	}
}

// suspendsBefore reports whether a run surely stops before an action, for a time or an answer: what
// the action starts is then no longer in the cascade that started the run.
func suspendsBefore(steps []playbooks.Step, at int) bool {
	for i := range steps[:at] {
		s := &steps[i]
		held := s.Key == "webhook" || s.Key == "wait" && s.Wait != nil && s.Wait.Until == nil
		list := s.Path[:max(strings.LastIndexByte(s.Path, '['), 0)]
		if held && s.Guard == nil && strings.HasPrefix(steps[at].Path, list+"[") {
			return true
		}
	}
	return false
}
