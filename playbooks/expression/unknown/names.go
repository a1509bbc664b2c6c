package unknown

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// Names tells of names that mean nothing in an expression.
type Names struct {
	*report.Reporter
	sc        *scope.Scope
	functions scope.Functions
}

// New returns what tells of names that mean nothing in the scope.
func New(told *report.Reporter, sc *scope.Scope, functions scope.Functions) *Names {
	return &Names{told, sc, functions}
}

// Name reports a name that is not in scope, with what was meant.
func (c *Names) Name(n *ast.IdentifierNode) {
	subject := c.sc.Schema.Subject()
	names := []string{subject}
	for _, r := range c.sc.Roots() {
		names = append(names, r.Name)
	}
	if c.sc.Params != nil && (n.Value == "trigger" || n.Value == "vars") {
		c.Report(n.Location(), "unknown-name", "hand it over: declare a param, and write it into `with`",
			"`%s` is not known in a snippet, which any playbook may use", n.Value)
		return
	}
	if n.Value == "params" {
		c.Report(n.Location(), "unknown-name", "", "`params` is known in a snippet alone")
		return
	}
	if n.Value == "trigger" {
		d := c.Report(n.Location(), "unknown-name", "", "`trigger` is not known here: no run has begun yet")
		if c.sc.Event != nil {
			d.Label = "write `event`: only the event being looked at is known in this `if`"
			d.Suggest("event")
		}
		return
	}
	if n.Value == "vars" {
		c.Report(n.Location(), "unknown-name", "declare them above: vars: {gap: = 2000 - member.spent}",
			"`vars` is not known here: the playbook has none, or they are not computed yet")
		return
	}
	if n.Value == scope.Member { // of a playbook that is for objects
		label := "write `" + subject + "`"
		if c.sc.Event != nil || c.sc.Trigger != nil {
			label += "; the id of a member who took part is a property of the event, as .member"
		}
		c.Report(n.Location(), "unknown-name", label, "no member is known here: this is about a %s", subject)
		return
	}
	if of, ok := c.sc.Schema.OfOthers(scope.InObjects, n.Value); ok {
		for _, r := range c.sc.Roots() {
			if _, has := r.Type.Field(n.Value); has {
				of.Label = "its id is known, as " + r.Name + "." + n.Value + "; " + of.Label
			}
		}
		c.misplaced(n.Location(), of)
		return
	}
	if c.foreignRoot(n) {
		return
	}
	if m := diag.Closest(n.Value, names); m != "" {
		d := c.Report(n.Location(), "unknown-name", "did you mean `"+m+"`?", "nothing is called `%s` here", n.Value)
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(n.Value, names))
		return
	}
	if _, ok := c.sc.Schema.MemberRecord().Field(n.Value); ok {
		d := c.Report(n.Location(), "unknown-name", "write `"+subject+"."+n.Value+"`",
			"`%s` is an attribute: it belongs to `%s`", n.Value, subject)
		d.Suggest(subject + "." + n.Value).UnsureUnless(!c.carries(n.Value))
		return
	}
	if c.property(n) || c.foreignConstant(n) {
		return
	}
	label := "in scope: " + strings.Join(names, ", ")
	if !strings.ContainsAny(n.Value, ".$") {
		label += fmt.Sprintf(`; a text is quoted: "%s"`, n.Value)
	}
	c.Report(n.Location(), "unknown-name", label, "nothing is called `%s` here", n.Value)
}

// carries reports whether the event or the trigger has a property of that name.
func (c *Names) carries(name string) bool {
	for _, r := range c.sc.Roots() {
		if _, ok := r.Type.Field(name); ok {
			return true
		}
	}
	return false
}

// property reports the name of a property without what it belongs to.
func (c *Names) property(n *ast.IdentifierNode) bool {
	for _, of := range []struct{ name, what string }{
		{"event", "a property"}, {"trigger", "a property"}, {"vars", "a value of this playbook"}, {"params", "a param"},
	} {
		t := c.sc.Root(of.name)
		if t == nil {
			continue
		}
		if _, ok := t.Field(n.Value); ok {
			write := of.name + "." + n.Value
			d := c.Report(n.Location(), "unknown-name", "write `"+write+"`", "`%s` is %s: it belongs to `%s`", n.Value, of.what,
				of.name)
			d.Suggest(write).UnsureUnless(of.name != "trigger")
			return true
		}
	}
	return false
}
