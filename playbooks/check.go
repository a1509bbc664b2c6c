package playbooks

import (
	"fmt"
	"regexp"
	"slices"
)

// checker gathers the mistakes of a workspace while it is read.
type checker struct {
	yamlReader
	notes
	reg       *Registry
	ws        *Workspace
	schema    *Schema
	used      map[string]bool  // "segment dormant": what the playbooks refer to
	wrongName bool             // there is a usher.yml instead of usher.yaml
	sources   map[string]*node // where the schema's expressions stand
	lostID    bool             // a playbook's id could not be read: an id that nothing has may be that one
	blind     bool             // usher.yaml could not be read: what the rest names is unknown
	// playbookNodes remembers where each playbook's id stands.
	playbookNodes map[string]*node
	declared      map[string]bool // ids of playbooks, also of those with mistakes
	texts         map[string]*file
	// brokenNames are attributes and properties whose type has a mistake: what names them is not judged.
	brokenNames map[string]bool
	places      *[]Place // for editors; nil: nobody asks
	forAll      []Pos    // schedules that name no segment
}

// duration reads a constant duration that is longer than nothing.
func (c *checker) duration(n *node, what string) (Duration, bool) {
	d, ok := c.anyDuration(n, what)
	if ok && (d.Days < 0 || d.Elapsed < 0 || d.IsZero()) {
		c.error("bad-duration", n.pos(), what+" must be longer than nothing").label("as in 30s, 15m, 4h, 2d, 1w")
		return d, false
	}
	return d, ok
}

// anyDuration reads a constant duration that may be negative.
func (c *checker) anyDuration(n *node, what string) (Duration, bool) {
	if n == nil || n.broken {
		return Duration{}, false
	}
	if n.kind != scalarNode || n.isNull() {
		c.wrongType(n, what+" must be a duration, as in 30s, 15m, 4h, 2d, 1w")
		return Duration{}, false
	}
	d, err := ParseDuration(n.value)
	if err == nil {
		d.written = n.value
		return d, true
	}
	r := c.error("bad-duration", n.pos(), fmt.Sprintf("`%s` is not a duration", n.value))
	hint := durationMeant(n.value)
	if text := hint.label(); text != "" {
		r.label(text)
	} else {
		r.label(err.Error())
	}
	if hint.write != "" {
		r.edit(n.pos(), hint.write).doubt(hint.sure)
	}
	return d, false
}

// expression compiles the expression that stands in the node, or nil.
func (c *checker) expression(n *node, sc *Scope, want *Type) *Expr {
	if n == nil || n.broken || c.cutSlip(n, true) {
		return nil
	}
	text, ok := c.expressionText(n, "an expression")
	if !ok {
		return nil
	}
	if c.needlessEquals(n, text) {
		return nil
	}
	return c.compile(n, 0, sc, want)
}

// namesBroken tells whether the text names something whose declaration has a mistake: one cause, one mistake.
func (c *checker) namesBroken(text string) bool {
	if len(c.brokenNames) == 0 {
		return false
	}
	return slices.ContainsFunc(identifier.FindAllString(text, -1), func(w string) bool { return c.brokenNames[w] })
}

var identifier = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)

// compile compiles the expression in the node, without its first skip characters, and remembers what it refers to.
func (c *checker) compile(n *node, skip int, sc *Scope, want *Type) *Expr {
	c.place(n, sc, want)
	if c.blind {
		return nil
	}
	src := n.source(skip)
	if c.namesBroken(src.Text) {
		return nil
	}
	if c.running {
		anyway := *sc
		anyway.Running, sc = true, &anyway
	}
	e, diags := CompileExpr(src, sc, want)
	if n.f.name != schemaFile && hasError(c.diags) { // a circle of declarations is told there, not at each use
		diags = slices.DeleteFunc(diags, func(d Diagnostic) bool { return d.Code == "reference-cycle" })
	}
	fitEdits(n, diags)
	c.diags = append(c.diags, diags...)
	if e != nil {
		c.wordsOf(e)
		for _, s := range e.Refs.Segments {
			c.used["segment "+s] = true
		}
	}
	return e
}
