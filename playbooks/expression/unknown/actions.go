package unknown

import (
	"fmt"
	"regexp"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// Action reports the id of an action that none before has.
func (c *Names) Action(key *ast.StringNode) {
	if c.sc.Later[key.Value] {
		c.Report(key.Location(), "action-not-run-yet", "", "the action `%s` has not run when this is evaluated", key.Value)
		return
	}
	var ids []string
	for _, a := range c.sc.Actions {
		ids = append(ids, a.ID)
	}
	label, m := "no action that has run by then has an `id`", diag.Closest(key.Value, ids)
	if len(ids) > 0 {
		label = "there is " + diag.OneOf(ids)
	}
	if m != "" {
		label = "did you mean `" + m + "`?"
	}
	d := c.Report(key.Location(), "unknown-action-id", label, "no action has the id `%s`", key.Value)
	text := []rune(c.Source.Text)
	AboutAction(d, c.sc, key.Value, m, FieldAfter(string(text[min(key.Location().To, len(text)):])))
	if m != "" {
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(key.Value, ids))
		d.AssumeName(m)
	}
}

// nameless returns the action that was meant where no action has the id: the nearest before,
// without an id, that leaves the field.
func nameless(s *scope.Scope, field string) (diag.Pos, bool) {
	for i := len(s.Nameless) - 1; i >= 0; i-- {
		a := &s.Nameless[i]
		if _, ok := a.Type.Field(field); ok {
			return a.Pos, true
		}
	}
	return diag.Pos{}, false
}

// AboutAction shows which action the id may have been meant for.
func AboutAction(d *diag.Diagnostic, sc *scope.Scope, id, near, field string) *diag.Diagnostic {
	for i := range sc.Actions {
		if near != "" && sc.Actions[i].ID == near {
			return d.Relate("`"+near+"` is this action", sc.Actions[i].Pos)
		}
	}
	if at, ok := nameless(sc, field); ok {
		d.Relate(fmt.Sprintf("this action leaves `%s`, but has no id: add `id: %s` if it is meant", field, id), at)
	}
	return d
}

// FieldAfter returns the name after the dot that a text goes on with.
func FieldAfter(text string) string {
	m := dotted.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

var dotted = regexp.MustCompile(`^\.([a-z_\p{Lo}々ー][a-z0-9_\p{Lo}々ー]*)`)
