package reading

import (
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Expression compiles the expression that stands in the node; nil when there is none, or after a
// mistake.
func (c *Reader) Expression(n *syntax.Node, sc *scope.Scope, want *schema.Type) *expression.Expr {
	if n == nil || n.Broken || c.CutByComment(n, true) {
		return nil
	}
	text, ok := c.ExpressionText(n, "an expression")
	if !ok {
		return nil
	}
	if c.NeedlessEquals(n, text) {
		return nil
	}
	return c.Compile(n, 0, sc, want)
}

// Compile compiles the expression in the node, without its first skip characters, and remembers
// what it refers to. It returns nil after a mistake, and where a mistake elsewhere leaves unknown
// what the expression names.
func (c *Reader) Compile(n *syntax.Node, skip int, sc *scope.Scope, want *schema.Type) *expression.Expr {
	c.NoteSite(n, sc, want)
	if c.SchemaUnreadable {
		return nil
	}
	src := n.Source(skip)
	if c.namesBroken(src.Text) {
		return nil
	}
	if c.Running {
		anyway := *sc
		anyway.Running, sc = true, &anyway
	}
	e, diags := expression.CompileExpr(src, sc, want)
	// a circle of declarations is told there, not at each use
	if n.F.Name != playbooks.SchemaFile && diag.HasError(c.Diags) {
		diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "reference-cycle" })
	}
	syntax.QuoteEdits(n, diags)
	c.Diags = append(c.Diags, diags...)
	if e != nil {
		c.NoteLabelsOf(e)
		for _, s := range e.Refs.Segments {
			c.Use("segment", s)
		}
		for _, t := range e.Refs.Tables {
			c.Use("table", t)
		}
	}
	return e
}

// NoteSite notes where an expression or a text stands.
func (c *Reader) NoteSite(n *syntax.Node, sc *scope.Scope, want *schema.Type) {
	if c.Site != nil && n.Kind == syntax.ScalarNode {
		c.NoteSiteAt(n.Pos(), n.Value, sc, want)
	}
}

// NoteSiteAt notes that an expression or a text begins at p.
func (c *Reader) NoteSiteAt(p diag.Pos, text string, sc *scope.Scope, want *schema.Type) {
	if c.Site != nil && sc != nil {
		c.Site(p, text, sc, want)
	}
}
