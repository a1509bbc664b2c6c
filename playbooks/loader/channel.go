package loader

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// openEnv finds a `${` that no name and brace follow.
var openEnv = regexp.MustCompile(`\$\{(?:[A-Za-z_][A-Za-z0-9_]*)?(?:[^A-Za-z0-9_}]|$)|\$\{\}|\$\{[0-9]`)

// channel reads one declaration of `channels`.
func (c *checker) channel(key, value *syntax.Node) {
	c.declarable(key, "a channel")
	ch := playbooks.Channel{Name: key.Value, Pos: key.Pos(), Config: map[string]any{}}
	defer func() { c.schema.Channels = append(c.schema.Channels, ch) }()
	if value.Broken {
		return
	}
	if value.Kind != syntax.MappingNode {
		c.WrongType(value, "a channel must be a mapping").Label("as in {type: …, url: \"${NAME}\"}")
		return
	}
	t := c.Require(value, "a channel", "type", "type: "+first(c.channelTypes()))
	typ, ok := c.Str(t, "type")
	if !ok {
		return
	}
	ch.Type = typ
	spec := c.reg.Channel(typ)
	if spec == nil {
		c.unknown("unknown-channel-type", t, "there is no channel type", typ, c.channelTypes(), diag.NoDeclaration)
		return
	}
	known := []string{"type"}
	for _, f := range spec.Fields {
		known = append(known, f.Name)
	}
	c.Mapping(value, "a "+typ+" channel", known...)
	for i := range spec.Fields {
		c.channelField(value, &ch, &spec.Fields[i])
	}
	c.oneOfFields(value, "a "+typ+" channel", spec.Fields)
	c.channelWorks(value, &ch, spec)
}

// channelWorks reports what `serve` would refuse, as far as it can be told without the environment,
// and warns of secrets that stand in the file.
func (c *checker) channelWorks(value *syntax.Node, ch *playbooks.Channel, spec *schema.ChannelSpec) {
	config := map[string]string{}
	for _, f := range spec.Fields {
		v := value.Get(f.Name)
		if v == nil && !f.Required {
			continue
		}
		s, ok := ch.Config[f.Name].(string)
		if !ok {
			return // a mistake of its own, or no text
		}
		if f.Kind == schema.FieldSecret && holdsSecret(s) {
			c.Warn("secret-in-file", v.Pos(), fmt.Sprintf("`%s` holds a secret: whoever reads the repository has it", f.Name)).
				Label(fmt.Sprintf("read it from the environment, as in %s: \"${%s}\"", f.Name,
					strings.ToUpper(strings.ReplaceAll(ch.Name+"_"+f.Name, "-", "_"))))
		}
		if playbooks.EnvName.MatchString(s) {
			return
		}
		config[f.Name] = s
	}
	if spec.Check == nil || c.Running {
		return
	}
	if err := spec.Check(config); err != nil {
		at, text := value, strings.TrimPrefix(err.Error(), "the ")
		if field, _, _ := strings.Cut(text, " "); value.Get(field) != nil {
			at = value.Get(field)
		}
		c.Error("bad-value", at.Pos(), text)
	}
}

// queryKey finds the parameters of an address that are keys.
var queryKey = regexp.MustCompile(`(?i)[?&](?:key|token|access_token|secret|sign|api_?key|password)=[^&$]{8,}`)

// holdsSecret reports whether a field holds a password or a key that is written out.
func holdsSecret(s string) bool {
	if playbooks.EnvName.MatchString(s) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return strings.Contains(s, "@") && strings.Contains(s, "://") || !strings.ContainsAny(s, ".:/") && len(s) >= 8 ||
			strings.HasPrefix(s, "Bearer ")
	}
	password, ok := u.User.Password()
	return ok && password != "" || queryKey.MatchString(s)
}

func (c *checker) channelField(n *syntax.Node, ch *playbooks.Channel, f *schema.FieldSpec) {
	v := n.Get(f.Name)
	if v == nil {
		if f.Required {
			c.Require(n, "a "+ch.Type+" channel", f.Name, f.Name+": …")
		}
		if f.Default != nil {
			ch.Config[f.Name] = f.Default
		}
		return
	}
	if val, ok := c.plainField(v, f); ok {
		ch.Config[f.Name] = val
		if s, isString := val.(string); isString && openEnv.MatchString(s) {
			c.Error("bad-value", v.Pos(), "`${` begins the name of an environment variable, and this is none").
				Label("as in ${WECOM_ROBOT_URL}")
		}
	}
}

// plainField reads a field whose value is a literal.
func (c *checker) plainField(v *syntax.Node, f *schema.FieldSpec) (any, bool) {
	switch f.Kind {
	case schema.FieldInt:
		return c.literal(v, schema.Int, f.Name)
	case schema.FieldNumber:
		return c.literal(v, schema.Number, f.Name)
	case schema.FieldBool:
		return c.literal(v, schema.Bool, f.Name)
	case schema.FieldEnum:
		return c.literal(v, &schema.Type{Kind: schema.KindString, Enum: f.Enum}, f.Name)
	case schema.FieldDuration:
		return c.duration(v, f.Name)
	case schema.FieldTags:
		return c.literal(v, schema.ListOf(schema.String), f.Name)
	case schema.FieldAttributes:
		return c.literal(v, schema.ObjectOf(), f.Name)
	}
	return c.Text(v, f.Name)
}

// oneOfFields checks the groups of fields that exclude each other: exactly one of each group.
func (c *checker) oneOfFields(n *syntax.Node, what string, fields []schema.FieldSpec) {
	groups := map[string][]string{}
	for _, f := range fields {
		if f.OneOf != "" {
			groups[f.OneOf] = append(groups[f.OneOf], f.Name)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		var given []string
		for _, name := range groups[g] {
			if n.Get(name) != nil {
				given = append(given, name)
			}
		}
		switch {
		case len(given) == 0 && !n.Broken && !slices.ContainsFunc(groups[g],
			func(k string) bool { return slices.Contains(n.Intended, k) }):
			c.Error("missing-key", n.Pos(), fmt.Sprintf("%s needs %s", what, diag.OneOf(groups[g]))).Label("add one of them")
		case len(given) > 1:
			c.Error("exclusive-keys", n.Key(given[1]).Pos(),
				fmt.Sprintf("`%s` and `%s` exclude each other", given[0], given[1])).
				Label("keep one of them").Related("first here", n.Key(given[0]).Pos())
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
func (c *checker) unknown(code string, n *syntax.Node, message, name string, known []string, find diag.Finder) {
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

func (c *checker) knownChannel(n *syntax.Node, name string) bool {
	if c.schemaUnreadable || c.schema.Channel(name) != nil {
		return true
	}
	c.unknown("unknown-channel", n, "usher.yaml declares no channel", name,
		diag.Names(c.schema.Channels, func(x *playbooks.Channel) string { return x.Name }),
		c.schema.In(expression.InChannels))
	return false
}

func (c *checker) knownPool(n *syntax.Node, name string) bool {
	c.used["pool "+name] = true
	if c.schemaUnreadable || c.schema.Pool(name) != nil {
		return true
	}
	c.unknown("unknown-pool", n, "usher.yaml declares no coupon pool", name,
		diag.Names(c.schema.Pools, func(x *playbooks.Pool) string { return x.Name }), c.schema.In(expression.InCoupons))
	return false
}

func (c *checker) knownSegment(n *syntax.Node, name string) bool {
	c.used["segment "+name] = true
	if c.schemaUnreadable || c.schema.Segment(name) != nil {
		return true
	}
	c.unknown("unknown-segment", n, "usher.yaml declares no segment", name,
		diag.Names(c.schema.Segments, func(x *playbooks.Segment) string { return x.Name }),
		c.schema.In(expression.InSegments))
	return false
}

func (c *checker) knownEvent(n *syntax.Node, name string) *playbooks.EventType {
	if c.schemaUnreadable {
		return nil
	}
	if e := c.schema.Event(name); e != nil {
		return e
	}
	c.unknown("unknown-event", n, "usher.yaml declares no event", name,
		diag.Names(c.schema.Events, func(x *playbooks.EventType) string { return x.Name }), c.schema.In(expression.InEvents))
	return nil
}
