package unknown

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// Function reports the call of a function that there is none of.
func (c *Names) Function(n *ast.IdentifierNode, args []ast.Node) {
	write := foreign.Function(n.Value, nodes.ShortAll(args))
	if why, ok := foreign.Forbidden[n.Value]; ok {
		c.Report(n.Location(), "forbidden-function", "", "`%s` is not part of the language: %s",
			n.Value, why)
		return
	}
	known := c.functions.All()
	label, m := write, diag.Closest(n.Value, known)
	switch {
	case write != "" && !strings.EqualFold(m, n.Value):
		m = ""
	case m != "":
		label = "did you mean `" + m + "`?"
	default:
		label = "there is " + diag.OneOf(known)
	}
	d := c.Report(n.Location(), "unknown-function", label, "there is no function `%s`", n.Value)
	if m != "" {
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(n.Value, known))
	}
}

// Text reports a quoted name that no section of usher.yaml of the kind declares; known are those that
// it does.
func (c *Names) Text(s *ast.StringNode, code, what string, known []string, section string) {
	if of, ok := c.sc.Schema.OfOthers(section, s.Value); ok {
		c.misplaced(s.Location(), of)
		return
	}
	label, m := "usher.yaml declares no "+what, diag.Closest(s.Value, known)
	if len(known) > 0 {
		label = "there is " + diag.OneOf(known)
	}
	if m != "" {
		label = "did you mean `" + m + "`?"
	}
	d := c.Report(s.Location(), code, label, "there is no %s `%s`", what, s.Value).
		RelateName(s.Value, m, c.declaredIn(section))
	if m != "" {
		d.Suggest(`"` + m + `"`).UnsureUnless(diag.UniqueMatch(s.Value, known))
		d.AssumeName(m)
	}
}

// misplaced reports a name that is declared for other subjects.
func (c *Names) misplaced(loc file.Location, of scope.Misplaced) {
	d := c.Report(loc, "wrong-subject", of.Label, "%s", of.Message)
	if of.At.Line > 0 {
		d.Relate("declared here", of.At)
	}
}

// declaredIn finds the names of a section of usher.yaml.
func (c *Names) declaredIn(section string) diag.Finder {
	return func(name string) diag.Pos { return c.sc.Schema.DeclaredAt(section, name) }
}
