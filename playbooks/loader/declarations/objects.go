package declarations

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// reservedKinds are what expressions and texts call other things.
var reservedKinds = []string{"member", "trigger", "event", "actions", "vars", "params", "now", "with"}

// kindName is what an expression can write in place of `member`.
var kindName = regexp.MustCompile(`^[a-z_\p{Lo}々ー][a-z0-9_\p{Lo}々ー]*$`)

// objects reads the kinds of objects with their attributes. Their names are known before any type is read.
func (c *reader) objects(n *syntax.Node) {
	if section := n.Get("objects"); section != nil && section.Kind == syntax.MappingNode {
		for _, e := range section.Entries {
			c.Kinds = append(c.Kinds, e.Key.Value)
		}
	}
	c.each(n, "objects", "objects", c.object)
}

func (c *reader) object(key, value *syntax.Node) {
	if slices.Contains(reservedKinds, key.Value) {
		c.Error("reserved-name", key.Pos(), fmt.Sprintf("a kind of objects cannot be called `%s`: that is something else in expressions",
			key.Value)).Label("choose another name")
		return
	}
	c.IsName(key, "a kind of objects", key.Value, kindName, "small letters, digits and `_`: expressions write "+key.Value+".title",
		syntax.SnakeOf)
	o := playbooks.ObjectKind{Name: key.Value, Pos: key.Pos()}
	switch {
	case value.Broken || value.IsNull():
	case value.Kind != syntax.MappingNode:
		c.WrongType(value, "a kind of objects is declared by its attributes").Label("write {} for none, or {name: type}")
	default:
		for _, e := range value.Entries {
			c.attribute(o.Name, &o.Attributes, e.Key, e.Value)
		}
	}
	c.kinds = append(c.kinds, o)
}

// memberBesideRef refuses a property that would hide who took part, where an event belongs to objects.
func (c *reader) memberBesideRef(n *syntax.Node, e *playbooks.EventType) {
	if n.Get(scope.Member) != nil && len(e.Kinds) > 0 {
		c.Error("reserved-name", n.Key(scope.Member).Pos(), fmt.Sprintf("`member` is reserved beside a ref: seen from the %s it is who took part",
			e.Kinds[0])).Label("leave it out: the event says its member")
	}
}

// segmentFor reads of which kind of objects a segment is, and returns where it belongs and its expression; nil after a
// mistake that leaves it nowhere.
func (c *reader) segmentFor(n *syntax.Node) (into *[]playbooks.Segment, cond *syntax.Node) {
	c.Mapping(n, "a segment", "for", "if")
	v := c.Require(n, "a segment", "for", "for: "+first(c.Kinds))
	cond = c.Require(n, "a segment", "if", "if: …")
	kind, ok := c.Str(v, "for")
	if !ok || !c.KnownKind(v, kind) {
		return nil, nil
	}
	i := slices.IndexFunc(c.kinds, func(o playbooks.ObjectKind) bool { return o.Name == kind })
	if i < 0 {
		return nil, nil
	}
	return &c.kinds[i].Segments, cond
}

// reaches reads whom a channel reaches, and by which attribute of theirs.
func (c *reader) reaches(n *syntax.Node, ch *playbooks.Channel, spec *schema.ChannelSpec) {
	if n == nil || n.Broken {
		return
	}
	if spec.Mute || spec.ReachesAll {
		c.Error("bad-value", n.Pos(), fmt.Sprintf("a %s channel reaches everybody and needs no address", ch.Type)).Label("leave it out")
		return
	}
	if n.Kind != syntax.MappingNode || len(n.Entries) == 0 {
		c.WrongType(n, "reaches must be a mapping of whom to an attribute").Label("as in {member: member.email}")
		return
	}
	ch.Reaches = map[string]string{}
	for _, e := range n.Entries {
		if e.Key.Value != scope.Member && !c.KnownKind(e.Key, e.Key.Value) {
			continue
		}
		if text, ok := c.Str(e.Value, "an attribute"); ok {
			c.reached = append(c.reached, reached{ch.Name, e.Key.Value, text, e.Value})
		}
	}
}

// reached is an address of `reaches`, until all attributes are declared.
type reached struct {
	channel, subject, text string
	at                     *syntax.Node
}

// addresses checks the attributes that channels find addresses in.
func (c *reader) addresses() {
	for _, r := range c.reached {
		s := c.Schema
		if r.subject != scope.Member {
			s = s.Of(r.subject)
		}
		name, ok := reading.FieldOf(r.subject, r.text)
		if !ok {
			c.Error("bad-value", r.at.Pos(), fmt.Sprintf("the address of a %s is an attribute of theirs", r.subject)).
				Label(fmt.Sprintf("as in %s: %s.address", r.subject, r.subject))
			continue
		}
		a := s.Attribute(name)
		switch {
		case c.SchemaUnreadable || c.BrokenNames[name]:
		case a == nil && scope.IsBuiltin(r.subject, name) && name == "id":
		case a == nil:
			var known []string
			for i := range s.Attributes {
				if t := s.Attributes[i].Type; t != nil && t.Kind == schema.KindString && len(t.Enum) == 0 {
					known = append(known, r.subject+"."+s.Attributes[i].Name)
				}
			}
			c.Unknown("unknown-field", r.at, "there is no attribute", r.text, known, s.AttributeOf)
			continue
		case a.Computed != nil || a.Type == nil || a.Type.Kind != schema.KindString && a.Type.Kind != schema.KindAny:
			c.Error("type-mismatch", r.at.Pos(), fmt.Sprintf("`%s` must be a stored string: it holds an address", r.text)).
				Related("declared here", a.Pos)
			continue
		}
		if ch := c.Schema.Channel(r.channel); ch != nil {
			ch.Reaches[r.subject] = name
		}
	}
}
