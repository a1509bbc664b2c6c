package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// act reads what an action's key is given. It gives the type of what the action leaves under its id, and whether that is known.
func (p *playbookReader) act(v *node, step *Step, sc *Scope) (*Type, bool) {
	switch step.Key {
	case "wait":
		return p.wait(v, step, sc)
	case "exit":
		if reason, ok := p.text(v, "the reason of an exit"); ok {
			step.Args = map[string]*Value{"reason": {Literal: reason}}
			p.word(reasonWord, reason, wordGiven, v)
		}
		return ObjectOf(), true
	}
	spec := p.reg.Action(step.Key)
	fields := make([]Field, len(spec.Results))
	for i, r := range spec.Results {
		fields[i] = Field{Name: r.Name, Type: r.Type, When: r.When}
	}
	step.Args = map[string]*Value{}
	p.arguments(v, step, spec, sc)
	result := p.returned(step, spec, fields)
	step.Fields = written(v, step.Args)
	return result, true
}

// written gives the names of an action's fields in the order in which they are written, then those that are not.
func written(v *node, args map[string]*Value) []string {
	out := make([]string, 0, len(args))
	for _, e := range v.entries {
		if _, given := args[e.key.value]; given && !slices.Contains(out, e.key.value) {
			out = append(out, e.key.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// arguments reads an action's fields as its declaration says.
func (p *playbookReader) arguments(v *node, step *Step, spec *ActionSpec, sc *Scope) {
	if v.broken {
		return
	}
	if v.kind != mappingNode || spec.open() {
		p.shorthand(v, step, spec, sc)
		return
	}
	known := make([]string, len(spec.Fields))
	for i := range spec.Fields {
		known[i] = spec.Fields[i].Name
	}
	what := "`" + spec.Key + "`"
	p.mapping(v, what, known...)
	for i := range spec.Fields {
		f := &spec.Fields[i]
		field := v.get(f.Name)
		switch {
		case f.Kind == FieldProperties: // typed by another field: see emitted
		case field != nil:
			if val := p.field(field, f, sc); val != nil {
				step.Args[f.Name] = val
			}
		case f.Default != nil:
			step.Args[f.Name] = &Value{Literal: f.Default}
		case f.Required:
			p.missing(v, step, what, f.Name)
		}
	}
	p.oneOfFieldsAt(v, step, what, spec.Fields)
	if len(spec.AtLeast) > 0 && !slices.ContainsFunc(spec.AtLeast, func(name string) bool { return v.get(name) != nil }) {
		p.error("missing-key", step.Pos, fmt.Sprintf("%s needs at least one of %s", what, strings.Join(spec.AtLeast, ", ")))
	}
	p.address(v, step)
	p.subject(v, step, spec)
	p.emitted(v, step, spec, sc)
	p.opposed(v, step)
}

func (p *playbookReader) missing(v *node, step *Step, what, name string) {
	if !v.broken && !slices.Contains(v.meant, name) {
		p.error("missing-key", step.Pos, fmt.Sprintf("%s needs the key `%s`", what, name)).label("add `" + name + ": …`")
	}
}

// oneOfFieldsAt is oneOfFields with what is missing shown at the action's key.
func (p *playbookReader) oneOfFieldsAt(v *node, step *Step, what string, fields []FieldSpec) {
	from := len(p.diags)
	p.oneOfFields(v, what, fields)
	for i := from; i < len(p.diags); i++ {
		if p.diags[i].Code == "missing-key" {
			p.diags[i].Pos = step.Pos
		}
	}
}

// shorthand reads a bare value as the one field it stands for.
func (p *playbookReader) shorthand(v *node, step *Step, spec *ActionSpec, sc *Scope) {
	for i := range spec.Fields {
		f := &spec.Fields[i]
		if f.Name == spec.Shorthand && !v.isNull() {
			named := *f
			named.Name = spec.Key // what the author wrote, for the words of a mistake
			if val := p.field(v, &named, sc); val != nil {
				step.Args[f.Name] = val
			}
			continue
		}
		if f.Default != nil {
			step.Args[f.Name] = &Value{Literal: f.Default}
		}
	}
	switch {
	case spec.Shorthand == "":
		p.wrongType(v, fmt.Sprintf("`%s` must be a mapping (`key: value`)", spec.Key))
	case v.isNull():
		p.wrongType(v, fmt.Sprintf("`%s` needs a value", spec.Key))
	}
	p.emitted(v, step, spec, sc)
}

// field reads one field of an action.
func (p *playbookReader) field(v *node, f *FieldSpec, sc *Scope) *Value {
	if v.broken {
		return nil
	}
	switch f.Kind {
	case FieldString, FieldSecret:
		return p.value(v, String, f.Name, sc)
	case FieldInt:
		return p.value(v, Int, f.Name, sc)
	case FieldNumber:
		return p.value(v, Number, f.Name, sc)
	case FieldBool:
		return p.value(v, Bool, f.Name, sc)
	case FieldEnum:
		return p.value(v, &Type{Kind: KindString, Enum: f.Enum}, f.Name, sc)
	case FieldText:
		return p.inlineText(v, f.Name, sc)
	case FieldTemplate:
		return p.template(v, sc)
	case FieldTags:
		return p.tags(v, f.Name, sc)
	case FieldAttributes:
		return p.attributes(v, f.Name, sc)
	case FieldDuration:
		if d, ok := p.duration(v, f.Name); ok && p.notTooLong(v, d, f) {
			return &Value{Literal: d}
		}
		return nil
	case FieldURL:
		return p.url(v, f.Name, sc)
	case FieldHeaders:
		return p.headers(v, f.Name, sc)
	case FieldJSON:
		return p.anything(v, f.Name, sc)
	case FieldReturns:
		return p.returns(v, f.Name)
	}
	return p.reference(v, f)
}

// reference reads the name of a channel, pool or event.
func (p *playbookReader) reference(v *node, f *FieldSpec) *Value {
	name, ok := p.str(v, f.Name)
	switch {
	case !ok:
		return nil
	case f.Kind == FieldPool:
		p.knownPool(v, name)
	case f.Kind == FieldChannel:
		p.used["channel "+name] = true
		if p.knownChannel(v, name) {
			p.speaking(v, name)
		}
	case f.Kind == FieldEvent:
		p.knownEvent(v, name)
	}
	return &Value{Literal: name}
}

// value reads a literal, or an expression when it is a string that begins with `= `.
func (p *playbookReader) value(v *node, t *Type, what string, sc *Scope) *Value {
	if v.kind == scalarNode && v.tag == "str" && strings.HasPrefix(v.value, "= ") {
		p.place(v, sc, t)
		if p.poisoned(v.value) || p.cutSlip(v, true) {
			p.dropped = true
			return nil
		}
		if e := p.keep(p.compile(v, 2, sc, t)); e != nil {
			return &Value{Expr: e}
		}
		return nil
	}
	if v.kind == scalarNode && p.cutSlip(v, false) {
		return nil
	}
	if p.literalSlip(v, t, what) {
		return nil
	}
	lit, ok := p.literal(v, t, what)
	if !ok {
		return nil
	}
	return &Value{Literal: lit}
}

// tags reads one tag or a list of tags; the value is always a list.
func (p *playbookReader) tags(v *node, what string, sc *Scope) *Value {
	items := []*node{v}
	if v.kind == sequenceNode {
		items = v.items
	}
	out := &Value{List: []*Value{}}
	for _, item := range items {
		if item.kind == scalarNode && item.tag == "str" && item.value == "" {
			p.error("bad-value", item.pos(), "a tag cannot be empty")
			continue
		}
		if val := p.value(item, String, what, sc); val != nil {
			out.List = append(out.List, val)
			p.tagWords(item, val, what == "remove")
		}
	}
	if v.kind == sequenceNode && len(items) == 0 {
		p.error("bad-value", v.pos(), fmt.Sprintf("`%s` lists nothing", what))
	}
	return out
}

// tagWords notes the tags that an action adds or removes, as far as they are written out.
func (p *playbookReader) tagWords(n *node, val *Value, removed bool) {
	role := wordGiven
	if removed {
		role = wordSought
	}
	if tag, ok := val.Literal.(string); ok {
		p.word(tagWord, tag, role, n)
	}
	if val.Expr != nil {
		for _, a := range val.Expr.answers {
			p.wordAt(tagWord, a.word, wordUse{role: role, pos: a.pos, text: `"%s"`})
		}
	}
}

// attributes reads attribute: value, typed by the member's schema.
func (p *playbookReader) attributes(v *node, what string, sc *Scope) *Value {
	if v.kind != mappingNode {
		p.wrongType(v, fmt.Sprintf("`%s` must be a mapping of attributes", what)).label("as in {level: gold}")
		return nil
	}
	out := &Value{Map: map[string]*Value{}}
	if len(v.entries) == 0 && !v.broken {
		p.error("bad-value", v.pos(), fmt.Sprintf("`%s` names no attribute", what))
	}
	for _, e := range v.entries {
		t := p.settableType(e.key)
		if t == nil {
			continue
		}
		if val := p.value(e.value, t, e.key.value, sc); val != nil {
			out.put(e.key.value, val)
		}
	}
	return out
}

// settableType gives the type of an attribute that may be set, or nil when it may not, which was reported.
func (p *playbookReader) settableType(key *node) *Type {
	name := key.value
	if slices.Contains(settable, name) {
		return String.AsOptional()
	}
	if slices.Contains(builtinMember, name) {
		p.error("not-settable", key.pos(), fmt.Sprintf("`%s` is kept by usher and cannot be set", name))
		return nil
	}
	a := p.schema.Attribute(name)
	switch {
	case p.blind:
		return nil
	case a == nil:
		p.unknown("unknown-field", key, "member has no attribute", name, names(p.schema.Attributes, func(a *Attribute) string { return a.Name }), p.schema.in(inMember))
		return nil
	case a.Computed != nil:
		p.error("not-settable", key.pos(), fmt.Sprintf("`%s` is computed and cannot be set", name)).related("declared here", a.Pos)
		return nil
	case a.Type == nil:
		return Any
	}
	return a.Type
}

// inlineText reads Liquid that stands in the playbook.
func (p *playbookReader) inlineText(v *node, what string, sc *Scope) *Value {
	p.place(v, sc, nil)
	wrote, ok := p.text(v, what)
	if !ok {
		return nil
	}
	if strings.HasPrefix(wrote, "= ") {
		p.error("bad-value", v.at(0, 2), fmt.Sprintf("`%s` is Liquid, not an expression", what)).label("write {{ … }} for what varies")
		return nil
	}
	if p.blind {
		sc = nil
	}
	t, diags := ParseTemplate("", wrote, v.at, p.lenient(sc))
	p.diags = append(p.diags, diags...)
	if t == nil {
		return nil
	}
	p.keepTemplate("", t)
	p.wordsOfText(wrote, v.at)
	return &Value{Text: t}
}

// template reads the name of a template and judges its variables by what is in scope here.
func (p *playbookReader) template(v *node, sc *Scope) *Value {
	name, ok := p.str(v, "template")
	if !ok {
		return nil
	}
	p.used["template "+name] = true
	f := p.texts[name]
	if f != nil {
		p.placeOf(wholeFile(f.name), f.text, sc, nil)
	}
	if f == nil {
		if bare := strings.TrimPrefix(strings.TrimSuffix(name, extensionOf(name)), templateDir+"/"); bare != name && p.texts[bare] != nil {
			p.error("unknown-template", v.pos(), "a template is named by its path below templates/, without its extension").
				label("write "+bare).edit(v.pos(), bare)
			return nil
		}
		p.unknown("unknown-template", v, "there is no template", name, slices.Sorted(maps.Keys(p.texts)), nowhere)
		return nil
	}
	if p.ws.Templates[name] == nil {
		p.dropped = true
		return nil // its own mistakes are reported
	}
	if p.blind {
		sc = nil
	}
	t, diags := parseTemplate(templateOf(f, name), placesOf(f), p.lenient(sc))
	for i := range diags {
		diags[i].Related = append(diags[i].Related, Related{Message: "used here", Pos: v.pos()})
	}
	p.diags = append(p.diags, diags...)
	if t == nil {
		return nil
	}
	p.keepTemplate(name, t)
	p.wordsOfText(t.Text, placesOf(f))
	return &Value{Text: t}
}

func extensionOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i:]
	}
	return ""
}

// lenient gives the scope with anything in place of what is unknown because of another mistake.
func (p *playbookReader) lenient(sc *Scope) *Scope {
	if sc == nil || len(p.poison) == 0 {
		return sc
	}
	out := *sc
	if p.poison["trigger"] {
		out.Trigger = Any
	}
	out.Actions = slices.Clone(sc.Actions)
	for name := range p.poison {
		if id, ok := strings.CutPrefix(name, "actions."); ok {
			out.Actions = append(out.Actions, ActionResult{ID: id, Type: Any})
		}
	}
	return &out
}

func (p *playbookReader) keepTemplate(name string, t *Template) {
	if name == "" {
		name = fmt.Sprintf("inline %d", len(p.templates))
	}
	p.templates[name] = t
}

// address checks that a message to a channel which needs an address has one.
func (p *playbookReader) address(v *node, step *Step) {
	name := step.Args["channel"]
	if name == nil || p.blind || v.get("to") != nil {
		return
	}
	lit, _ := name.Literal.(string)
	ch := p.schema.Channel(lit)
	if ch == nil {
		return
	}
	spec := p.reg.Channel(ch.Type)
	if spec == nil || !spec.NeedsTo || spec.Address != "" && (p.schema.Attribute(spec.Address) != nil || slices.Contains(builtinMember, spec.Address)) {
		return
	}
	message := fmt.Sprintf("a message to the channel `%s` needs an address", lit)
	if spec.Address == "" {
		p.error("missing-key", step.Pos, message).label("add `to: …`")
		return
	}
	p.error("missing-key", step.Pos, message).label(fmt.Sprintf("add `to: …`, or declare the attribute `%s` of member", spec.Address))
}
