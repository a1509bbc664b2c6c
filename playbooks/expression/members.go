package expression

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/expression/unknown"
	"github.com/usher-run/usher/playbooks/schema"
)

func (c *checker) member(n *ast.MemberNode) *schema.Type {
	_, c.named = n.Node.(*ast.IdentifierNode)
	base := c.check(n.Node)
	c.named = false
	if base == nil {
		return nil
	}
	key, constant := n.Property.(*ast.StringNode)
	switch base.Kind {
	case schema.KindList:
		return c.item(n, base)
	case schema.KindObject:
		if !constant {
			c.Report(nodes.Span(n.Property), "computed-access", "write the name itself, as in member.level",
				"the name of a field must be a constant, so that it can be checked")
			return nil
		}
		return c.field(n, base, key)
	case schema.KindAny:
		return schema.Any.AsOptional()
	}
	name := "its parts"
	if constant {
		name = "`" + key.Value + "`"
	}
	label := ""
	if constant {
		label = unknown.SizeField(n.Node, base, key.Value)
	}
	if base.Ref != "" {
		label = "it is the id of a " + base.Ref + ": only what is for: " + base.Ref + " reads its attributes"
		if base.Ref == scope.Member {
			label = "it is the id of a member: nobody reads the attributes of another"
		}
	}
	c.Report(n.Property.Location(), "unknown-field", label, "%s is %s and has no field %s", nodes.Quote(n.Node),
		report.DescribeType(base), name)
	return nil
}

// item types list[i]: it may be missing, and lowering makes it so.
func (c *checker) item(n *ast.MemberNode, base *schema.Type) *schema.Type {
	if key, ok := n.Property.(*ast.StringNode); ok {
		c.Report(key.Location(), "unknown-field", unknown.SizeField(n.Node, base, key.Value), "%s is %s and has no field `%s`",
			nodes.Quote(n.Node), report.DescribeType(base), key.Value)
		return nil
	}
	c.need(n.Node, base, "`[…]`")
	if t := c.check(n.Property); t != nil && t.Kind != schema.KindInt {
		c.Report(nodes.Span(n.Property), "type-mismatch", "", "the place in a list is an int, this is %s", report.DescribeType(t))
		return nil
	}
	if base.Elem == nil {
		return nil
	}
	return base.Elem.AsOptional()
}

func (c *checker) field(n *ast.MemberNode, base *schema.Type, key *ast.StringNode) *schema.Type {
	root, _ := n.Node.(*ast.IdentifierNode)
	subject := c.sc.Schema.Subject()
	isMember := root != nil && root.Value == subject
	t, ok := base.Field(key.Value)
	if !ok {
		c.unknown.Field(n, base, key, root)
		return nil
	}
	if isMember {
		c.refs.attributes[key.Value] = true
		if src := c.sc.Schema.Computed(key.Value); src != nil {
			return c.present(n, c.inline(n, subject+"."+key.Value, *src, nil))
		}
	}
	if root != nil && root.Value == "actions" {
		c.refs.actions[key.Value] = true
	}
	// A field of something that may be missing may be missing itself.
	if base.Optional && !c.isGuarded(n.Node) && t != nil {
		t = t.AsOptional()
	}
	return c.present(n, t)
}

// inline types the expression of a segment or a computed attribute where it is used. Mistakes
// inside it are reported at its own place, once, by whoever checks the declaration; here they only
// make the type unknown.
func (c *checker) inline(at ast.Node, name string, src diag.Source, want *schema.Type) *schema.Type {
	if t, ok := c.inlined[name]; ok {
		c.usesBroken = c.usesBroken || c.broken[name]
		return t
	}
	if slices.Contains(c.stack, name) {
		cycle := append(slices.Clone(c.stack[slices.Index(c.stack, name):]), name)
		c.Report(at.Location(), "reference-cycle", "", "this refers to itself: %s", strings.Join(cycle, " → "))
		return nil
	}
	sub := newChecker(src, &scope.Scope{Schema: c.sc.Schema, Running: c.sc.Running}, c.library)
	sub.stack = append(slices.Clone(c.stack), name)
	sub.slots, sub.refs, sub.inlined, sub.broken = c.slots, c.refs, c.inlined, c.broken
	var t *schema.Type
	if len(src.Text) <= maxExpression {
		if n := sub.parser.Parse(sub.Reporter, sub.sc); n != nil {
			t = sub.check(n)
		}
	}
	for _, d := range sub.Diags {
		if d.Code == "reference-cycle" {
			c.Report(at.Location(), "reference-cycle", "", "%s", d.Message)
		}
	}
	if sub.Failed() && !c.sc.Running || sub.usesBroken {
		t, c.broken[name], c.usesBroken = nil, true, true
	}
	if t == nil {
		t = want
	}
	c.inlined[name] = t
	return t
}
