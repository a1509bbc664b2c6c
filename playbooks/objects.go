package playbooks

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// ObjectKind is a declared kind of objects: groups, stores, classes. Objects have attributes, a history, segments and
// playbooks of their own, as members have.
type ObjectKind struct {
	Name       string
	Attributes []Attribute
	Segments   []Segment
	Pos        diag.Pos

	schema *Schema // see Schema.Of
}

// Subject returns what expressions call whom they are about: member, or the kind of an object.
func (s *Schema) Subject() string {
	if s.Kind == "" {
		return scope.Member
	}
	return s.Kind
}

// Plural returns what messages call whom the schema is about.
func (s *Schema) Plural() string {
	if s.Kind == "" {
		return "members"
	}
	return "objects of the kind " + s.Kind
}

// Object returns the declared kind of objects with the name, or nil.
func (s *Schema) Object(kind string) *ObjectKind {
	return Find(s.Objects, func(o *ObjectKind) string { return o.Name }, kind)
}

// ObjectNames returns the declared kinds of objects in the order of their declaration.
func (s *Schema) ObjectNames() []string {
	return diag.Names(s.Objects, func(o *ObjectKind) string { return o.Name })
}

// Of returns the schema as what is for a kind of objects sees it: attributes and segments are theirs, events those that
// name one of them, and nobody is asked for consent. Of the empty kind it is the schema, which is about members; of one
// that is not declared, nil.
func (s *Schema) Of(kind string) *Schema {
	if kind == "" {
		return s
	}
	if o := s.Object(kind); o != nil {
		return o.schema
	}
	return nil
}

// OfOthers says of an event, a segment or a kind of objects that usher.yaml declares whose it is, where it is not the
// subject's; ok is false when it declares no such name.
func (s *Schema) OfOthers(section, name string) (m scope.Misplaced, ok bool) {
	all := s.Whole()
	switch section {
	case scope.InEvents:
		e := all.Event(name)
		if e == nil || s.Kind == "" {
			return m, false
		}
		return scope.Misplaced{
			Message: fmt.Sprintf("the event `%s` names no %s", name, s.Kind),
			Label:   fmt.Sprintf("what is for: %s sees events with a property of the type `ref %s`", s.Kind, s.Kind),
			At:      e.Pos,
		}, true
	case scope.InSegments:
		for _, kind := range append([]string{""}, all.ObjectNames()...) {
			of := all.Of(kind)
			if g := of.Segment(name); g != nil && kind != s.Kind {
				return scope.Misplaced{
					Message: fmt.Sprintf("`%s` is a segment of %s", name, of.Plural()),
					Label:   "this is about " + s.Plural(), At: g.Pos,
				}, true
			}
		}
	case scope.InObjects:
		if o := all.Object(name); o != nil && name != s.Kind {
			return scope.Misplaced{
				Message: fmt.Sprintf("no %s is known here: this is about %s", name, s.Plural()),
				Label:   fmt.Sprintf("a playbook or a segment that is about one says `for: %s`", name), At: o.Pos,
			}, true
		}
	}
	return m, false
}

// Whole returns the schema of the workspace that this is a view of: see [Schema.Of].
func (s *Schema) Whole() *Schema {
	if s.whole != nil {
		return s.whole
	}
	return s
}

// Of returns the workspace as what is for a kind of objects sees it, or for the empty kind what is for members: its
// schema is theirs, and so are its playbooks. A kind that is not declared has neither attributes nor playbooks.
func (w *Workspace) Of(kind string) *Workspace {
	if kind == "" && len(w.Schema.Objects) == 0 {
		return w
	}
	of := *w
	if of.Schema = w.Schema.Of(kind); of.Schema == nil {
		s := w.Schema
		of.Schema = &Schema{
			Kind: kind, Timezone: s.Timezone, Locale: s.Locale, Channels: s.Channels, Caps: s.Caps, Quiet: s.Quiet, whole: s,
		}
	}
	of.Playbooks = slices.DeleteFunc(slices.Clone(w.Playbooks), func(p *Playbook) bool { return p.For != kind })
	return &of
}

// SetObjects puts the declared kinds of objects into the schema, once all else in it is declared.
func (s *Schema) SetObjects(kinds []ObjectKind) {
	s.Objects = kinds
	for i := range s.Objects {
		o := &s.Objects[i]
		o.schema = &Schema{
			Kind: o.Name, Timezone: s.Timezone, Locale: s.Locale, Attributes: o.Attributes, Segments: o.Segments,
			Events: s.eventsOf(o.Name), Channels: s.Channels, Pools: s.Pools, Tables: s.Tables, Caps: s.Caps, Quiet: s.Quiet,
			Sections: s.Sections, Objects: s.Objects, whole: s,
		}
	}
}

// eventsOf returns the events that name an object of the kind, as it sees them: beside their own properties they have
// `member`, who took part.
func (s *Schema) eventsOf(kind string) (list []EventType) {
	for _, e := range s.Events {
		if !slices.Contains(e.Kinds, kind) {
			continue
		}
		t := *e.Properties
		who := schema.Field{Name: scope.Member, Type: schema.RefTo(scope.Member).AsOptional()}
		t.Fields = append(slices.Clone(t.Fields), who)
		e.Properties = &t
		list = append(list, e)
	}
	return list
}

// EachObject calls each for every object that an event names by its properties, as often as it names it.
func (e *EventType) EachObject(properties map[string]any, each func(kind, id string)) {
	if e == nil || len(e.Kinds) == 0 {
		return
	}
	e.Properties.EachRef(properties, func(kind, id string) {
		if kind != scope.Member {
			each(kind, id)
		}
	})
}

// AddressOf returns the attribute of a subject, as expressions call it, that holds the address of messages over the
// channel, "" when they need none; and whether the channel reaches such a subject.
func (ch *Channel) AddressOf(subject string, spec *schema.ChannelSpec) (attribute string, reaches bool) {
	switch {
	case spec.ReachesAll:
		return "", true
	case ch.Reaches != nil:
		attribute, reaches = ch.Reaches[subject]
		return attribute, reaches
	case subject != scope.Member:
		return "", false
	case spec.NeedsTo:
		return spec.Address, true
	}
	return "", true
}
