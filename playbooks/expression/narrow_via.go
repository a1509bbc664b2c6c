package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// comparedVia returns what is there when a field `via` equals a text, or not: fields of the alternatives that it may
// name then.
func (c *checker) comparedVia(n *ast.BinaryNode, equal bool) []string {
	if facts := c.factsOfVia(n.Left, []ast.Node{n.Right}, equal); facts != nil {
		return facts
	}
	return c.factsOfVia(n.Right, []ast.Node{n.Left}, equal)
}

// factsOfVia returns what is there when a field `via` is one of some texts, or none of them.
func (c *checker) factsOfVia(n ast.Node, texts []ast.Node, equal bool) []string {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return nil
	}
	key, ok := m.Property.(*ast.StringNode)
	of, base := c.types[m.Node], c.path(m.Node)
	if !ok || of == nil || base == "" {
		return nil
	}
	var given []string
	for _, t := range texts {
		s, ok := t.(*ast.StringNode)
		if !ok {
			return nil
		}
		given = append(given, s.Value)
	}
	facts := ViaFacts(of, base, key.Value, given, equal)
	if len(facts) == 0 {
		return nil
	}
	if !equal { // a missing one is none of them either
		if t, _ := of.Field(key.Value); t.Optional || of.Optional && !c.isGuarded(m.Node) {
			return nil
		}
	}
	return facts
}

// ViaFacts returns the paths of the fields of an object, which is at a path, that are there when its field is one
// of some texts, or none of them: those that every alternative has that may be meant then. They may lie within a
// field, too.
func ViaFacts(of *schema.Type, base, field string, texts []string, equal bool) []string {
	via, ok := of.Field(field)
	if field != schema.Via || !ok || via == nil || len(via.Enum) == 0 {
		return nil
	}
	left := slices.Clone(via.Enum)
	left = slices.DeleteFunc(left, func(name string) bool { return slices.Contains(texts, name) != equal })
	if len(left) == 0 {
		return nil
	}
	return viaFields(of, base, left)
}

func viaFields(of *schema.Type, base string, left []string) (out []string) {
	for i := range of.Fields {
		f := &of.Fields[i]
		path := base + "." + f.Name
		if f.Via != nil && !slices.ContainsFunc(left, func(name string) bool { return !slices.Contains(f.Via, name) }) {
			out = append(out, path)
		}
		if f.Type != nil && f.Type.Kind == schema.KindObject {
			out = append(out, viaFields(f.Type, path, left)...)
		}
	}
	return out
}

// viaTest returns the question by which a value is known to be there, that of its alternative; "" when there is none.
func (c *checker) viaTest(n ast.Node) string {
	needs := ""
	for {
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return ""
		}
		key, ok := m.Property.(*ast.StringNode)
		base := c.types[m.Node]
		if !ok || base == nil {
			return ""
		}
		for i := range base.Fields {
			if f := &base.Fields[i]; f.Name == key.Value && len(f.Via) == 1 && needs == "" {
				needs = f.Via[0]
			}
		}
		if via, ok := base.Field(schema.Via); ok && needs != "" && slices.Contains(via.Enum, needs) {
			return nodes.Short(m.Node) + "." + schema.Via + ` == "` + needs + `"`
		}
		n = m.Node
	}
}
