package playbooks

import (
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// A mistake is about something that is declared elsewhere: the name that was meant, the type that
// does not fit. Where that is stands beside the mistake, because the slip may just as well be
// there.

// MemberCoupons is the built-in field of a member that holds the coupons that they were given.
const MemberCoupons = scope.MemberCoupons

// MemberReferralCode is the built-in field of a member that holds what others may call them by.
const MemberReferralCode = scope.MemberReferralCode

// In finds what a section of usher.yaml declares.
func (s *Schema) In(section string) diag.Finder {
	return func(name string) diag.Pos {
		switch {
		case name == "" && section == scope.InMember:
			return s.subjectAt()
		case name == "":
			return s.section(section)
		}
		switch section {
		case scope.InMember:
			if a := s.Attribute(name); a != nil {
				return a.Pos
			}
		case scope.InEvents:
			if e := s.Event(name); e != nil {
				return e.Pos
			}
		case scope.InSegments:
			if g := s.Segment(name); g != nil {
				return g.Pos
			}
		case scope.InChannels:
			if c := s.Channel(name); c != nil {
				return c.Pos
			}
		case scope.InTables:
			if t := s.tableNamed(name); t != nil {
				return t.Pos
			}
		case scope.InRaffles:
			if r := s.Raffle(name); r != nil {
				return r.Pos
			}
		case scope.InObjects:
			if o := s.Object(name); o != nil {
				return o.Pos
			}
		case scope.InCoupons:
			if p := s.Pool(name); p != nil {
				return p.Pos
			}
		}
		return diag.Pos{}
	}
}

// section returns where a section begins, and the file when it has none.
func (s *Schema) section(name string) diag.Pos {
	if at, ok := s.Sections[name]; ok {
		return at
	}
	return s.Sections[""]
}

// AttributeOf finds attributes that are named as member.level.
func (s *Schema) AttributeOf(name string) diag.Pos {
	return s.In(scope.InMember)(strings.TrimPrefix(name, s.Subject()+"."))
}

// DeclaredAt returns where a section declares the name; for "", where the section begins.
func (s *Schema) DeclaredAt(section, name string) diag.Pos { return s.In(section)(name) }

// subjectAt returns where the attributes of the subject are declared.
func (s *Schema) subjectAt() diag.Pos {
	if o := s.Object(s.Kind); o != nil {
		return o.Pos
	}
	return s.section(scope.InMember)
}

// Zone returns the zone of times that are written without one.
func (s *Schema) Zone() *time.Location {
	if s.Timezone == nil {
		return time.UTC
	}
	return s.Timezone
}

// Computed returns the expression of a computed attribute; nil when the attribute is none.
func (s *Schema) Computed(attribute string) *diag.Source {
	if a := s.Attribute(attribute); a != nil {
		return a.Computed
	}
	return nil
}

// AttributeType returns the type of a declared attribute; ok is false when it is not declared.
func (s *Schema) AttributeType(name string) (t *schema.Type, ok bool) {
	if a := s.Attribute(name); a != nil {
		return a.Type, true
	}
	return nil, false
}

// EventNames returns the declared events in the order of their declaration.
func (s *Schema) EventNames() []string {
	return diag.Names(s.Events, func(e *EventType) string { return e.Name })
}

// EventProperties returns the properties of an event: an object, nil when there are none.
func (s *Schema) EventProperties(name string) (t *schema.Type, ok bool) {
	if e := s.Event(name); e != nil {
		return e.Properties, true
	}
	return nil, false
}

// SegmentNames returns the declared segments in the order of their declaration.
func (s *Schema) SegmentNames() []string {
	return diag.Names(s.Segments, func(g *Segment) string { return g.Name })
}

// SegmentSource returns the expression of a segment; nil when it is not declared.
func (s *Schema) SegmentSource(name string) *diag.Source {
	if g := s.Segment(name); g != nil {
		return &g.Source
	}
	return nil
}

// EventRecord returns the type of an event as expressions see it: its properties with id, name and
// time; nil when the event is not declared.
func (s *Schema) EventRecord(name string) *schema.Type {
	e := s.Event(name)
	if e == nil {
		return nil
	}
	t := schema.ObjectOf(schema.Field{Name: "id", Type: schema.String}, schema.Field{Name: "name", Type: schema.String},
		schema.Field{Name: "time", Type: schema.Datetime})
	if e.Properties != nil {
		t.Fields = append(t.Fields, e.Properties.Fields...)
	}
	t.Pos = e.Pos
	return t
}

// MemberRecord returns the type of the subject. Computed attributes are in it without a type: it is
// found when one is used.
func (s *Schema) MemberRecord() *schema.Type {
	s.memberOnce.Do(func() {
		t := &schema.Type{
			Kind: schema.KindObject, Fields: slices.Clone(scope.Builtin(s.Subject())),
			Pos: s.subjectAt(),
		}
		t.Fields = slices.DeleteFunc(t.Fields, func(f schema.Field) bool { return s.Attribute(f.Name) != nil })
		for _, a := range s.Attributes {
			typ := a.Type
			switch {
			case a.Computed != nil || typ == nil:
				typ = nil
			case a.Default == nil:
				typ = typ.AsOptional()
			default:
				typ = typ.Required()
			}
			t.Fields = append(t.Fields, schema.Field{Name: a.Name, Type: typ, Pos: a.Pos})
		}
		s.member = t
	})
	return s.member
}
