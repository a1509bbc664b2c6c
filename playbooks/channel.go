package playbooks

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// openEnv finds a `${` that no name and brace follow.
var openEnv = regexp.MustCompile(`\$\{(?:[A-Za-z_][A-Za-z0-9_]*)?(?:[^A-Za-z0-9_}]|$)|\$\{\}|\$\{[0-9]`)

// channel reads one declaration of `channels`.
func (c *checker) channel(key, value *node) {
	c.declarable(key, "a channel")
	ch := Channel{Name: key.value, Pos: key.pos(), Config: map[string]any{}}
	defer func() { c.schema.Channels = append(c.schema.Channels, ch) }()
	if value.broken {
		return
	}
	if value.kind != mappingNode {
		c.wrongType(value, "a channel must be a mapping").label("as in {type: …, url: \"${NAME}\"}")
		return
	}
	t := c.require(value, "a channel", "type", "type: "+first(c.channelTypes()))
	typ, ok := c.str(t, "type")
	if !ok {
		return
	}
	ch.Type = typ
	spec := c.reg.Channel(typ)
	if spec == nil {
		c.unknown("unknown-channel-type", t, "there is no channel type", typ, c.channelTypes(), nowhere)
		return
	}
	known := []string{"type"}
	for _, f := range spec.Fields {
		known = append(known, f.Name)
	}
	c.mapping(value, "a "+typ+" channel", known...)
	for i := range spec.Fields {
		c.channelField(value, &ch, &spec.Fields[i])
	}
	c.oneOfFields(value, "a "+typ+" channel", spec.Fields)
	c.channelWorks(value, &ch, spec)
}

// channelWorks reports what `serve` would refuse, as far as it can be told without the environment, and warns of secrets that stand in the file.
func (c *checker) channelWorks(value *node, ch *Channel, spec *ChannelSpec) {
	config := map[string]string{}
	for _, f := range spec.Fields {
		v := value.get(f.Name)
		if v == nil && !f.Required {
			continue
		}
		s, ok := ch.Config[f.Name].(string)
		if !ok {
			return // a mistake of its own, or no text
		}
		if f.Kind == FieldSecret && holdsSecret(s) {
			c.warn("secret-in-file", v.pos(), fmt.Sprintf("`%s` holds a secret: whoever reads the repository has it", f.Name)).
				label(fmt.Sprintf("read it from the environment, as in %s: \"${%s}\"", f.Name, strings.ToUpper(strings.ReplaceAll(ch.Name+"_"+f.Name, "-", "_"))))
		}
		if envName.MatchString(s) {
			return
		}
		config[f.Name] = s
	}
	if spec.Check == nil || c.running {
		return
	}
	if err := spec.Check(config); err != nil {
		at, text := value, strings.TrimPrefix(err.Error(), "the ")
		if field, _, _ := strings.Cut(text, " "); value.get(field) != nil {
			at = value.get(field)
		}
		c.error("bad-value", at.pos(), text)
	}
}

// queryKey finds the parameters of an address that are keys.
var queryKey = regexp.MustCompile(`(?i)[?&](?:key|token|access_token|secret|sign|api_?key|password)=[^&$]{8,}`)

// holdsSecret reports whether a field holds a password or a key that is written out.
func holdsSecret(s string) bool {
	if envName.MatchString(s) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return strings.Contains(s, "@") && strings.Contains(s, "://") || !strings.ContainsAny(s, ".:/") && len(s) >= 8 || strings.HasPrefix(s, "Bearer ")
	}
	password, ok := u.User.Password()
	return ok && password != "" || queryKey.MatchString(s)
}

func (c *checker) channelField(n *node, ch *Channel, f *FieldSpec) {
	v := n.get(f.Name)
	if v == nil {
		if f.Required {
			c.require(n, "a "+ch.Type+" channel", f.Name, f.Name+": …")
		}
		if f.Default != nil {
			ch.Config[f.Name] = f.Default
		}
		return
	}
	if val, ok := c.plainField(v, f); ok {
		ch.Config[f.Name] = val
		if s, isString := val.(string); isString && openEnv.MatchString(s) {
			c.error("bad-value", v.pos(), "`${` begins the name of an environment variable, and this is none").label("as in ${WECOM_ROBOT_URL}")
		}
	}
}

// plainField reads a field whose value is a literal.
func (c *checker) plainField(v *node, f *FieldSpec) (any, bool) {
	switch f.Kind {
	case FieldInt:
		return c.literal(v, Int, f.Name)
	case FieldNumber:
		return c.literal(v, Number, f.Name)
	case FieldBool:
		return c.literal(v, Bool, f.Name)
	case FieldEnum:
		return c.literal(v, &Type{Kind: KindString, Enum: f.Enum}, f.Name)
	case FieldDuration:
		return c.duration(v, f.Name)
	case FieldTags:
		return c.literal(v, ListOf(String), f.Name)
	case FieldAttributes:
		return c.literal(v, ObjectOf(), f.Name)
	}
	return c.text(v, f.Name)
}

// oneOfFields checks the groups of fields that exclude each other: exactly one of each group.
func (c *checker) oneOfFields(n *node, what string, fields []FieldSpec) {
	groups := map[string][]string{}
	for _, f := range fields {
		if f.OneOf != "" {
			groups[f.OneOf] = append(groups[f.OneOf], f.Name)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		var given []string
		for _, name := range groups[g] {
			if n.get(name) != nil {
				given = append(given, name)
			}
		}
		switch {
		case len(given) == 0 && !n.broken:
			c.error("missing-key", n.pos(), fmt.Sprintf("%s needs %s", what, oneOf(groups[g]))).label("add one of them")
		case len(given) > 1:
			c.error("exclusive-keys", n.key(given[1]).pos(), fmt.Sprintf("`%s` and `%s` exclude each other", given[0], given[1])).
				label("keep one of them").related("first here", n.key(given[0]).pos())
		}
	}
}

func (c *checker) channelTypes() []string {
	var types []string
	for i := range c.reg.Channels {
		types = append(types, c.reg.Channels[i].Type)
	}
	return types
}

func first(words []string) string {
	if len(words) == 0 {
		return "…"
	}
	return words[0]
}

// unknown reports a name that nothing has, what is near, and where that is declared.
func (c *checker) unknown(code string, n *node, message, name string, known []string, find finder) {
	r := c.error(code, n.pos(), fmt.Sprintf("%s `%s`", message, name))
	best := closest(name, known)
	r.diagnostic().about(name, best, find)
	switch {
	case best != "":
		r.label("did you mean `"+best+"`?").edit(n.pos(), best).doubt(sole(name, known))
		if find(best).Line > 0 || code == "unknown-template" {
			r.trust(best)
		}
	case len(known) == 0:
		r.label("there is none yet")
	default:
		r.label("known: " + oneOf(known))
	}
}

func (c *checker) knownChannel(n *node, name string) bool {
	if c.blind || c.schema.Channel(name) != nil {
		return true
	}
	c.unknown("unknown-channel", n, "usher.yaml declares no channel", name, names(c.schema.Channels, func(x *Channel) string { return x.Name }), c.schema.in(inChannels))
	return false
}

func (c *checker) knownPool(n *node, name string) bool {
	c.used["pool "+name] = true
	if c.blind || c.schema.Pool(name) != nil {
		return true
	}
	c.unknown("unknown-pool", n, "usher.yaml declares no coupon pool", name, names(c.schema.Pools, func(x *Pool) string { return x.Name }), c.schema.in(inCoupons))
	return false
}

func (c *checker) knownSegment(n *node, name string) bool {
	c.used["segment "+name] = true
	if c.blind || c.schema.Segment(name) != nil {
		return true
	}
	c.unknown("unknown-segment", n, "usher.yaml declares no segment", name, names(c.schema.Segments, func(x *Segment) string { return x.Name }), c.schema.in(inSegments))
	return false
}

func (c *checker) knownEvent(n *node, name string) *EventType {
	if c.blind {
		return nil
	}
	if e := c.schema.Event(name); e != nil {
		return e
	}
	c.unknown("unknown-event", n, "usher.yaml declares no event", name, names(c.schema.Events, func(x *EventType) string { return x.Name }), c.schema.in(inEvents))
	return nil
}
