package values

import (
	"errors"
	"fmt"
	"math"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Literal reads a value as the type wants it, as [Type.Coerce] gives it, but with each mistake at
// its place.
func (c *Reader) Literal(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n == nil || n.Broken {
		return nil, false
	}
	if t == nil {
		t = schema.Any
	}
	before := len(c.Diags)
	v, ok := c.literalOf(n, t, what)
	for i := before; i < len(c.Diags); i++ {
		if d := &c.Diags[i]; len(d.Related) == 0 && diag.ComparePos(d.Pos, n.Pos()) == 0 {
			d.RelateDeclarations(t)
		}
	}
	return v, ok
}

func (c *Reader) literalOf(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.IsNull() {
		if t.Optional || t.Kind == schema.KindAny {
			return nil, true
		}
		c.WrongType(n, fmt.Sprintf("%s must be %s", what, schema.Article(t.String())))
		return nil, false
	}
	switch t.Kind {
	case schema.KindList:
		return c.listLiteral(n, t, what)
	case schema.KindObject:
		return c.objectLiteral(n, t, what)
	case schema.KindAny:
		return c.AnyLiteral(n)
	case schema.KindString:
		if len(t.Enum) > 0 {
			s, ok := c.DeclaredEnum(n, what, t.Enum...)
			return s, ok
		}
		s, ok := c.Str(n, what)
		return s, ok
	}
	if n.Kind != syntax.ScalarNode || (n.Style != syntax.PlainStyle && t.Kind != schema.KindDate &&
		t.Kind != schema.KindDatetime) {
		c.mismatch(n, t, what)
		return nil, false
	}
	v, ok := scalarLiteral(n, t)
	if !ok && !c.longNumber(n, what) {
		c.mismatch(n, t, what)
	}
	return v, ok
}

// longNumber reports a number that a float64 does not hold.
func (c *Reader) longNumber(n *syntax.Node, what string) bool {
	var long *decimal.ParseError
	if n.Tag != "int" && n.Tag != "float" {
		return false
	}
	if _, err := decimal.Parse(n.Value); !errors.As(err, &long) || !long.Lossy() {
		return false
	}
	c.Error("inexact-number", n.Pos(), fmt.Sprintf("%s has more digits than a number can hold", what)).
		Label("an id is text: declare it as string, and quote it here")
	return true
}

func (c *Reader) mismatch(n *syntax.Node, t *schema.Type, what string) {
	want := t.Required()
	r := c.WrongType(n, fmt.Sprintf("%s must be %s", what, schema.Article(want.String())))
	switch want.Kind {
	case schema.KindDate:
		r.Label("as in 2026-03-28")
	case schema.KindDatetime:
		r.Label("as in 2026-03-28T10:00:00+08:00")
	case schema.KindInt, schema.KindNumber, schema.KindBool:
		if n.Kind != syntax.ScalarNode || n.Style == syntax.PlainStyle || n.Untraceable {
			break
		}
		plain := *n
		plain.Tag, plain.Style = guessTag(n.Value), syntax.PlainStyle
		if _, ok := scalarLiteral(&plain, want); ok {
			r.Label("write it without quotes").Edit(n.Pos(), n.Value)
		}
	}
}

func guessTag(s string) string {
	if s == "true" || s == "false" {
		return "bool"
	}
	if diag.WholeNumber.MatchString(s) {
		return "int"
	}
	return "float"
}

func scalarLiteral(n *syntax.Node, t *schema.Type) (any, bool) {
	switch t.Kind {
	case schema.KindInt:
		if n.Tag == "int" && diag.WholeNumber.MatchString(n.Value) {
			v, err := decimal.Parse(n.Value)
			return int(v), err == nil && math.Abs(v) <= decimal.MaxInt
		}
	case schema.KindNumber:
		if n.Tag == "int" && diag.WholeNumber.MatchString(n.Value) || n.Tag == "float" {
			v, err := decimal.Parse(n.Value)
			return v, err == nil
		}
	case schema.KindBool:
		return n.Value == "true", n.Tag == "bool" && (n.Value == "true" || n.Value == "false")
	case schema.KindDate, schema.KindDatetime:
		v, err := t.Coerce(n.Value)
		return v, err == nil
	}
	return nil, false
}

func (c *Reader) listLiteral(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.Kind != syntax.SequenceNode {
		c.WrongType(n, what+" must be a list")
		return nil, false
	}
	out, good := make([]any, 0, len(n.Items)), true
	for i, item := range n.Items {
		v, ok := c.Literal(item, t.Elem, fmt.Sprintf("%s[%d]", what, i))
		out, good = append(out, v), good && ok
	}
	return out, good
}

func (c *Reader) objectLiteral(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.Kind != syntax.MappingNode {
		c.WrongType(n, what+" must be a mapping (`key: value`)")
		return nil, false
	}
	out, good := make(map[string]any, len(n.Entries)), true
	for _, e := range n.Entries {
		ft, known := t.Field(e.Key.Value)
		if !known {
			if label := diag.DidYouMean(e.Key.Value, t.FieldNames()); label != "" {
				near := diag.Closest(e.Key.Value, t.FieldNames())
				c.Error("unknown-field", e.Key.Pos(), fmt.Sprintf("%s has no `%s`", what, e.Key.Value)).Label(label).
					Edit(e.Key.Pos(), near).UnsureUnless(false). // it may be a property that is not declared
					Diagnostic().RelateName(e.Key.Value, near, t.Find)
				good = false
				continue
			}
			ft = schema.Any // an undeclared property is accepted and kept
		}
		v, ok := c.Literal(e.Value, ft, what+"."+e.Key.Value)
		good = good && ok
		if v != nil {
			out[e.Key.Value] = v
		}
	}
	for _, f := range t.Fields {
		if n.Get(f.Name) == nil && !f.Type.Optional && f.Type.Kind != schema.KindAny && good {
			c.Error("missing-key", n.Pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).
				Label("add `"+f.Name+": …`").
				Diagnostic().Relate("declared here", f.Pos)
			good = false
		}
	}
	return out, good
}

// AnyLiteral reads a value as JSON would give it.
func (c *Reader) AnyLiteral(n *syntax.Node) (any, bool) {
	switch n.Kind {
	case syntax.SequenceNode:
		return c.listLiteral(n, schema.ListOf(schema.Any), "value")
	case syntax.MappingNode:
		return c.objectLiteral(n, schema.ObjectOf(), "value")
	}
	switch n.Tag {
	case "null":
		return nil, true
	case "bool":
		return n.Value == "true", true
	case "int", "float":
		if c.longNumber(n, "the value") {
			return nil, false
		}
		v, err := decimal.Parse(n.Value)
		if err == nil && n.Tag == "int" && math.Abs(v) <= decimal.MaxInt {
			return int(v), true
		}
		if err == nil {
			return v, true
		}
	}
	return n.Value, true
}
