package expression

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// BuiltinFields are the fields that every member has, beside the declared attributes.
var BuiltinFields = []schema.Field{
	{Name: "id", Type: schema.String},
	{Name: "tags", Type: schema.ListOf(schema.String)},
	{Name: "created_at", Type: schema.Datetime},
	{Name: "last_seen_at", Type: schema.Datetime},
	{Name: "points", Type: schema.Int},
	{Name: "timezone", Type: schema.String.AsOptional()},
	{Name: "locale", Type: schema.String.AsOptional()},
}

// MemberFields returns the built-in fields of a member.
func MemberFields() []schema.Field { return slices.Clone(BuiltinFields) }

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
			c.report(span(n.Property), "computed-access", "write the name itself, as in member.level",
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
		label = sizeField(n.Node, base, key.Value)
	}
	c.report(n.Property.Location(), "unknown-field", label, "%s is %s and has no field %s", quoteNode(n.Node),
		DescribeType(base), name)
	return nil
}

// item types list[i]: it may be missing, and lowering makes it so.
func (c *checker) item(n *ast.MemberNode, base *schema.Type) *schema.Type {
	if key, ok := n.Property.(*ast.StringNode); ok {
		c.report(key.Location(), "unknown-field", sizeField(n.Node, base, key.Value), "%s is %s and has no field `%s`",
			quoteNode(n.Node), DescribeType(base), key.Value)
		return nil
	}
	c.need(n.Node, base, "`[…]`")
	if t := c.check(n.Property); t != nil && t.Kind != schema.KindInt {
		c.report(span(n.Property), "type-mismatch", "", "the place in a list is an int, this is %s", DescribeType(t))
		return nil
	}
	if base.Elem == nil {
		return nil
	}
	return base.Elem.AsOptional()
}

func (c *checker) field(n *ast.MemberNode, base *schema.Type, key *ast.StringNode) *schema.Type {
	root, _ := n.Node.(*ast.IdentifierNode)
	isMember := root != nil && root.Value == "member"
	t, ok := base.Field(key.Value)
	if !ok {
		c.unknownField(n, base, key, root)
		return nil
	}
	if isMember {
		c.refs.attributes[key.Value] = true
		if src := c.sc.Schema.Computed(key.Value); src != nil {
			return c.present(n, c.inline(n, "member."+key.Value, *src, nil))
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

func (c *checker) unknownField(n *ast.MemberNode, base *schema.Type, key *ast.StringNode, root *ast.IdentifierNode) {
	name := ""
	if root != nil {
		name = root.Value
	}
	if name == "actions" {
		c.unknownAction(key)
		return
	}
	code, what := "unknown-field", fmt.Sprintf("%s has no field `%s`", quoteNode(n.Node), key.Value)
	if _, isItem := n.Node.(*ast.PointerNode); isItem {
		what = fmt.Sprintf("an item of this list has no field `%s`", key.Value)
	}
	switch name {
	case "member":
		what = fmt.Sprintf("member has no attribute `%s`", key.Value)
	case "event", "trigger":
		what = fmt.Sprintf("%s has no property `%s`", name, key.Value)
		if other := c.otherEvent(key.Value); other != "" {
			code = "property-of-other-event"
			what += ", " + other + " has"
		}
	}
	label, m := "", diag.Closest(key.Value, base.FieldNames())
	if m != "" {
		label = "did you mean `" + m + "`?" + c.aboutField(base, m)
	} else if len(base.Fields) > 0 {
		label = "there is " + diag.OneOf(base.FieldNames())
	}
	d := c.report(key.Location(), code, label, "%s", what).RelateName(key.Value, m, base.Find)
	if m != "" {
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(key.Value, base.FieldNames()))
		if base.Find(m).Line > 0 {
			d.AssumeName(m)
		}
	}
}

// otherEvent names a declared event that has the property.
func (c *checker) otherEvent(property string) string {
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
func (c *checker) aboutField(base *schema.Type, name string) string {
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

func (c *checker) unknownAction(key *ast.StringNode) {
	if c.sc.Later[key.Value] {
		c.report(key.Location(), "action-not-run-yet", "", "the action `%s` has not run when this is evaluated", key.Value)
		return
	}
	var ids []string
	for _, a := range c.sc.Actions {
		ids = append(ids, a.ID)
	}
	label, m := "no action before this one has an `id`", diag.Closest(key.Value, ids)
	if len(ids) > 0 {
		label = "there is " + diag.OneOf(ids)
	}
	if m != "" {
		label = "did you mean `" + m + "`?"
	}
	d := c.report(key.Location(), "unknown-action-id", label, "no action has the id `%s`", key.Value)
	text := []rune(c.src.Text)
	AboutAction(d, c.sc, key.Value, m, FieldAfter(string(text[min(key.Location().To, len(text)):])))
	if m != "" {
		d.Suggest(m).UnsureUnless(diag.UniqueMatch(key.Value, ids))
		d.AssumeName(m)
	}
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
		c.report(at.Location(), "reference-cycle", "", "this refers to itself: %s", strings.Join(cycle, " → "))
		return nil
	}
	sub := newChecker(src, &Scope{Schema: c.sc.Schema, Running: c.sc.Running}, c.library)
	sub.stack = append(slices.Clone(c.stack), name)
	sub.slots, sub.refs, sub.inlined, sub.broken = c.slots, c.refs, c.inlined, c.broken
	var t *schema.Type
	if len(src.Text) <= maxExpression {
		if n := sub.parse(); n != nil {
			t = sub.check(n)
		}
	}
	for _, d := range sub.diags {
		if d.Code == "reference-cycle" {
			c.report(at.Location(), "reference-cycle", "", "%s", d.Message)
		}
	}
	if sub.failed() && !c.sc.Running || sub.usesBroken {
		t, c.broken[name], c.usesBroken = nil, true, true
	}
	if t == nil {
		t = want
	}
	c.inlined[name] = t
	return t
}

// nameless returns the action that was meant where no action has the id: the nearest before,
// without an id, that leaves the field.
func (s *Scope) nameless(field string) (diag.Pos, bool) {
	for i := len(s.Nameless) - 1; i >= 0; i-- {
		a := &s.Nameless[i]
		if _, ok := a.Type.Field(field); ok {
			return a.Pos, true
		}
	}
	return diag.Pos{}, false
}

// AboutAction shows which action the id may have been meant for.
func AboutAction(d *diag.Diagnostic, sc *Scope, id, near, field string) *diag.Diagnostic {
	for i := range sc.Actions {
		if near != "" && sc.Actions[i].ID == near {
			return d.Relate("`"+near+"` is this action", sc.Actions[i].Pos)
		}
	}
	if at, ok := sc.nameless(field); ok {
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

// BuiltinMember are the fields that every member has; they cannot be declared again.
var BuiltinMember = []string{"id", "tags", "created_at", "last_seen_at", "points", "timezone", "locale"}

// MemberType returns the type of `member` with the types of computed attributes, each as it is
// declared.
func MemberType(d Declarations) *schema.Type {
	record := d.MemberRecord()
	t := *record
	t.Fields = slices.Clone(record.Fields)
	for i := len(BuiltinFields); i < len(t.Fields); i++ {
		f := &t.Fields[i]
		has := f.Type != nil && !f.Type.Optional // a default
		if f.Type, _ = d.AttributeType(f.Name); has {
			f.Type = f.Type.Required()
		}
	}
	return &t
}
