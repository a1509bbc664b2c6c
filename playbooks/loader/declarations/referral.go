package declarations

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// referral reads which property of which event names who brought a member.
func (c *reader) referral(n *syntax.Node) {
	if n == nil {
		return
	}
	text, ok := c.Str(n, "referral")
	if !ok {
		return
	}
	dot := strings.LastIndexByte(text, '.')
	if dot <= 0 || dot == len(text)-1 {
		c.Error("bad-value", n.Pos(), "referral names a property of an event").Label("as in member.joined.invited_by")
		return
	}
	event, property := text[:dot], text[dot+1:]
	if c.SchemaUnreadable || c.BrokenNames[property] {
		return
	}
	e := c.Schema.Event(event)
	if e == nil {
		c.unknownReferral(n, fmt.Sprintf("there is no event `%s` with a property", event), property)
		return
	}
	t, declared := e.Properties.Field(property)
	switch {
	case !declared:
		c.unknownReferral(n, fmt.Sprintf("the event `%s` has no property", event), property)
	case t.Ref != schema.Member:
		c.Error("type-mismatch", n.Pos(), fmt.Sprintf("`%s` is %s: a referral names a member", text, schema.Article(t.String()))).
			Label(fmt.Sprintf("declare it as `%s: optional ref member`", property)).
			Related("declared here", e.Properties.Find(property))
	case !t.Optional:
		c.Error("type-mismatch", n.Pos(), fmt.Sprintf("`%s` must be optional: a referral by oneself, or by somebody younger, is missing", text)).
			Label(fmt.Sprintf("declare it as `%s: optional ref member`", property)).
			Related("declared here", e.Properties.Find(property))
	default:
		c.Schema.Referral = &playbooks.Referral{Event: event, Property: property, Pos: n.Pos()}
	}
}

// unknownReferral reports a referral that is not declared, with those that there might be.
func (c *reader) unknownReferral(n *syntax.Node, message, name string) {
	named := shapes.Names(c.Workspace, shapes.ShapeReferral)
	known := diag.Names(named, func(x *shapes.Named) string { return x.Name })
	r := c.Error("unknown-field", n.Pos(), fmt.Sprintf("%s `%s`", message, name))
	switch best := diag.Closest(n.Value, known); {
	case best != "":
		r.Label("did you mean `"+best+"`?").Edit(n.Pos(), best).UnsureUnless(diag.UniqueMatch(n.Value, known))
	case len(known) > 0:
		r.Label("known: " + diag.OneOf(known))
	default:
		r.Label("declare it, as in events: {member.joined: {invited_by: optional ref member}}")
	}
}

// namesNobody refuses what makes no sense of an attribute that names a member: it is looked up when it is written.
func (c *reader) namesNobody(a *playbooks.Attribute, def *syntax.Node, normal *syntax.Node) {
	if a.Type == nil || a.Type.Ref != schema.Member {
		return
	}
	if def != nil {
		c.Error("bad-value", def.Pos(), fmt.Sprintf("`%s` names a member: it has no default", a.Name)).Label("leave it out")
		a.Default = nil
	}
	if normal != nil {
		c.Error("bad-value", normal.Pos(), fmt.Sprintf("`%s` names a member: it is kept as the member's id", a.Name)).Label("leave it out")
		a.Normal = playbooks.NormalNone
	}
}
