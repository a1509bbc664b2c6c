package declarations

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// reservedProperties are what an event has beside its own properties.
var reservedProperties = []string{"id", "name", "time"}

// reader reads what usher.yaml declares.
type reader struct {
	*reading.Reader
	sources map[string]*syntax.Node // where the expressions of attributes and segments stand
	kinds   []playbooks.ObjectKind  // that are declared
	reached []reached               // addresses of channels
}

// Read reads usher.yaml.
func Read(in *reading.Reader, n *syntax.Node) {
	c := &reader{Reader: in, sources: map[string]*syntax.Node{}}
	c.Schema.Sections = map[string]diag.Pos{"": playbooks.WholeFile(playbooks.SchemaFile)}
	for _, e := range n.Entries {
		c.Schema.Sections[e.Key.Value] = e.Key.Pos()
	}
	if !c.Mapping(n, "usher.yaml", shapes.SchemaKeys...) {
		c.SchemaUnreadable = true
		return
	}
	if v := c.RequireLine(n, "usher.yaml", "usher", "usher: 1"); v != nil && !v.Broken && v.Value != "1" {
		c.Error("bad-value", v.Pos(), "this version of usher reads language version 1").Label("write 1")
	}
	if v := n.Get("timezone"); v != nil {
		if loc, ok := c.Zone(v, "timezone"); ok {
			c.Schema.Timezone = loc
		}
	}
	c.locale(n.Get("locale"))
	c.objects(n)
	c.each(n, "member", "member", func(key, value *syntax.Node) { c.attribute(scope.Member, &c.Schema.Attributes, key, value) })
	c.each(n, "events", "events", c.eventType)
	c.each(n, "segments", "segments", c.segment)
	c.each(n, "channels", "channels", c.channel)
	c.each(n, "coupons", "coupons", c.pool)
	c.points(n.Get("points"))
	c.each(n, "tables", "tables", c.table)
	c.each(n, "raffles", "raffles", c.raffle)
	c.builtinEvents()
	c.frequencyCaps(n.Get("frequency_caps"))
	c.quietHours(n.Get("quiet_hours"))
	c.Schema.SetObjects(c.kinds) // they have what is declared so far
	c.addresses()
	c.consent(n.Get("consent"))
	c.referral(n.Get("referral"))
	c.compileSchema()
	c.levels(n.Get("levels"))
}

// consent reads which attribute of the member says that promotional messages may be sent.
func (c *reader) consent(n *syntax.Node) {
	if n == nil {
		return
	}
	text, ok := c.Str(n, "consent")
	if !ok {
		return
	}
	name, ok := reading.FieldOf(scope.Member, text)
	if !ok {
		c.Error("bad-value", n.Pos(), "consent names an attribute of the member").Label("as in member.newsletter")
		return
	}
	switch a := c.Schema.Attribute(name); {
	case c.SchemaUnreadable || c.BrokenNames[name]:
	case a == nil:
		var known []string
		for i := range c.Schema.Attributes {
			if t := c.Schema.Attributes[i].Type; t != nil && t.Kind == schema.KindBool {
				known = append(known, "member."+c.Schema.Attributes[i].Name)
			}
		}
		c.Unknown("unknown-field", n, "there is no attribute", text, known, c.Schema.AttributeOf)
	case a.Computed != nil || a.Type == nil || a.Type.Kind != schema.KindBool:
		c.Error("type-mismatch", n.Pos(), fmt.Sprintf("`%s` must be a stored bool: it says whether the member wants promotional messages", text)).
			Related("declared here", a.Pos)
	default:
		c.Schema.Consent = name
	}
}

// each calls read for each entry of a section.
func (c *reader) each(n *syntax.Node, key, what string, read func(key, value *syntax.Node)) {
	section := n.Get(key)
	switch {
	case section == nil || section.IsNull() && !section.Broken:
		return
	case section.Broken, section.Kind != syntax.MappingNode:
		if !section.Broken {
			c.WrongType(section, what+" must be a mapping (`name: …`)")
		}
		c.SchemaUnreadable = true // what the section declares is unknown: nothing that names it is judged
		return
	}
	for _, e := range section.Entries {
		read(e.Key, e.Value)
	}
}

// attribute reads an attribute of members or of a kind of objects.
func (c *reader) attribute(subject string, into *[]playbooks.Attribute, key, value *syntax.Node) {
	name := key.Value
	if subject == scope.Member && name == "id" && value.Kind == syntax.MappingNode && value.Get("normalize") != nil {
		c.memberID(value)
		return
	}
	if scope.IsReserved(subject, name) {
		c.Error("reserved-name", key.Pos(), fmt.Sprintf("`%s` is built in: every %s has it", name, subject)).Label("leave it out")
		return
	}
	if scope.IsBuiltin(subject, name) {
		c.Warn("replaces-builtin", key.Pos(), fmt.Sprintf("every member has `%s`; this attribute is meant from now on, and that cannot be asked for",
			name)).Label("leave the declaration out, or give the attribute another name")
	}
	if !c.IsName(key, "an attribute", name, values.PropertyName, "letters, digits and `_`, not beginning with a digit", syntax.SnakeOf) {
		return
	}
	a := playbooks.Attribute{Name: name, Pos: key.Pos()}
	if value.Kind == syntax.ScalarNode && !value.Broken && strings.HasPrefix(value.Value, "= ") {
		if !c.CutByComment(value, true) {
			src := value.Source(2)
			a.Computed = &src
			c.sources[subject+" "+name] = value
		} else {
			a.Type = schema.Any
		}
		*into = append(*into, a)
		return
	}
	def := (*syntax.Node)(nil)
	if value.Kind == syntax.MappingNode {
		def = value.Get("default")
	}
	if t := typedForm(value); t != nil {
		a.Type = c.TypeOf(t)
	} else {
		a.Type = c.TypeOf(value)
	}
	c.normalize(value, &a)
	if def != nil && (len(a.Type.Enum) > 0 || typedForm(value) != nil) {
		a.Default, _ = c.Literal(def, a.Type, "the default of "+name)
	}
	c.namesNobody(&a, def, normalForm(value))
	if c.HasHole(a.Type) {
		c.BrokenNames[name] = true
	}
	// An attribute may be missing unless it has a default.
	if a.Default == nil && a.Type.Kind != schema.KindAny {
		a.Type = a.Type.AsOptional()
	}
	*into = append(*into, a)
}

// memberID reads how the ids of members are written in one way.
func (c *reader) memberID(n *syntax.Node) {
	if !c.Mapping(n, "id", "normalize") {
		return
	}
	switch v := n.Get("normalize"); {
	case v.Broken:
	case v.Kind != syntax.ScalarNode || v.Value != string(playbooks.NormalLower) &&
		v.Value != string(playbooks.NormalPhone):
		c.Error("bad-value", v.Pos(), fmt.Sprintf("there is no way to normalize called `%s`", v.Value)).
			Label("write lower or phone")
	default:
		c.Schema.IDs = playbooks.Normalization(v.Value)
	}
}

// typedForm returns T of `{type: T, default: …, normalize: …}`, with one of the two or both; nil of
// another form.
func typedForm(n *syntax.Node) *syntax.Node {
	if n.Kind != syntax.MappingNode {
		return nil
	}
	more := normalForm(n) != nil || n.Get("default") != nil
	for _, e := range n.Entries {
		more = more && slices.Contains([]string{"type", "default", "normalize"}, e.Key.Value)
	}
	if !more {
		return nil
	}
	return n.Get("type")
}

// normalForm returns the value of `normalize`, or nil when that is a field of an object, which has
// a type.
func normalForm(n *syntax.Node) *syntax.Node {
	v := n.Get("normalize")
	if v == nil || v.Kind != syntax.ScalarNode || n.Get("type") == nil ||
		schema.TypesByName[strings.TrimPrefix(v.Value, "optional ")] != nil {
		return nil
	}
	return v
}

// normalize reads how values of the attribute are written in one way.
func (c *reader) normalize(n *syntax.Node, a *playbooks.Attribute) {
	if n.Kind != syntax.MappingNode || typedForm(n) == nil || normalForm(n) == nil {
		return
	}
	v := normalForm(n)
	switch {
	case v.Value != string(playbooks.NormalLower) && v.Value != string(playbooks.NormalPhone):
		c.Error("bad-value", v.Pos(), fmt.Sprintf("there is no way to normalize called `%s`", v.Value)).
			Label("write lower or phone")
	case a.Type.Kind != schema.KindString && a.Type.Kind != schema.KindAny, len(a.Type.Enum) > 0:
		c.Error("type-mismatch", v.Pos(), fmt.Sprintf("`normalize` is for a string, `%s` is %s", a.Name,
			schema.Article(a.Type.String()))).Label("leave it out")
	default:
		a.Normal = playbooks.Normalization(v.Value)
	}
}

func (c *reader) eventType(key, value *syntax.Node) {
	e := playbooks.EventType{Name: key.Value, Properties: schema.ObjectOf().DeclaredAt(key.Pos()), Pos: key.Pos()}
	if e.Name == "" || len(e.Name) > syntax.MaxName {
		c.Error("bad-name", key.Pos(), fmt.Sprintf("the name of an event has 1 to %d bytes", syntax.MaxName))
	}
	switch {
	case value.Broken || value.IsNull():
	case value.Kind != syntax.MappingNode:
		c.WrongType(value, "an event is declared by its properties").Label("write {} for none, or {name: type}")
	default:
		e.Properties = c.Properties(value, "every event", reservedProperties)
		e.Kinds = slices.DeleteFunc(e.Properties.Refs(), func(kind string) bool { return kind == scope.Member })
		c.memberBesideRef(value, &e)
	}
	c.Schema.Events = append(c.Schema.Events, e)
}

// codes reads where the codes of a pool come from.
func (c *reader) codes(n *syntax.Node, p *playbooks.Pool) {
	v := n.Get("codes")
	if v == nil {
		return
	}
	if v.Kind == syntax.SequenceNode && !v.Broken {
		c.WrongType(v, "codes must be made or imported").
			Label("write `codes: imported`, and load the list: usher coupons import POOL FILE")
		return
	}
	from, ok := c.Enum(v, "codes", "made", "imported")
	if p.Imported = from == "imported"; !ok || !p.Imported {
		return
	}
	for key, why := range map[string]string{
		"prefix": "codes that are loaded are given out as they are", "budget": "there are as many coupons as codes that are loaded",
	} {
		if n.Get(key) != nil {
			c.Error("exclusive-keys", n.Key(key).Pos(), why).Label("leave it out").Related("the codes are loaded", v.Pos())
		}
	}
}

// builtinEvents adds the events that usher makes itself.
func (c *reader) builtinEvents() {
	for _, own := range c.Schema.AddBuiltinEvents() {
		c.Warn("replaces-builtin", own.Pos, fmt.Sprintf("usher makes an event `%s` itself; this one is meant from now on, and that does not happen",
			own.Name)).Label("leave the declaration out, or give the event another name")
	}
}

// declaredName is of small letters; those of scripts that know no others, as Chinese, are letters
// like them.
var declaredName = regexp.MustCompile(`^[a-z0-9\p{Lo}々ー]+([-_][a-z0-9\p{Lo}々ー]+)*$`)

// declarable checks the name of a segment, channel or pool.
func (c *reader) declarable(key *syntax.Node, what string) {
	c.IsName(key, what, key.Value, declaredName, "small letters and digits, words joined by `-` or `_`", syntax.KebabOf)
}

// segment reads an expression about the member, or with `for` one about a kind of objects.
func (c *reader) segment(key, value *syntax.Node) {
	c.declarable(key, "a segment")
	into := &c.Schema.Segments
	if value.Kind == syntax.MappingNode && !value.Broken && (value.Get("for") != nil || value.Get("if") != nil) {
		into, value = c.segmentFor(value)
		if into == nil {
			return
		}
	}
	g := playbooks.Segment{Name: key.Value, Pos: key.Pos()}
	if value != nil && !value.Broken && !c.CutByComment(value, true) {
		if text, ok := c.ExpressionText(value, "a segment's expression"); ok && !c.NeedlessEquals(value, text) {
			g.Source = value.Source(0)
			c.sources["segment "+g.Name] = value
		}
	}
	*into = append(*into, g)
}

// poolPrefix is what a coupon code may begin with.
var poolPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)

func (c *reader) pool(key, value *syntax.Node) {
	c.declarable(key, "a coupon pool")
	p := playbooks.Pool{Name: key.Value, Pos: key.Pos()}
	if !value.IsNull() && c.Mapping(value, "a coupon pool", shapes.PoolKeys...) {
		if v := value.Get("name"); v != nil {
			p.Title, _ = c.Str(v, "name")
		}
		if v := value.Get("prefix"); v != nil {
			p.Prefix, _ = c.Str(v, "prefix")
			if p.Prefix != "" && !poolPrefix.MatchString(p.Prefix) {
				c.Error("bad-value", v.Pos(), "a prefix is of letters A to Z, digits, `-` and `_`, 20 at most").
					Label("codes are read aloud and typed in, as in NEW-7KQ2")
			}
		}
		const most = 1_000_000_000
		p.Budget, _ = c.Integer(value.Get("budget"), "budget", 1, most)
		p.PerMember, _ = c.Integer(value.Get("per_member"), "per_member", 1, most)
		p.Quota = c.Quota(value.Get("quota"), reading.QuotaKeys...)
		if v := value.Get("expires"); v != nil {
			p.Expires, _ = c.Duration(v, "expires")
			if d := c.Diags[max(0, len(c.Diags)-1):]; schema.LooksLikeTime.MatchString(v.Value) && len(d) == 1 &&
				d[0].Code == "bad-duration" {
				d[0].Label = "`expires` is how long a coupon is good, as in 7d; a day is the end of `active`, as in {to: 2026-12-31}"
			}
		}
		p.Active = c.Active(value.Get("active"), false)
		c.codes(value, &p)
	}
	c.Schema.Pools = append(c.Schema.Pools, p)
}

func (c *reader) frequencyCaps(n *syntax.Node) {
	if n == nil || n.Broken {
		return
	}
	if n.Kind != syntax.SequenceNode {
		c.WrongType(n, "frequency_caps must be a list").Label("as in - {channels: [wecom], max: 2, per: 24h}")
		return
	}
	for _, item := range n.Items {
		if !c.Mapping(item, "a frequency cap", "channels", "max", "per") {
			continue
		}
		f := playbooks.FrequencyCap{Pos: item.Pos()}
		for _, ch := range c.List(item.Get("channels"), "channels") {
			if name, ok := c.Str(ch, "a channel"); ok && c.KnownChannel(ch, name) {
				f.Channels = append(f.Channels, name)
			}
		}
		var okMax, okPer bool
		f.Max, okMax = c.Integer(c.Require(item, "a frequency cap", "max", "max: 2"), "max", 1, 1_000_000)
		f.Per, okPer = c.Duration(c.Require(item, "a frequency cap", "per", "per: 24h"), "per")
		if okMax && okPer {
			c.Schema.Caps = append(c.Schema.Caps, f)
		}
	}
}

func (c *reader) quietHours(n *syntax.Node) {
	if n == nil || !c.Mapping(n, "quiet_hours", "from", "to", "timezone") {
		return
	}
	q := &playbooks.QuietHours{Pos: n.Pos()}
	var okFrom, okTo bool
	q.From, okFrom = c.Clock(c.Require(n, "quiet_hours", "from", `from: "22:00"`), "from")
	q.To, okTo = c.Clock(c.Require(n, "quiet_hours", "to", `to: "08:00"`), "to")
	if okFrom && okTo && q.From == q.To {
		c.Error("bad-value", n.Get("to").Pos(), "quiet hours cannot end when they begin")
	}
	q.Zone = c.Schema.Timezone
	if z := n.Get("timezone"); z != nil {
		if z.Kind == syntax.ScalarNode && z.Value == "member" {
			q.Zone = nil
		} else if loc, ok := c.Zone(z, "timezone"); ok {
			q.Zone = loc
		}
	}
	if okFrom && okTo {
		c.Schema.Quiet = q
	}
}

// compileSchema compiles the computed attributes and segments, when all that they may name is
// declared.
func (c *reader) compileSchema() {
	before := len(c.Diags)
	c.compileSubject(c.Schema)
	for i := range c.Schema.Objects {
		c.compileSubject(c.Schema.Of(c.Schema.Objects[i].Name))
	}
	c.oneCycleEach(before)
}

// compileSubject compiles what is declared about members or about a kind of objects.
func (c *reader) compileSubject(s *playbooks.Schema) {
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed != nil {
			a.Expr = c.Compile(c.sources[s.Subject()+" "+a.Name], 2, &scope.Scope{Schema: s}, nil)
		}
	}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed != nil {
			if a.Type = schema.Any; a.Expr != nil {
				a.Type = a.Expr.Type
			}
		}
	}
	for i := range s.Segments {
		if g := &s.Segments[i]; g.Source.Text != "" {
			g.Expr = c.Compile(c.sources["segment "+g.Name], 0, &scope.Scope{Schema: s}, schema.Bool)
		}
	}
}

// oneCycleEach keeps one of the mistakes that tell of the same cycle, each from another of its
// members.
func (c *reader) oneCycleEach(from int) {
	seen := map[string]bool{}
	kept := c.Diags[:from]
	for _, d := range c.Diags[from:] {
		if d.Code == "reference-cycle" {
			_, path, _ := strings.Cut(d.Message, ": ")
			members := strings.Split(path, " → ")
			slices.Sort(members)
			key := strings.Join(slices.Compact(members), " ")
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		kept = append(kept, d)
	}
	c.Diags = kept
}
