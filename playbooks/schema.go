package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What an event, and what an http trigger has beside its own properties.
var (
	reservedProperties = []string{"id", "name", "time"}
	reservedParams     = []string{"time"}
)

// readSchema reads usher.yaml.
func (c *checker) readSchema(n *node) {
	c.schema.sections = map[string]Pos{"": wholeFile(schemaFile)}
	for _, e := range n.entries {
		c.schema.sections[e.key.value] = e.key.pos()
	}
	if !c.mapping(n, "usher.yaml", schemaKeys...) {
		c.blind = true
		return
	}
	if v := c.requireLine(n, "usher.yaml", "usher", "usher: 1"); v != nil && !v.broken && v.value != "1" {
		c.error("bad-value", v.pos(), "this version of usher reads language version 1").label("write 1")
	}
	if v := n.get("timezone"); v != nil {
		if loc, ok := c.zone(v, "timezone"); ok {
			c.schema.Timezone = loc
		}
	}
	c.each(n, "member", "member", c.attribute)
	c.each(n, "events", "events", c.eventType)
	c.each(n, "segments", "segments", c.segment)
	c.each(n, "channels", "channels", c.channel)
	c.each(n, "coupons", "coupons", c.pool)
	c.frequencyCaps(n.get("frequency_caps"))
	c.quietHours(n.get("quiet_hours"))
	c.consent(n.get("consent"))
	c.compileSchema()
}

// consent reads which attribute of the member says that promotional messages may be sent.
func (c *checker) consent(n *node) {
	if n == nil {
		return
	}
	text, ok := c.str(n, "consent")
	if !ok {
		return
	}
	m := memberField.FindStringSubmatch(text)
	if m == nil {
		c.error("bad-value", n.pos(), "consent names an attribute of the member").label("as in member.newsletter")
		return
	}
	switch a := c.schema.Attribute(m[1]); {
	case c.blind || c.brokenNames[m[1]]:
	case a == nil:
		var known []string
		for i := range c.schema.Attributes {
			if t := c.schema.Attributes[i].Type; t != nil && t.Kind == KindBool {
				known = append(known, "member."+c.schema.Attributes[i].Name)
			}
		}
		c.unknown("unknown-field", n, "there is no attribute", text, known, c.schema.attributeOf)
	case a.Computed != nil || a.Type == nil || a.Type.Kind != KindBool:
		c.error("type-mismatch", n.pos(), fmt.Sprintf("`%s` must be a stored bool: it says whether the member wants promotional messages", text)).
			related("declared here", a.Pos)
	default:
		c.schema.Consent = m[1]
	}
}

// each calls read for each entry of a section.
func (c *checker) each(n *node, key, what string, read func(key, value *node)) {
	section := n.get(key)
	switch {
	case section == nil || section.isNull() && !section.broken:
		return
	case section.broken, section.kind != mappingNode:
		if !section.broken {
			c.wrongType(section, what+" must be a mapping (`name: …`)")
		}
		c.blind = true // what the section declares is unknown: nothing that names it is judged
		return
	}
	for _, e := range section.entries {
		read(e.key, e.value)
	}
}

func (c *checker) attribute(key, value *node) {
	name := key.value
	if name == "id" && value.kind == mappingNode && value.get("normalize") != nil {
		c.memberID(value)
		return
	}
	if slices.Contains(builtinMember, name) {
		c.error("reserved-name", key.pos(), fmt.Sprintf("`%s` is built in: every member has it", name)).label("leave it out")
		return
	}
	if !c.isName(key, "an attribute", name, propertyName, "letters, digits and `_`, not beginning with a digit", snakeOf) {
		return
	}
	a := Attribute{Name: name, Pos: key.pos()}
	if value.kind == scalarNode && !value.broken && strings.HasPrefix(value.value, "= ") {
		if !c.cutSlip(value, true) {
			src := value.source(2)
			a.Computed = &src
			c.sources["member "+name] = value
		} else {
			a.Type = Any
		}
		c.schema.Attributes = append(c.schema.Attributes, a)
		return
	}
	def := (*node)(nil)
	if value.kind == mappingNode {
		def = value.get("default")
	}
	if t := typedForm(value); t != nil {
		a.Type = c.typeOf(t)
	} else {
		a.Type = c.typeOf(value)
	}
	c.normalize(value, &a)
	if def != nil && (len(a.Type.Enum) > 0 || typedForm(value) != nil) {
		a.Default, _ = c.literal(def, a.Type, "the default of "+name)
	}
	if c.hasHole(a.Type) {
		c.brokenNames[name] = true
	}
	// An attribute may be missing unless it has a default.
	if a.Default == nil && a.Type.Kind != KindAny {
		a.Type = a.Type.AsOptional()
	}
	c.schema.Attributes = append(c.schema.Attributes, a)
}

// memberID reads how the ids of members are written in one way.
func (c *checker) memberID(n *node) {
	if !c.mapping(n, "id", "normalize") {
		return
	}
	switch v := n.get("normalize"); {
	case v.broken:
	case v.kind != scalarNode || v.value != string(NormalLower) && v.value != string(NormalPhone):
		c.error("bad-value", v.pos(), fmt.Sprintf("there is no way to normalize called `%s`", v.value)).label("write lower or phone")
	default:
		c.schema.IDs = Normalization(v.value)
	}
}

// typedForm gives T of `{type: T, default: …, normalize: …}`, with one of the two or both; nil of another form.
func typedForm(n *node) *node {
	if n.kind != mappingNode {
		return nil
	}
	more := normalForm(n) != nil || n.get("default") != nil
	for _, e := range n.entries {
		more = more && slices.Contains([]string{"type", "default", "normalize"}, e.key.value)
	}
	if !more {
		return nil
	}
	return n.get("type")
}

// normalForm gives the value of `normalize`, or nil when that is a field of an object, which has a type.
func normalForm(n *node) *node {
	v := n.get("normalize")
	if v == nil || v.kind != scalarNode || n.get("type") == nil || typeWords[strings.TrimPrefix(v.value, "optional ")] != nil {
		return nil
	}
	return v
}

// normalize reads how values of the attribute are written in one way.
func (c *checker) normalize(n *node, a *Attribute) {
	if n.kind != mappingNode || typedForm(n) == nil || normalForm(n) == nil {
		return
	}
	v := normalForm(n)
	switch {
	case v.value != string(NormalLower) && v.value != string(NormalPhone):
		c.error("bad-value", v.pos(), fmt.Sprintf("there is no way to normalize called `%s`", v.value)).label("write lower or phone")
	case a.Type.Kind != KindString && a.Type.Kind != KindAny, len(a.Type.Enum) > 0:
		c.error("type-mismatch", v.pos(), fmt.Sprintf("`normalize` is for a string, `%s` is %s", a.Name, article(a.Type.String()))).label("leave it out")
	default:
		a.Normal = Normalization(v.value)
	}
}

func (c *checker) eventType(key, value *node) {
	e := EventType{Name: key.value, Properties: ObjectOf().declaredAt(key.pos()), Pos: key.pos()}
	if e.Name == "" || len(e.Name) > maxName {
		c.error("bad-name", key.pos(), fmt.Sprintf("the name of an event has 1 to %d bytes", maxName))
	}
	switch {
	case value.broken || value.isNull():
	case value.kind != mappingNode:
		c.wrongType(value, "an event is declared by its properties").label("write {} for none, or {name: type}")
	default:
		e.Properties = c.properties(value, "every event", reservedProperties)
	}
	c.schema.Events = append(c.schema.Events, e)
}

// properties reads what an event or an http trigger carries: typed properties, none with a name that is there anyway.
func (c *checker) properties(n *node, owner string, reserved []string) *Type {
	t := &Type{Kind: KindObject, Pos: n.pos()}
	for _, p := range n.entries {
		if slices.Contains(reserved, p.key.value) {
			c.error("reserved-name", p.key.pos(), fmt.Sprintf("`%s` is reserved: %s has it", p.key.value, owner)).
				label("choose another name")
			continue
		}
		c.isName(p.key, "a property", p.key.value, propertyName, "letters, digits and `_`, not beginning with a digit", snakeOf)
		t.Fields = append(t.Fields, c.typedField(p))
	}
	return t
}

// declaredName is of small letters; those of scripts that know no others, as Chinese, are letters like them.
var declaredName = regexp.MustCompile(`^[a-z0-9\p{Lo}々ー]+([-_][a-z0-9\p{Lo}々ー]+)*$`)

// declarable checks the name of a segment, channel or pool.
func (c *checker) declarable(key *node, what string) {
	c.isName(key, what, key.value, declaredName, "small letters and digits, words joined by `-` or `_`", kebabOf)
}

func (c *checker) segment(key, value *node) {
	c.declarable(key, "a segment")
	g := Segment{Name: key.value, Pos: key.pos()}
	if !value.broken && !c.cutSlip(value, true) {
		if text, ok := c.expressionText(value, "a segment's expression"); ok && !c.needlessEquals(value, text) {
			g.Source = value.source(0)
			c.sources["segment "+g.Name] = value
		}
	}
	c.schema.Segments = append(c.schema.Segments, g)
}

// poolPrefix is what a coupon code may begin with.
var poolPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)

func (c *checker) pool(key, value *node) {
	c.declarable(key, "a coupon pool")
	p := Pool{Name: key.value, Pos: key.pos()}
	if !value.isNull() && c.mapping(value, "a coupon pool", "prefix", "budget", "per_member", "expires") {
		if v := value.get("prefix"); v != nil {
			p.Prefix, _ = c.str(v, "prefix")
			if p.Prefix != "" && !poolPrefix.MatchString(p.Prefix) {
				c.error("bad-value", v.pos(), "a prefix is of letters A to Z, digits, `-` and `_`, 20 at most").label("codes are read aloud and typed in, as in NEW-7KQ2")
			}
		}
		const most = 1_000_000_000
		p.Budget, _ = c.integer(value.get("budget"), "budget", 1, most)
		p.PerMember, _ = c.integer(value.get("per_member"), "per_member", 1, most)
		if v := value.get("expires"); v != nil {
			p.Expires, _ = c.duration(v, "expires")
			if d := c.diags[max(0, len(c.diags)-1):]; looksLikeTime.MatchString(v.value) && len(d) == 1 && d[0].Code == "bad-duration" {
				d[0].Label = "a pool does not end on a date: write how long a coupon is valid, as in 7d"
			}
		}
	}
	c.schema.Pools = append(c.schema.Pools, p)
}

func (c *checker) frequencyCaps(n *node) {
	if n == nil || n.broken {
		return
	}
	if n.kind != sequenceNode {
		c.wrongType(n, "frequency_caps must be a list").label("as in - {channels: [wecom], max: 2, per: 24h}")
		return
	}
	for _, item := range n.items {
		if !c.mapping(item, "a frequency cap", "channels", "max", "per") {
			continue
		}
		f := FrequencyCap{Pos: item.pos()}
		for _, ch := range c.list(item.get("channels"), "channels") {
			if name, ok := c.str(ch, "a channel"); ok && c.knownChannel(ch, name) {
				f.Channels = append(f.Channels, name)
			}
		}
		var okMax, okPer bool
		f.Max, okMax = c.integer(c.require(item, "a frequency cap", "max", "max: 2"), "max", 1, 1_000_000)
		f.Per, okPer = c.duration(c.require(item, "a frequency cap", "per", "per: 24h"), "per")
		if okMax && okPer {
			c.schema.Caps = append(c.schema.Caps, f)
		}
	}
}

// list gives the items of a list, nothing when there is none.
func (c *checker) list(n *node, what string) []*node {
	if n == nil || n.broken {
		return nil
	}
	if n.kind != sequenceNode {
		c.wrongType(n, what+" must be a list")
		return nil
	}
	return n.items
}

func (c *checker) quietHours(n *node) {
	if n == nil || !c.mapping(n, "quiet_hours", "from", "to", "timezone") {
		return
	}
	q := &QuietHours{Pos: n.pos()}
	var okFrom, okTo bool
	q.From, okFrom = c.clock(c.require(n, "quiet_hours", "from", `from: "22:00"`), "from")
	q.To, okTo = c.clock(c.require(n, "quiet_hours", "to", `to: "08:00"`), "to")
	if okFrom && okTo && q.From == q.To {
		c.error("bad-value", n.get("to").pos(), "quiet hours cannot end when they begin")
	}
	q.Zone = c.schema.Timezone
	if z := n.get("timezone"); z != nil {
		if z.kind == scalarNode && z.value == "member" {
			q.Zone = nil
		} else if loc, ok := c.zone(z, "timezone"); ok {
			q.Zone = loc
		}
	}
	if okFrom && okTo {
		c.schema.Quiet = q
	}
}

// compileSchema compiles the computed attributes and segments, when all that they may name is declared.
func (c *checker) compileSchema() {
	s := c.schema
	before := len(c.diags)
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed != nil {
			a.Expr = c.compile(c.sources["member "+a.Name], 2, &Scope{Schema: s}, nil)
		}
	}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed != nil {
			if a.Type = Any; a.Expr != nil {
				a.Type = a.Expr.Type
			}
		}
	}
	for i := range s.Segments {
		if g := &s.Segments[i]; g.Source.Text != "" {
			g.Expr = c.compile(c.sources["segment "+g.Name], 0, &Scope{Schema: s}, Bool)
		}
	}
	c.oneCycleEach(before)
}

// oneCycleEach keeps one of the mistakes that tell of the same cycle, each from another of its members.
func (c *checker) oneCycleEach(from int) {
	seen := map[string]bool{}
	kept := c.diags[:from]
	for _, d := range c.diags[from:] {
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
	c.diags = kept
}

// newSchema gives an empty schema: without a timezone the calendar is UTC's.
func newSchema() *Schema { return &Schema{Timezone: time.UTC} }
