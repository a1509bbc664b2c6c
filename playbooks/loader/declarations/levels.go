package declarations

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// levels reads which attribute of members follows which number.
func (c *reader) levels(n *syntax.Node) {
	if n == nil || !c.Mapping(n, "levels", shapes.LevelKeys...) {
		return
	}
	l := &playbooks.Levels{Pos: n.Pos()}
	a := c.levelAttribute(c.Require(n, "levels", "attribute", "attribute: level"))
	c.levelNumber(c.Require(n, "levels", "by", "by: member.points"), a, l)
	c.levelSteps(c.Require(n, "levels", "steps", "steps: {silver: 600, gold: 2000}"), a, l)
	if v := n.Get("grace"); v != nil {
		l.Grace, _ = c.Duration(v, "grace")
	}
	if a != nil {
		l.Attribute = a.Name
		c.Schema.Levels = l
	}
}

// levelAttribute returns the attribute that is named; nil: it has a mistake.
func (c *reader) levelAttribute(v *syntax.Node) *playbooks.Attribute {
	text, ok := c.Str(v, "attribute")
	if !ok || c.SchemaUnreadable || c.BrokenNames[text] {
		return nil
	}
	if name, is := reading.FieldOf(scope.Member, text); is {
		c.Error("bad-value", v.Pos(), "levels are of members: the name of the attribute is enough").Label("write `"+name+"`").
			Edit(v.Pos(), name)
		return nil
	}
	a := c.Schema.Attribute(text)
	switch {
	case a == nil && scope.IsBuiltin(scope.Member, text):
		c.Error("type-mismatch", v.Pos(), fmt.Sprintf("`%s` is built in, and a level is an enum of your own", text)).
			Label("as in member: {level: {enum: [silver, gold]}}")
	case a == nil:
		enums := slices.DeleteFunc(slices.Clone(c.Schema.Attributes), func(a playbooks.Attribute) bool { return !isEnum(&a) })
		known := diag.Names(enums, func(a *playbooks.Attribute) string { return a.Name })
		c.Unknown("unknown-field", v, "member has no attribute", text, known, c.Schema.In(scope.InMember))
	case a.Computed != nil:
		c.Error("type-mismatch", v.Pos(), fmt.Sprintf("`%s` is computed, and levels write an enum that is stored", text)).
			Label("as in level: {enum: [silver, gold]}").Related("declared here", a.Pos)
	case !isEnum(a):
		c.Error("type-mismatch", v.Pos(), fmt.Sprintf("`%s` must be an enum: its values are the levels", text)).
			Label("as in "+text+": {enum: [silver, gold]}").Related("declared here", a.Pos)
	default:
		return a
	}
	return nil
}

// isEnum reports whether an attribute is stored, and one of several texts.
func isEnum(a *playbooks.Attribute) bool {
	return a.Computed == nil && a.Type != nil && a.Type.Kind == schema.KindString && len(a.Type.Enum) > 0
}

// levelNumber reads which number of the member the attribute follows. It may be missing, and does not depend on the
// attribute itself.
func (c *reader) levelNumber(v *syntax.Node, a *playbooks.Attribute, l *playbooks.Levels) {
	if v == nil || v.Broken {
		return
	}
	l.Source = v.Source(0)
	l.By = c.Expression(v, &scope.Scope{Schema: c.Schema}, schema.Number.AsOptional())
	if l.By == nil {
		return
	}
	switch r := l.By.Refs; {
	case len(r.Attributes)+len(r.Events)+len(r.Segments) == 0:
		c.Error("bad-value", v.Pos(), "this number is the same for all members").Label("as in member.points, or len(events(\"order.paid\", \"365d\"))")
	case a != nil && slices.Contains(r.Attributes, a.Name):
		c.Error("reference-cycle", v.Pos(), fmt.Sprintf("`%s` follows this number, which depends on `member.%s`", a.Name, a.Name)).
			Label("a level cannot depend on itself").Related("declared here", a.Pos)
	}
}

// levelSteps reads from which number on members have which level, in the order of the enum.
func (c *reader) levelSteps(n *syntax.Node, a *playbooks.Attribute, l *playbooks.Levels) {
	if n == nil || n.Broken {
		return
	}
	if n.Kind != syntax.MappingNode || len(n.Entries) == 0 {
		c.WrongType(n, "steps must be a mapping of levels to numbers").Label("as in {silver: 600, gold: 2000}")
		return
	}
	at := map[string]syntax.Entry{}
	for _, e := range n.Entries {
		from, ok := c.Literal(e.Value, schema.Number, "the number of "+e.Key.Value)
		if a == nil || !c.stepLevel(e.Key, a) || !ok {
			continue
		}
		number, _ := from.(float64)
		l.Steps = append(l.Steps, playbooks.LevelStep{Level: e.Key.Value, From: number})
		at[e.Key.Value] = e
	}
	place := func(s playbooks.LevelStep) int { return slices.Index(a.Type.Enum, s.Level) }
	slices.SortStableFunc(l.Steps, func(x, y playbooks.LevelStep) int { return cmp.Compare(place(x), place(y)) })
	for i := 1; i < len(l.Steps); i++ {
		if low, high := l.Steps[i-1], l.Steps[i]; high.From <= low.From {
			c.Error("bad-value", at[high.Level].Value.Pos(), fmt.Sprintf("`%s` comes after `%s` in the enum: its number must be larger than %s",
				high.Level, low.Level, schema.FormatNumber(low.From))).
				Label("or order the enum from the lowest level to the highest").Related("declared here", a.Pos)
		}
	}
}

// stepLevel reports whether a key of the steps names a level that comes after what members have below all steps.
func (c *reader) stepLevel(key *syntax.Node, a *playbooks.Attribute) bool {
	if _, ok := c.DeclaredEnum(key, "a level", a.Type.Enum...); !ok {
		if d := c.Last().Diagnostic(); len(d.Related) == 0 {
			d.Relate("declared here", a.Pos)
		}
		return false
	}
	none, has := a.Default.(string)
	switch i, first := slices.Index(a.Type.Enum, key.Value), slices.Index(a.Type.Enum, none); {
	case !has || i > first:
		return true
	case i == first:
		c.Error("bad-value", key.Pos(), fmt.Sprintf("`%s` is the default, which members have below all steps", none)).
			Label("leave it out").Related("declared here", a.Pos)
	default:
		c.Error("bad-value", key.Pos(), fmt.Sprintf("`%s` comes before `%s` in the enum, which members have below all steps", key.Value, none)).
			Label("put the default first in the enum").Related("declared here", a.Pos)
	}
	return false
}
