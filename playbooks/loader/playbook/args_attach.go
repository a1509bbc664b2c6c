package playbook

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// attachments reads what hangs on a message. Whether the channel can send it is judged by sendable.
func (p *reader) attachments(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	if v.Kind != syntax.SequenceNode {
		p.WrongType(v, "`"+what+"` must be a list").Label("as in [{image: \"https://shop.test/new.png\"}]")
		return nil
	}
	out := &playbooks.Value{List: []*playbooks.Value{}}
	if len(v.Items) == 0 {
		p.Error("bad-value", v.Pos(), "`"+what+"` lists nothing").Label("leave it out, or name what hangs on the message")
	}
	for _, item := range v.Items {
		if val := p.attachment(item, sc); val != nil {
			out.List = append(out.List, val)
		}
	}
	return out
}

// attachment reads {kind: …}.
func (p *reader) attachment(v *syntax.Node, sc *scope.Scope) *playbooks.Value {
	kinds := schema.AttachmentKinds()
	if v.Kind != syntax.MappingNode {
		p.WrongType(v, "an attachment must be a mapping").Label("one of {" + strings.Join(kinds, ": …}, {") + ": …}")
		return nil
	}
	if !p.Mapping(v, "an attachment", kinds...) {
		return nil
	}
	if len(v.Entries) != 1 {
		if len(v.Entries) > 1 {
			p.Error("exclusive-keys", v.Entries[1].Key.Pos(), "an attachment is one thing").Label("put it in an item of its own").
				Related("first here", v.Entries[0].Key.Pos())
		} else if !v.Broken {
			p.Error("missing-key", v.Pos(), "an attachment needs one of "+diag.OneOf(kinds))
		}
		return nil
	}
	e := v.Entries[0]
	spec := schema.Attachment(e.Key.Value)
	if spec == nil || e.Value.Broken {
		return nil
	}
	out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	if len(spec.Fields) == 0 {
		if val := p.webAddress(e.Value, spec.Kind, sc); val != nil {
			out.Put(spec.Kind, val)
		}
		return out
	}
	names := make([]string, len(spec.Fields))
	for i, f := range spec.Fields {
		names[i] = f.Name
	}
	if e.Value.Kind != syntax.MappingNode {
		p.WrongType(e.Value, "`"+spec.Kind+"` must be a mapping").Label("as in {" + strings.Join(names, ": …, ") + ": …}")
		return nil
	}
	p.Mapping(e.Value, "`"+spec.Kind+"`", names...)
	fields := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	for _, f := range spec.Fields {
		field := p.Require(e.Value, "`"+spec.Kind+"`", f.Name, f.Name+": …")
		if field == nil {
			continue
		}
		read := p.liquid
		if f.Kind == schema.FieldURL {
			read = p.webAddress
		}
		if val := read(field, f.Name, sc); val != nil {
			fields.Put(f.Name, val)
		}
	}
	out.Put(spec.Kind, fields)
	return out
}

// liquid reads a text in Liquid, or an expression of one when it begins with `= `.
func (p *reader) liquid(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	if v.Kind == syntax.ScalarNode && v.Tag == "str" && strings.HasPrefix(v.Value, "= ") {
		if p.notEvaluated(v, what) {
			return nil
		}
		return p.value(v, schema.String, what, sc)
	}
	return p.inlineText(v, what, sc)
}

// webAddress reads an address in Liquid, or an expression of one.
func (p *reader) webAddress(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	val := p.liquid(v, what, sc)
	if val == nil || val.Text == nil {
		return val
	}
	fixed, _, varies := strings.Cut(val.Text.Text, "{")
	web := strings.HasPrefix(fixed, "https://") || strings.HasPrefix(fixed, "http://")
	switch {
	case varies && (fixed == "" || web):
	case !schema.IsWebAddress(fixed):
		p.Error("bad-value", v.Pos(), "`"+what+"` begins with https:// or http:// and a host").
			Label("as in https://shop.test/new.png")
		return nil
	}
	return val
}

// data reads the fields of a message beside its text, by what the type of its channel declares.
// Where the channel is not known they may be anything.
func (p *reader) data(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) *playbooks.Value {
	t := schema.Any
	for _, ch := range p.channelsOf(step) {
		spec := p.Registry.Channel(ch.Type)
		switch {
		case spec == nil || spec.AnyData:
		case spec.Data == nil:
			p.Error("cannot-send", v.Key("data").Pos(), fmt.Sprintf("a message over the channel `%s` has no data", ch.Name)).
				Label("leave `data` out").Related("declared here", ch.Pos)
			return nil
		default:
			t = spec.Data
		}
	}
	field := v.Get("data")
	if field.Kind != syntax.MappingNode {
		p.WrongType(field, "`data` must be a mapping").Label("as in {order: = trigger.order_id}")
		return nil
	}
	return p.inLiquid(field, t, "data", sc)
}

// inLiquid reads a value of a type, in which every text is Liquid unless it is an expression.
func (p *reader) inLiquid(v *syntax.Node, t *schema.Type, what string, sc *scope.Scope) *playbooks.Value {
	isText := t.Kind == schema.KindAny || t.Kind == schema.KindString && len(t.Enum) == 0
	expr := strings.HasPrefix(v.Value, "= ")
	switch {
	case v.Broken:
		return nil
	case v.Kind == syntax.MappingNode && (t.Kind == schema.KindObject || t.Kind == schema.KindAny):
		out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
		slip := false
		for _, e := range v.Entries {
			ft, known := schema.Any, true
			if t.Kind == schema.KindObject {
				ft, known = t.Field(e.Key.Value)
			}
			if !known {
				p.Unknown("unknown-field", e.Key, what+" has no field", e.Key.Value, t.FieldNames(), t.Find)
				slip = true // it may be the one that is missing
				continue
			}
			if val := p.inLiquid(e.Value, ft, what+"."+e.Key.Value, sc); val != nil {
				out.Put(e.Key.Value, val)
			}
		}
		for _, f := range t.Fields {
			if v.Get(f.Name) == nil && !f.Type.Optional && !slip {
				p.Error("missing-key", v.Pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).
					Label("add `" + f.Name + ": …`")
			}
		}
		return out
	case v.Kind == syntax.SequenceNode && (t.Kind == schema.KindList || t.Kind == schema.KindAny):
		elem := schema.Any
		if t.Kind == schema.KindList {
			elem = t.Elem
		}
		out := &playbooks.Value{List: []*playbooks.Value{}}
		for i, item := range v.Items {
			if val := p.inLiquid(item, elem, fmt.Sprintf("%s[%d]", what, i), sc); val != nil {
				out.List = append(out.List, val)
			}
		}
		return out
	case isText && v.Kind == syntax.ScalarNode && v.Tag == "str" && !expr:
		return p.inlineText(v, what, sc)
	}
	if expr && p.notEvaluated(v, what) {
		return nil
	}
	return p.value(v, t, what, sc)
}

// sendable reports what the channel of a message cannot send.
func (p *reader) sendable(v *syntax.Node, step *playbooks.Step) {
	list := v.Get("attach")
	if list == nil || step.Args["attach"] == nil {
		return
	}
	for _, ch := range p.channelsOf(step) {
		spec, count := p.Registry.Channel(ch.Type), map[string]int{}
		if spec != nil && spec.DataOrAttach && v.Get("data") != nil {
			p.Error("cannot-send", v.Key("data").Pos(), fmt.Sprintf("the channel `%s` sends attachments or data, not both", ch.Name)).
				Related("the attachments are here", v.Key("attach").Pos())
		}
		for _, item := range list.Items {
			if spec == nil || len(item.Entries) != 1 || schema.Attachment(item.Entries[0].Key.Value) == nil {
				continue
			}
			key := item.Entries[0].Key
			count[key.Value]++
			switch most := spec.Attaches(key.Value); {
			case most == 0:
				can := make([]string, len(spec.Attach))
				for i, a := range spec.Attach {
					can[i] = a.Kind
				}
				r := p.Error("cannot-send", key.Pos(), fmt.Sprintf("the channel `%s` cannot send `%s`", ch.Name, key.Value)).
					Related("declared here", ch.Pos)
				if len(can) > 0 {
					r.Label("it can send " + diag.OneOf(can))
				} else {
					r.Label("a channel of type " + ch.Type + " sends text alone")
				}
			case count[key.Value] == most+1:
				p.Error("cannot-send", key.Pos(), fmt.Sprintf("the channel `%s` sends at most %d of `%s` with a message", ch.Name,
					most, key.Value)).Related("declared here", ch.Pos)
			}
		}
	}
}

// channelsOf returns the channels that a message may go over, as far as they are known.
func (p *reader) channelsOf(step *playbooks.Step) []*playbooks.Channel {
	if p.SchemaUnreadable {
		return nil
	}
	var out []*playbooks.Channel
	for _, name := range step.Args["channel"].Names() {
		if ch := p.Schema.Channel(name); ch != nil {
			out = append(out, ch)
		}
	}
	return out
}
