package loader

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// checker gathers the mistakes of a workspace while it is read.
type checker struct {
	syntax.Reader
	check.Notes
	reg              *schema.Registry
	ws               *playbooks.Workspace
	schema           *playbooks.Schema
	used             map[string]bool         // "segment dormant": what the playbooks refer to
	wrongName        bool                    // there is a usher.yml instead of usher.yaml
	sources          map[string]*syntax.Node // where the schema's expressions stand
	playbookIDUnread bool                    // a playbook's id could not be read: an id that nothing has may be that one
	schemaUnreadable bool                    // usher.yaml could not be read: what the rest names is unknown
	// playbookNodes remembers where each playbook's id stands.
	playbookNodes map[string]*syntax.Node
	declared      map[string]bool // ids of playbooks, also of those with mistakes
	texts         map[string]*diag.File
	// brokenNames are attributes and properties whose type has a mistake: what names them is not
	// judged.
	brokenNames map[string]bool
	sites       *[]ExpressionSite // for editors; nil: nobody asks
	forAll      []diag.Pos        // schedules that name no segment
}

// duration reads a constant duration that is longer than nothing.
func (c *checker) duration(n *syntax.Node, what string) (schema.Duration, bool) {
	d, ok := c.anyDuration(n, what)
	if ok && (d.Days < 0 || d.Elapsed < 0 || d.IsZero()) {
		c.Error("bad-duration", n.Pos(), what+" must be longer than nothing").Label("as in 30s, 15m, 4h, 2d, 1w")
		return d, false
	}
	return d, ok
}

// anyDuration reads a constant duration that may be negative.
func (c *checker) anyDuration(n *syntax.Node, what string) (schema.Duration, bool) {
	if n == nil || n.Broken {
		return schema.Duration{}, false
	}
	if n.Kind != syntax.ScalarNode || n.IsNull() {
		c.WrongType(n, what+" must be a duration, as in 30s, 15m, 4h, 2d, 1w")
		return schema.Duration{}, false
	}
	d, err := schema.ParseDuration(n.Value)
	if err == nil {
		d.Written = n.Value
		return d, true
	}
	r := c.Error("bad-duration", n.Pos(), fmt.Sprintf("`%s` is not a duration", n.Value))
	hint := schema.SuggestDuration(n.Value)
	if text := hint.Label(); text != "" {
		r.Label(text)
	} else {
		r.Label(err.Error())
	}
	if hint.Write != "" {
		r.Edit(n.Pos(), hint.Write).UnsureUnless(hint.Sure)
	}
	return d, false
}

// expression compiles the expression that stands in the node, or nil.
func (c *checker) expression(n *syntax.Node, sc *expression.Scope, want *schema.Type) *expression.Expr {
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
	return c.compile(n, 0, sc, want)
}

// namesBroken reports whether the text names something whose declaration has a mistake: one cause,
// one mistake.
func (c *checker) namesBroken(text string) bool {
	if len(c.brokenNames) == 0 {
		return false
	}
	return slices.ContainsFunc(identifier.FindAllString(text, -1), func(w string) bool { return c.brokenNames[w] })
}

var identifier = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)

// compile compiles the expression in the node, without its first skip characters, and remembers
// what it refers to.
func (c *checker) compile(n *syntax.Node, skip int, sc *expression.Scope, want *schema.Type) *expression.Expr {
	c.noteSite(n, sc, want)
	if c.schemaUnreadable {
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
	if n.F.Name != playbooks.SchemaFile && hasError(c.Diags) { // a circle of declarations is told there, not at each use
		diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "reference-cycle" })
	}
	syntax.QuoteEdits(n, diags)
	c.Diags = append(c.Diags, diags...)
	if e != nil {
		c.NoteLabelsOf(e)
		for _, s := range e.Refs.Segments {
			c.used["segment "+s] = true
		}
	}
	return e
}
