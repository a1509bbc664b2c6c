package playbook

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
	"github.com/usher-run/usher/playbooks/text"
)

// act reads what an action's key is given. It gives the type of what the action leaves under its
// id, and whether that is known.
func (p *reader) act(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	v = p.withoutAbsent(v)
	switch step.Key {
	case "wait":
		return p.wait(v, step, sc)
	case "exit":
		if reason, ok := p.Text(v, "the reason of an exit"); ok {
			step.Args = map[string]*playbooks.Value{"reason": {Literal: reason}}
			p.NoteLabel(playbooks.ReasonLabel, reason, playbooks.LabelWritten, v)
		}
		return schema.ObjectOf(), true
	}
	spec := p.Registry.Action(step.Key)
	if p.pb.For != "" && spec.MembersOnly {
		p.Error("wrong-subject", step.Pos, fmt.Sprintf("`%s` is for members: a %s has none", step.Key, p.pb.For)).
			Label("`emit` an event of a member, and give it there")
		return nil, false
	}
	step.Args = map[string]*playbooks.Value{}
	p.arguments(v, step, spec, sc)
	fields := make([]schema.Field, 0, len(spec.Results))
	for _, r := range spec.Results {
		if r.With == "" || v.Get(r.With) != nil {
			fields = append(fields, schema.Field{Name: r.Name, Type: r.Type, When: r.When})
		}
	}
	endless := p.Schema.DrawsEndless(step, spec)
	for i := range fields {
		fields[i].Always = endless && fields[i].When != ""
	}
	result := p.returned(step, spec, withVariant(step, spec, fields))
	step.Fields = written(v, step.Args)
	return result, true
}

// written returns the names of an action's fields in the order in which they are written, then
// those that are not.
func written(v *syntax.Node, args map[string]*playbooks.Value) []string {
	out := make([]string, 0, len(args))
	for _, e := range v.Entries {
		if _, given := args[e.Key.Value]; given && !slices.Contains(out, e.Key.Value) {
			out = append(out, e.Key.Value)
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
func (p *reader) arguments(v *syntax.Node, step *playbooks.Step, spec *schema.ActionSpec,
	sc *scope.Scope,
) {
	if v.Broken {
		return
	}
	if v.Kind != syntax.MappingNode || spec.Open() {
		p.shorthand(v, step, spec, sc)
		return
	}
	known := make([]string, len(spec.Fields))
	for i := range spec.Fields {
		known[i] = spec.Fields[i].Name
	}
	what := "`" + spec.Key + "`"
	p.Mapping(v, what, known...)
	p.handed(v, step, sc)
	defer func() { p.side = nil }()
	for i := range spec.Fields {
		f := &spec.Fields[i]
		field := v.Get(f.Name)
		switch {
		case p.side != nil && (f.Kind == schema.FieldAddress || f.Kind == schema.FieldCarried), f.Kind == schema.FieldCarried:
		case f.Kind == schema.FieldProperties, f.Kind == schema.FieldData: // typed by another field: see emitted, data
		case field != nil && f.Kind == schema.FieldVariants:
			p.variants(field, step, sc)
		case field != nil:
			p.withMembers(f.Kind == shapes.FieldEvent && v.Get("member") != nil, func() {
				if val := p.field(field, f, sc); val != nil {
					step.Args[f.Name] = val
				}
			})
		case f.Default != nil:
			step.Args[f.Name] = &playbooks.Value{Literal: f.Default}
		case f.Required:
			p.missing(v, step, what, f.Name)
		}
	}
	p.oneOfFieldsAt(v, step, what, spec.Fields)
	none := len(spec.AtLeast) > 0 && !slices.ContainsFunc(spec.AtLeast,
		func(name string) bool { return v.Get(name) != nil || slices.Contains(v.Intended, name) })
	if none {
		p.Error("missing-key", step.Pos, fmt.Sprintf("%s needs at least one of %s", what, strings.Join(spec.AtLeast, ", ")))
	}
	if v.Get("data") != nil && slices.Contains(known, "data") {
		if val := p.data(v, step, sc); val != nil {
			step.Args["data"] = val
		}
	}
	p.sendable(v, step)
	for i := range spec.Fields {
		if f := &spec.Fields[i]; f.Needs != "" && v.Get(f.Name) != nil && v.Get(f.Needs) == nil &&
			!slices.Contains(v.Intended, f.Needs) && !(none && slices.Contains(spec.AtLeast, f.Needs)) {
			p.Error("missing-key", v.Key(f.Name).Pos(), fmt.Sprintf("`%s` of %s stands beside `%s`", f.Name, what, f.Needs)).
				Label("add `" + f.Needs + ": …`, or leave it out")
		}
	}
	p.address(v, step)
	p.NoteSubject(v, step, spec)
	p.emitted(v, step, spec, sc)
	p.opposed(v, step)
}

func (p *reader) missing(v *syntax.Node, step *playbooks.Step, what, name string) {
	if !v.Broken && !slices.Contains(v.Intended, name) {
		p.Error("missing-key", step.Pos, fmt.Sprintf("%s needs the key `%s`", what, name)).Label("add `" + name + ": …`")
	}
}

// oneOfFieldsAt is oneOfFields with what is missing shown at the action's key.
func (p *reader) oneOfFieldsAt(v *syntax.Node, step *playbooks.Step, what string, fields []schema.FieldSpec) {
	from := len(p.Diags)
	p.OneOfFields(v, what, fields)
	for i := from; i < len(p.Diags); i++ {
		if p.Diags[i].Code == "missing-key" {
			p.Diags[i].Pos = step.Pos
		}
	}
}

// shorthand reads a bare value as the one field it stands for.
func (p *reader) shorthand(v *syntax.Node, step *playbooks.Step, spec *schema.ActionSpec,
	sc *scope.Scope,
) {
	for i := range spec.Fields {
		f := &spec.Fields[i]
		if f.Name == spec.Shorthand && !v.IsNull() {
			named := *f
			named.Name = spec.Key // what the author wrote, for the words of a mistake
			if val := p.field(v, &named, sc); val != nil {
				step.Args[f.Name] = val
			}
			continue
		}
		if f.Default != nil {
			step.Args[f.Name] = &playbooks.Value{Literal: f.Default}
		}
	}
	switch {
	case spec.Shorthand == "":
		p.WrongType(v, fmt.Sprintf("`%s` must be a mapping (`key: value`)", spec.Key))
	case v.IsNull():
		p.WrongType(v, fmt.Sprintf("`%s` needs a value", spec.Key))
	}
	p.emitted(v, step, spec, sc)
}

// field reads one field of an action.
func (p *reader) field(v *syntax.Node, f *schema.FieldSpec, sc *scope.Scope) *playbooks.Value {
	if v.Broken {
		return nil
	}
	switch f.Kind {
	case schema.FieldString, schema.FieldSecret, schema.FieldAddress:
		return p.value(v, schema.String, f.Name, sc)
	case schema.FieldInt:
		val := p.value(v, schema.Int, f.Name, sc)
		if n, ok := literalInt(val); ok && f.Least > 0 && n < f.Least {
			p.Error("bad-value", v.Pos(), fmt.Sprintf("%s must be at least %d", f.Name, f.Least))
			return nil
		}
		return val
	case schema.FieldNumber:
		return p.value(v, schema.Number, f.Name, sc)
	case schema.FieldBool:
		return p.value(v, schema.Bool, f.Name, sc)
	case schema.FieldEnum:
		return p.value(v, &schema.Type{Kind: schema.KindString, Enum: f.Enum}, f.Name, sc)
	case schema.FieldText:
		return p.inlineText(v, f.Name, sc)
	case schema.FieldTemplate:
		return p.template(v, sc)
	case schema.FieldTags:
		return p.tags(v, f.Name, sc)
	case schema.FieldAttributes:
		return p.attributes(v, f.Name, sc)
	case schema.FieldDuration:
		if d, ok := p.Duration(v, f.Name); ok && p.notTooLong(v, d, f) {
			return &playbooks.Value{Literal: d}
		}
		return nil
	case schema.FieldURL:
		return p.url(v, f.Name, sc)
	case schema.FieldHeaders:
		return p.headers(v, f.Name, sc)
	case schema.FieldJSON:
		return p.anything(v, f.Name, sc)
	case schema.FieldAttach:
		return p.attachments(v, f.Name, sc)
	case schema.FieldReturns:
		return p.returns(v, f.Name)
	}
	return p.reference(v, f, sc)
}

// reference reads the name of a channel, pool or event.
func (p *reader) reference(v *syntax.Node, f *schema.FieldSpec, sc *scope.Scope) *playbooks.Value {
	switch {
	case isExpression(v) && f.Kind == shapes.FieldEvent && p.isNoParam(v):
		p.Error("bad-value", v.Pos(), "the name of an event is written out, not computed").
			Label("choose between actions by `if`")
		return nil
	case isExpression(v) && f.Kind == schema.FieldRaffle:
		p.Error("bad-value", v.Pos(), "the name of a raffle is written out, not computed").
			Label("choose between actions by `if`")
		return nil
	case isExpression(v) && p.isNoParam(v):
		return p.named(v, f, sc)
	}
	name, ok := p.Str(v, f.Name)
	switch {
	case !ok:
		return nil
	case looksLikeExpression.MatchString(name) && f.Kind != shapes.FieldEvent:
		text := valueText(v, "= "+name)
		r := p.Error("forgotten-equals", v.Pos(), fmt.Sprintf("`%s` is a text that looks like an expression", f.Name)).
			Label("write `" + text + "` for its value")
		if v.Style == syntax.PlainStyle {
			r.Edit(v.Pos(), text)
		}
		return nil
	case f.Kind == schema.FieldPool:
		p.KnownPool(v, name)
	case f.Kind == schema.FieldRaffle:
		p.KnownRaffle(v, name)
	case f.Kind == schema.FieldChannel:
		p.Use("channel", name)
		if p.KnownChannel(v, name) {
			p.speaking(v.Pos(), name)
		}
	case f.Kind == shapes.FieldEvent:
		if e := p.KnownEvent(v, name); e != nil && e.Builtin {
			p.Error("builtin-event", v.Pos(), fmt.Sprintf("`%s` is made by usher alone", name)).
				Label("declare an event of your own, and emit that")
		}
	}
	return &playbooks.Value{Literal: name}
}

// value reads a literal, or an expression when it is a string that begins with `= `.
func (p *reader) value(v *syntax.Node, t *schema.Type, what string, sc *scope.Scope) *playbooks.Value {
	if v.Kind == syntax.ScalarNode && v.Tag == "str" && strings.HasPrefix(v.Value, "= ") {
		p.NoteSite(v, sc, t)
		if p.dependsOnUnknown(v.Value) || p.CutByComment(v, true) {
			p.dropped = true
			return nil
		}
		if e := p.keep(p.Compile(v, 2, sc, t)); e != nil {
			return &playbooks.Value{Expr: e}
		}
		return nil
	}
	if v.Kind == syntax.ScalarNode && p.CutByComment(v, false) {
		return nil
	}
	if p.mistakenLiteral(v, t, what) {
		return nil
	}
	if t != nil && t.Ref == schema.Member && v.Kind == syntax.ScalarNode && !v.IsNull() && !v.Broken {
		p.Error("type-mismatch", v.Pos(), fmt.Sprintf("`%s` names a member: an expression says whom", what)).
			Label("as in = trigger.invited_by or = member.id")
		return nil
	}
	lit, ok := p.Literal(v, t, what)
	if !ok {
		return nil
	}
	return &playbooks.Value{Literal: lit}
}

// tags reads one tag or a list of tags; the value is always a list.
func (p *reader) tags(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	items := []*syntax.Node{v}
	if v.Kind == syntax.SequenceNode {
		items = v.Items
	}
	out := &playbooks.Value{List: []*playbooks.Value{}}
	for _, item := range items {
		if item.Kind == syntax.ScalarNode && item.Tag == "str" && item.Value == "" {
			p.Error("bad-value", item.Pos(), "a tag cannot be empty")
			continue
		}
		if val := p.value(item, schema.String, what, sc); val != nil {
			out.List = append(out.List, val)
			p.noteTags(item, val, what == "remove")
			p.joinedTags(item, val, v.Kind == syntax.SequenceNode)
		}
	}
	if v.Kind == syntax.SequenceNode && len(items) == 0 {
		p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` lists nothing", what))
	}
	return out
}

// noteTags notes the tags that an action adds or removes, as far as they are written out.
func (p *reader) noteTags(n *syntax.Node, val *playbooks.Value, removed bool) {
	role := playbooks.LabelWritten
	if removed {
		role = playbooks.LabelRead
	}
	if tag, ok := val.Literal.(string); ok {
		p.NoteLabel(playbooks.TagLabel, tag, role, n)
	}
	if val.Expr != nil {
		for _, a := range val.Expr.Answers {
			p.NoteLabelAt(playbooks.TagLabel, a.Tag, playbooks.LabelUse{Role: role, Pos: a.Pos, Text: `"%s"`})
		}
	}
}

// attributes reads attribute: value, typed by the member's schema.
func (p *reader) attributes(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	if v.Kind != syntax.MappingNode {
		p.WrongType(v, fmt.Sprintf("`%s` must be a mapping of attributes", what)).Label("as in {level: gold}")
		return nil
	}
	out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	if len(v.Entries) == 0 && !v.Broken {
		p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` names no attribute", what))
	}
	for _, e := range v.Entries {
		t := p.settableType(e.Key)
		if t == nil {
			continue
		}
		if val := p.value(e.Value, t, e.Key.Value, sc); val != nil {
			out.Put(e.Key.Value, val)
		}
	}
	return out
}

// settableType returns the type of an attribute that may be set, or nil when it may not, which was
// reported.
func (p *reader) settableType(key *syntax.Node) *schema.Type {
	name := key.Value
	if slices.Contains(shapes.Settable, name) {
		return schema.String.AsOptional()
	}
	a := p.Schema.Attribute(name)
	if a == nil && scope.IsBuiltin(p.Schema.Subject(), name) {
		p.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is kept by usher and cannot be set", name))
		return nil
	}
	switch {
	case p.SchemaUnreadable:
		return nil
	case a == nil:
		p.Unknown("unknown-field", key, p.Schema.Subject()+" has no attribute", name,
			diag.Names(p.Schema.Attributes, func(a *playbooks.Attribute) string { return a.Name }),
			p.Schema.In(scope.InMember))
		return nil
	case a.Computed != nil:
		p.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is computed and cannot be set", name)).
			Related("declared here", a.Pos)
		return nil
	case p.Schema.IsLevel(name):
		p.FollowsNumber(key, "be set").Label("change what the number is made of")
		return nil
	case a.Type == nil:
		return schema.Any
	}
	return a.Type
}

// inlineText reads Liquid that stands in the playbook.
func (p *reader) inlineText(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	sc = p.readerOf(sc)
	p.NoteSite(v, sc, nil)
	wrote, ok := p.Text(v, what)
	if !ok {
		return nil
	}
	if t, is := p.textParam(v); is {
		return p.notHanded(v, t)
	}
	if strings.HasPrefix(wrote, "= ") {
		p.Error("bad-value", v.At(0, 2), fmt.Sprintf("`%s` is Liquid, not an expression", what)).
			Label("write {{ … }} for what varies")
		return nil
	}
	if p.SchemaUnreadable {
		sc = nil
	}
	t, diags := text.ParseTemplate("", wrote, v.At, p.lenient(sc))
	p.Diags = append(p.Diags, diags...)
	if t == nil {
		return nil
	}
	p.keepTemplate("", t)
	p.NoteLabelsOfText(wrote, v.At)
	return &playbooks.Value{Text: t}
}

// lenient returns the scope with anything in place of what is unknown because of another mistake.
func (p *reader) lenient(sc *scope.Scope) *scope.Scope {
	if sc == nil || len(p.unknownNames) == 0 {
		return sc
	}
	out := *sc
	if p.unknownNames["trigger"] {
		out.Trigger = schema.Any
	}
	if p.unknownNames["vars"] {
		out.Vars = schema.Any
	}
	if out.Params != nil {
		params := *out.Params
		params.Fields = slices.Clone(params.Fields)
		for name := range p.unknownNames {
			if param, ok := strings.CutPrefix(name, "params."); ok {
				params.Fields = append(params.Fields, schema.Field{Name: param, Type: schema.Any})
			}
		}
		out.Params = &params
	}
	out.Actions = slices.Clone(sc.Actions)
	for name := range p.unknownNames {
		if id, ok := strings.CutPrefix(name, "actions."); ok {
			out.Actions = append(out.Actions, scope.ActionResult{ID: id, Type: schema.Any})
		}
	}
	return &out
}

// address checks that the channels of a message reach whom it is for, and that each has an address.
func (p *reader) address(v *syntax.Node, step *playbooks.Step) {
	if to := v.Get("to"); to != nil && to.Kind == syntax.MappingNode && step.HandsTo == "" {
		return // it names no object: that is told
	}
	subject := cmp.Or(step.HandsTo, p.Schema.Subject())
	for _, ch := range p.channelsOf(step) {
		spec := p.Registry.Channel(ch.Type)
		if spec == nil || spec.Mute || spec.ReachesAll {
			continue
		}
		attribute, reaches := ch.AddressOf(subject, spec)
		switch {
		case !reaches:
			p.Error("wrong-subject", step.Pos, fmt.Sprintf("the channel `%s` does not reach a %s", ch.Name, subject)).
				Label(fmt.Sprintf("add `reaches: {%s: %s.…}` to the channel", subject, subject)).Related("declared here", ch.Pos)
		case step.HandsTo != "", v.Get("to") != nil, !spec.NeedsTo || ch.Reaches != nil,
			attribute != "" && (p.Schema.Attribute(attribute) != nil || scope.IsBuiltin(subject, attribute)):
		case attribute == "":
			p.Error("missing-key", step.Pos, fmt.Sprintf("a message to the channel `%s` needs an address", ch.Name)).Label("add `to: …`")
		default:
			p.Error("missing-key", step.Pos, fmt.Sprintf("a message to the channel `%s` needs an address", ch.Name)).
				Label(fmt.Sprintf("add `to: …`, or declare the attribute `%s` of member", attribute))
		}
	}
}

// literalInt returns a constant int; false: it is none.
func literalInt(v *playbooks.Value) (int, bool) {
	if v == nil || v.Expr != nil {
		return 0, false
	}
	n, ok := v.Literal.(int)
	return n, ok
}
