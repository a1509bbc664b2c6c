package unknown

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/schema"
)

// Field reports a field that base does not have. root is the name that the field hangs on, nil when it
// hangs on something else.
func (c *Names) Field(n *ast.MemberNode, base *schema.Type, key *ast.StringNode, root *ast.IdentifierNode) {
	name := ""
	if root != nil {
		name = root.Value
	}
	if name == "actions" {
		c.Action(key)
		return
	}
	for _, x := range base.Clashes {
		if x.Field == key.Value {
			c.Report(key.Location(), "type-mismatch", "let their declarations say the same",
				"`%s` has no one type: it is %s of `%s` and %s of `%s`", key.Value, report.DescribeType(x.Types[0]), x.One,
				report.DescribeType(x.Types[1]), x.Other)
			return
		}
	}
	code, what := "unknown-field", fmt.Sprintf("%s has no field `%s`", nodes.Quote(n.Node), key.Value)
	if _, isItem := n.Node.(*ast.PointerNode); isItem {
		what = fmt.Sprintf("an item of this list has no field `%s`", key.Value)
	}
	switch name {
	case c.sc.Schema.Subject():
		what = fmt.Sprintf("%s has no attribute `%s`", name, key.Value)
	case "event", "trigger":
		what = fmt.Sprintf("%s has no property `%s`", name, key.Value)
		if other := c.otherEvent(key.Value); other != "" {
			code = "property-of-other-event"
			what += ", " + other + " has"
		}
	}
	if name == "vars" {
		what = fmt.Sprintf("the playbook has no value `%s` above this", key.Value)
	}
	if name == "params" {
		what = fmt.Sprintf("there is no param `%s` with a value", key.Value)
	}
	if whole := c.sc.Whole[key.Value]; name == "params" && whole != "" {
		message, label := WholeParam(key.Value, whole)
		c.Report(key.Location(), code, label, "%s", message)
		return
	}
	label, m := "", diag.Closest(key.Value, base.FieldNames())
	if m != "" {
		label = "did you mean `" + m + "`?" + c.aboutField(base, m)
	} else if len(base.Fields) > 0 {
		label = "there is " + diag.OneOf(base.FieldNames())
	}
	d := c.Report(key.Location(), code, label, "%s", what).RelateName(key.Value, m, base.Find)
	if len(d.Related) == 0 {
		c.relateAction(d, n.Node)
	}
	if m != "" {
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(key.Value, base.FieldNames()))
		if base.Find(m).Line > 0 {
			d.AssumeName(m)
		}
	}
}

// relateAction shows the action whose result was to have the field.
func (c *Names) relateAction(d *diag.Diagnostic, base ast.Node) {
	result, ok := base.(*ast.MemberNode)
	if !ok {
		return
	}
	root, isName := result.Node.(*ast.IdentifierNode)
	id, isText := result.Property.(*ast.StringNode)
	if !isName || !isText || root.Value != "actions" {
		return
	}
	for i := range c.sc.Actions {
		if a := &c.sc.Actions[i]; a.ID == id.Value {
			d.Relate("`"+a.ID+"` is this action", a.Pos)
		}
	}
}

// otherEvent names a declared event that has the property.
func (c *Names) otherEvent(property string) string {
	for _, name := range c.sc.Schema.EventNames() {
		if t, _ := c.sc.Schema.EventProperties(name); t != nil {
			if _, ok := t.Field(property); ok {
				return name
			}
		}
	}
	return ""
}

// aboutField returns what a suggested field is and where it is declared.
func (c *Names) aboutField(base *schema.Type, name string) string {
	for _, f := range base.Fields {
		if f.Name != name || f.Type == nil {
			continue
		}
		about := f.Type.Required().String()
		if len(f.Type.Enum) > 0 {
			about = diag.OneOf(f.Type.Enum)
		}
		if f.Pos.Line > 0 {
			about += fmt.Sprintf("; %s:%d", f.Pos.File, f.Pos.Line)
		}
		return " (" + about + ")"
	}
	return ""
}

// WholeParam returns what is wrong where a param is named that stands for something else than a value, and what
// to write instead.
func WholeParam(name, kind string) (message, label string) {
	if kind == "text" {
		return fmt.Sprintf("`params.%s` is a text, which cannot be a part of something", name),
			"it stands alone where a text stands: text: = params." + name
	}
	if of, absent := strings.CutPrefix(kind, "optional "); absent {
		return fmt.Sprintf("`params.%s` is not given where this is used", name),
			"write the " + of + " there, or give the param a default"
	}
	return fmt.Sprintf("`params.%s` is the name of a %s", name, kind), fmt.Sprintf("it stands alone: %s: = params.%s", kind, name)
}
