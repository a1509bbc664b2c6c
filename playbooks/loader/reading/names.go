package reading

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Unknown reports a name that nothing has, what is near, and where that is declared.
func (c *Reader) Unknown(code string, n *syntax.Node, message, name string, known []string, find diag.Finder) {
	r := c.Error(code, n.Pos(), fmt.Sprintf("%s `%s`", message, name))
	best := diag.Closest(name, known)
	r.Diagnostic().RelateName(name, best, find)
	switch {
	case best != "":
		r.Label("did you mean `"+best+"`?").Edit(n.Pos(), best).UnsureUnless(diag.UniqueMatch(name, known))
		if find(best).Line > 0 || code == "unknown-template" {
			r.AssumeName(best)
		}
	case len(known) == 0:
		r.Label("there is none yet")
	default:
		r.Label("known: " + diag.OneOf(known))
	}
}

// KnownChannel reports whether usher.yaml declares the channel that the node names, and reports it
// where not. Where usher.yaml could not be read, all names hold; so it is with those below.
func (c *Reader) KnownChannel(n *syntax.Node, name string) bool {
	if c.SchemaUnreadable || c.Schema.Channel(name) != nil {
		return true
	}
	c.Unknown("unknown-channel", n, "usher.yaml declares no channel", name,
		diag.Names(c.Schema.Channels, func(x *playbooks.Channel) string { return x.Name }),
		c.Schema.In(scope.InChannels))
	return false
}

// KnownPool reports whether usher.yaml declares the coupon pool, which is in use then.
func (c *Reader) KnownPool(n *syntax.Node, name string) bool {
	c.Use("pool", name)
	if c.SchemaUnreadable || c.Schema.Pool(name) != nil {
		return true
	}
	c.Unknown("unknown-pool", n, "usher.yaml declares no coupon pool", name,
		diag.Names(c.Schema.Pools, func(x *playbooks.Pool) string { return x.Name }), c.Schema.In(scope.InCoupons))
	return false
}

// KnownRaffle reports whether usher.yaml declares the raffle, which is in use then.
func (c *Reader) KnownRaffle(n *syntax.Node, name string) bool {
	c.Use("raffle", name)
	if c.SchemaUnreadable || c.Schema.Raffle(name) != nil {
		return true
	}
	c.Unknown("unknown-raffle", n, "usher.yaml declares no raffle", name,
		diag.Names(c.Schema.Raffles, func(x *playbooks.Raffle) string { return x.Name }), c.Schema.In(scope.InRaffles))
	return false
}

// KnownSegment reports whether usher.yaml declares the segment, which is in use then.
func (c *Reader) KnownSegment(n *syntax.Node, name string) bool {
	c.Use("segment", name)
	if c.SchemaUnreadable || c.Schema.Segment(name) != nil {
		return true
	}
	if m, ok := c.Schema.OfOthers(scope.InSegments, name); ok {
		c.OfOthers(n, m.Message, m.Label, m.At)
		return false
	}
	c.Unknown("unknown-segment", n, "usher.yaml declares no segment", name,
		diag.Names(c.Schema.Segments, func(x *playbooks.Segment) string { return x.Name }),
		c.Schema.In(scope.InSegments))
	return false
}

// KnownNameAt reports whether a name that an expression gives is one of a pool, a channel or a
// template, and reports it where not.
func (c *Reader) KnownNameAt(what string, at diag.Pos, name string) bool {
	var known []string
	var message string
	code, find := "unknown-"+what, diag.Finder(diag.NoDeclaration)
	switch what {
	case "pool":
		known = diag.Names(c.Schema.Pools, func(x *playbooks.Pool) string { return x.Name })
		message, find = "usher.yaml declares no coupon pool", c.Schema.In(scope.InCoupons)
	case "channel":
		known = diag.Names(c.Schema.Channels, func(x *playbooks.Channel) string { return x.Name })
		message, find = "usher.yaml declares no channel", c.Schema.In(scope.InChannels)
	default:
		known, message = c.templateNames(), "there is no template"
	}
	if slices.Contains(known, name) || what == "template" && c.Texts[name] != nil {
		return true
	}
	r := c.Error(code, at, fmt.Sprintf("%s `%s`", message, name))
	best := diag.Closest(name, known)
	r.Diagnostic().RelateName(name, best, find)
	if best != "" {
		r.Label("did you mean `" + best + "`?")
	} else {
		r.Label("known: " + diag.OneOf(known))
	}
	return false
}

// KnownEvent returns the event that the node names; nil when it is not declared, which is reported,
// or not known.
func (c *Reader) KnownEvent(n *syntax.Node, name string) *playbooks.EventType {
	if c.SchemaUnreadable {
		return nil
	}
	if e := c.Schema.Event(name); e != nil {
		return e
	}
	if m, ok := c.Schema.OfOthers(scope.InEvents, name); ok {
		c.OfOthers(n, m.Message, m.Label, m.At)
		return nil
	}
	if section := playbooks.BuiltinSection(name); section != "" {
		c.Error("unknown-event", n.Pos(), fmt.Sprintf("`%s` happens where usher.yaml declares `%s`", name, section)).
			Label("this one has no `" + section + "`")
		return nil
	}
	c.Unknown("unknown-event", n, "usher.yaml declares no event", name, c.Schema.EventNames(), c.Schema.In(scope.InEvents))
	return nil
}

// PlaybookNamed returns where the playbook of an id names it; the zero Pos: there is none.
func (c *Reader) PlaybookNamed(id string) diag.Pos {
	if v := c.PlaybookIDs[id]; v != nil {
		return v.Pos()
	}
	return diag.Pos{}
}

var dottedName = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}_]*)\.([\p{L}_][\p{L}\p{N}_]*)$`)

// FieldOf returns the name of the subject's field that a text names, as birthday of member.birthday.
func FieldOf(subject, text string) (name string, ok bool) {
	m := dottedName.FindStringSubmatch(text)
	if m == nil || m[1] != subject {
		return "", false
	}
	return m[2], true
}

// OfOthers reports a name that is declared, but for other subjects than those that are meant here.
func (c *Reader) OfOthers(n *syntax.Node, message, label string, at diag.Pos) {
	r := c.Error("wrong-subject", n.Pos(), message).Label(label)
	if at.Line > 0 {
		r.Related("declared here", at)
	}
}

// FollowsNumber reports that an attribute follows a number, so that it cannot be written otherwise.
func (c *Reader) FollowsNumber(key *syntax.Node, what string) diag.Report {
	l := c.Schema.Levels
	return c.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` follows `%s` and cannot %s", key.Value, l.Source.Text, what)).
		Related("its levels are declared here", l.Pos)
}
