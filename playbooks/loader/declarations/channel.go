package declarations

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// openEnv finds a `${` that no name and brace follow.
var openEnv = regexp.MustCompile(`\$\{(?:[A-Za-z_][A-Za-z0-9_]*)?(?:[^A-Za-z0-9_}]|$)|\$\{\}|\$\{[0-9]`)

// channel reads one declaration of `channels`.
func (c *reader) channel(key, value *syntax.Node) {
	c.declarable(key, "a channel")
	ch := playbooks.Channel{Name: key.Value, Pos: key.Pos(), Config: map[string]any{}}
	defer func() { c.Schema.Channels = append(c.Schema.Channels, ch) }()
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
	spec := c.Registry.Channel(typ)
	if spec == nil {
		c.Unknown("unknown-channel-type", t, "there is no channel type", typ, c.channelTypes(), diag.NoDeclaration)
		return
	}
	known := []string{"type", "reaches"}
	for _, f := range spec.Fields {
		known = append(known, f.Name)
	}
	c.Mapping(value, "a "+typ+" channel", known...)
	for i := range spec.Fields {
		c.channelField(value, &ch, &spec.Fields[i])
	}
	c.reaches(value.Get("reaches"), &ch, spec)
	c.OneOfFields(value, "a "+typ+" channel", spec.Fields)
	c.channelWorks(value, &ch, spec)
}

// channelWorks reports what `serve` would refuse, as far as it can be told without the environment,
// and warns of secrets that stand in the file.
func (c *reader) channelWorks(value *syntax.Node, ch *playbooks.Channel, spec *schema.ChannelSpec) {
	config := map[string]string{}
	for _, f := range spec.Fields {
		v := value.Get(f.Name)
		if v == nil && (!f.Required || f.Name == spec.AddressField && ch.Reaches != nil) {
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

func (c *reader) channelField(n *syntax.Node, ch *playbooks.Channel, f *schema.FieldSpec) {
	v := n.Get(f.Name)
	if v == nil {
		if f.Required && !(f.Name == c.Registry.Channel(ch.Type).AddressField && n.Get("reaches") != nil) {
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
func (c *reader) plainField(v *syntax.Node, f *schema.FieldSpec) (any, bool) {
	switch f.Kind {
	case schema.FieldInt:
		return c.Literal(v, schema.Int, f.Name)
	case schema.FieldNumber:
		return c.Literal(v, schema.Number, f.Name)
	case schema.FieldBool:
		return c.Literal(v, schema.Bool, f.Name)
	case schema.FieldEnum:
		return c.Literal(v, &schema.Type{Kind: schema.KindString, Enum: f.Enum}, f.Name)
	case schema.FieldDuration:
		return c.Duration(v, f.Name)
	case schema.FieldTags:
		return c.Literal(v, schema.ListOf(schema.String), f.Name)
	case schema.FieldAttributes:
		return c.Literal(v, schema.ObjectOf(), f.Name)
	}
	return c.Text(v, f.Name)
}

func (c *reader) channelTypes() []string {
	var types []string
	for i := range c.Registry.Channels {
		types = append(types, c.Registry.Channels[i].Type)
	}
	return types
}

func first(words []string) string {
	if len(words) == 0 {
		return "…"
	}
	return words[0]
}
