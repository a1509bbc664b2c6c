package playbooks

import (
	"slices"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Referral says which property of which event names who brought a member.
type Referral struct {
	Event, Property string
	Pos             diag.Pos
}

// Of returns the property of a referral, when the event is the one that has it; else "".
func (r *Referral) Of(event string) string {
	if r == nil || r.Event != event {
		return ""
	}
	return r.Property
}

// NamesMembers reports whether a property or an attribute that is declared is a ref to a member, those of objects among
// them. Where none is, nobody is to be found at intake.
func (s *Schema) NamesMembers() bool {
	if s == nil {
		return false
	}
	s.refsOnce.Do(func() {
		is := func(t *schema.Type) bool { return slices.Contains(t.Refs(), schema.Member) }
		has := func(list []Attribute) bool {
			return slices.ContainsFunc(list, func(a Attribute) bool { return a.Computed == nil && is(a.Type) })
		}
		s.refs = has(s.Attributes) || slices.ContainsFunc(s.Events, func(e EventType) bool { return is(e.Properties) }) ||
			slices.ContainsFunc(s.Objects, func(o ObjectKind) bool { return has(o.Attributes) })
	})
	return s.refs
}
