package intake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Find returns the member whom a text names, by their id as it is kept or else by their referral code; false: it names
// nobody who was seen.
type Find func(name string) (engine.Found, bool, error)

// Resolve puts the ids of members where an event or an update names them, by its declaration, and keeps with it what
// stood there and why something is missing. One that names nobody is missing where it may be; else the input is
// rejected. The property that `referral` names is missing, too, when it is no referral.
//
// Where the workspace declares no such ref, it does nothing.
func Resolve(s *playbooks.Schema, in *engine.Input, find Find) (*strictjson.Rejection, error) {
	if !s.NamesMembers() {
		return nil, nil
	}
	p := in.Payload
	if p == nil {
		var err error
		if p, err = (&engine.Input{Data: in.Data}).Decode(); err != nil {
			return nil, fmt.Errorf("read input %s: %w", in.ID, err)
		}
	}
	r := resolver{schema: s, find: find, subject: in.Member, sent: map[string]any{}, missing: map[string]any{}}
	if e := s.Event(in.Name); e != nil && in.Kind == engine.InputEvent {
		r.fields(propertiesAt, e.Properties, p.Properties)
		r.referral(s.Referral.Of(in.Name), in, p)
	}
	r.attributes(s, in.Member, p.Attributes)
	if r.err != nil || r.found != nil || len(r.sent) == 0 {
		return r.found, r.err
	}
	return nil, r.write(in, p)
}

// ResolveParams returns the params of a trigger with the ids of the members that they name.
func ResolveParams(s *playbooks.Schema, params *schema.Type, values map[string]any, find Find) (map[string]any,
	*strictjson.Rejection, error,
) {
	if !slices.Contains(params.Refs(), schema.Member) {
		return values, nil, nil
	}
	r := resolver{schema: s, find: find, sent: map[string]any{}, missing: map[string]any{}}
	r.fields("params", params, values)
	return r.changed("params", values), r.found, r.err
}

// Where refs stand in an input.
const (
	propertiesAt = "properties"
	attributesAt = "attributes"
)

// resolver looks up the refs of one input.
type resolver struct {
	schema        *playbooks.Schema
	find          Find
	subject       string // whose the input is: they are known by it
	found         *strictjson.Rejection
	err           error
	sent, missing map[string]any // by path: what stood there, and why nothing does any more
	fresh         []change
	who           map[string]engine.Found // whom properties name
}

// change is a value that stands in the place of another; nil: nothing does.
type change struct {
	in, name string
	value    any
}

// fields looks up the refs of an object.
func (r *resolver) fields(in string, t *schema.Type, values map[string]any) {
	if t == nil {
		return
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if v := values[f.Name]; v != nil && slices.Contains(f.Type.Refs(), schema.Member) {
			r.put(in, f.Name, v, r.value(strictjson.Join(in, f.Name), f.Type, v))
		}
	}
}

// attributes looks up the refs of attributes that are written, of a member or an object.
func (r *resolver) attributes(s *playbooks.Schema, subject string, values map[string]any) {
	if len(values) == 0 {
		return
	}
	kind, _, _ := naming.CutObject(subject)
	if s = s.Of(kind); s == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		a := s.Attribute(name)
		if a == nil || a.Computed != nil || values[name] == nil || !slices.Contains(a.Type.Refs(), schema.Member) {
			continue
		}
		r.put(attributesAt, name, values[name], r.value(strictjson.Join(attributesAt, name), a.Type, values[name]))
	}
}

// put notes what a value becomes.
func (r *resolver) put(in, name string, was, is any) {
	if path := strictjson.Join(in, name); !equal(was, is) && r.sent[path] == nil {
		r.sent[path] = was
		r.fresh = append(r.fresh, change{in, name, is})
	}
}

// value returns a value with ids in the place of what names members.
func (r *resolver) value(path string, t *schema.Type, v any) any {
	switch v := v.(type) {
	case string:
		if t != nil && t.Ref == schema.Member {
			return r.member(path, t, v)
		}
	case []any:
		if t != nil && t.Kind == schema.KindList {
			out := make([]any, len(v))
			for i, item := range v {
				out[i] = r.value(fmt.Sprintf("%s[%d]", path, i), t.Elem, item)
			}
			return out
		}
	case map[string]any:
		if t != nil && t.Kind == schema.KindObject {
			out := maps.Clone(v)
			for i := range t.Fields {
				name := t.Fields[i].Name
				if item := v[name]; item == nil {
				} else if out[name] = r.value(strictjson.Join(path, name), t.Fields[i].Type, item); out[name] == nil {
					delete(out, name)
				}
			}
			return out
		}
	}
	return v
}

// member returns the id of the member whom a text names; nil: it names nobody, and may be missing.
func (r *resolver) member(path string, t *schema.Type, name string) any {
	id := r.schema.MemberID(name)
	who, ok, err := r.find(id)
	if !ok && err == nil && id == r.subject && !naming.IsObject(id) {
		who, ok = engine.Found{ID: id}, true
	}
	if !ok && err == nil && id != name { // a code is not written as ids are
		who, ok, err = r.find(name)
	}
	switch {
	case err != nil:
		r.err = err
	case ok:
		if r.who == nil {
			r.who = map[string]engine.Found{}
		}
		r.who[path] = who
		return who.ID
	case t.Optional:
		r.missing[path] = input.MissingUnknown
	default:
		r.found = r.found.And(&strictjson.Rejection{
			Code: strictjson.CodeInvalid, Path: path,
			Message: fmt.Sprintf("%q is neither the id of a member who was seen, nor a referral code", strictjson.Cut(name)),
		})
	}
	return nil
}

// referral takes away who is named by the property of a referral and cannot be who brought the member.
func (r *resolver) referral(property string, in *engine.Input, p *engine.Payload) {
	path := strictjson.Join(propertiesAt, property)
	by, named := r.who[path]
	if property == "" || !named || r.err != nil || naming.IsObject(in.Member) {
		return
	}
	why := ""
	if by.ID == in.Member {
		why = input.MissingOneself
	} else {
		since, known, err := r.since(in, p)
		if r.err = err; err != nil {
			return
		}
		if known && by.CreatedAt.After(since) {
			why = input.MissingYounger
		}
	}
	if why != "" {
		r.missing[path] = why
		r.fresh = slices.DeleteFunc(r.fresh, func(c change) bool { return c.in == propertiesAt && c.name == property })
		r.sent[path] = p.Properties[property]
		r.fresh = append(r.fresh, change{propertiesAt, property, nil})
	}
}

// since returns since when the member of an event has been there; false: since this event.
func (r *resolver) since(in *engine.Input, p *engine.Payload) (at time.Time, known bool, err error) {
	who, known, err := r.find(in.Member)
	if known = known && who.ID == in.Member; known { // else it was a code
		at = who.CreatedAt
	}
	if p.Backfill && !in.Time.IsZero() && (!known || in.Time.Before(at)) {
		at, known = in.Time, true
	}
	return at, known, err
}

// changed returns values with what stands in the place of some.
func (r *resolver) changed(in string, values map[string]any) map[string]any {
	if !slices.ContainsFunc(r.fresh, func(c change) bool { return c.in == in }) {
		return values
	}
	out := maps.Clone(values)
	for _, c := range r.fresh {
		if c.in != in {
			continue
		}
		if out[c.name] = c.value; c.value == nil {
			delete(out, c.name)
		}
	}
	return out
}

// write puts what was found into the input.
func (r *resolver) write(in *engine.Input, p *engine.Payload) error {
	if in.Payload != nil { // it may be another's, too
		c := *p
		c.Properties, c.Attributes = r.changed(propertiesAt, p.Properties), r.changed(attributesAt, p.Attributes)
		c.Sent, c.Missing = r.sent, r.missing
		in.Payload = &c
		return nil
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(in.Data, &doc); err != nil {
		return err
	}
	for key, at := range map[string]string{"p": propertiesAt, "a": attributesAt} {
		if err := r.rewrite(doc, key, at); err != nil {
			return err
		}
	}
	var err error
	if doc["s"], err = json.Marshal(r.sent); err != nil {
		return err
	}
	if len(r.missing) > 0 {
		if doc["m"], err = json.Marshal(r.missing); err != nil {
			return err
		}
	}
	in.Data, err = json.Marshal(doc)
	return err
}

// rewrite changes values of a document, and leaves all others as they were written.
func (r *resolver) rewrite(doc map[string]json.RawMessage, key, at string) error {
	var values map[string]json.RawMessage
	if doc[key] == nil {
		return nil
	}
	if err := json.Unmarshal(doc[key], &values); err != nil {
		return err
	}
	for _, c := range r.fresh {
		if c.in != at {
			continue
		}
		if c.value == nil {
			delete(values, c.name)
			continue
		}
		raw, err := json.Marshal(c.value)
		if err != nil {
			return err
		}
		values[c.name] = raw
	}
	var err error
	if doc[key], err = json.Marshal(values); len(values) == 0 {
		delete(doc, key)
	}
	return err
}

// equal reports whether two values that refs stand in are the same.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	return a == b
}
