// Package view is what expressions see of what the engine keeps, typed by a schema, and how that is kept
// again. Pure.
package view

import (
	"strings"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Types is what a schema says of what is stored: the member's attributes and the properties of
// events.
type Types struct {
	Schema     *playbooks.Schema
	attributes map[string]*attribute // the stored ones
}

// TypesOf returns what a schema says of what is stored.
func TypesOf(s *playbooks.Schema) *Types {
	return &Types{Schema: s, attributes: attributesOf(s)}
}

// Member is a member as expressions in a time zone see them. A stored value that does not fit the schema
// counts as missing.
type Member struct {
	Of    *member.Member // nil: nobody yet
	Zone  *time.Location
	Now   time.Time // as of when coupons are shown
	Types *Types
	Keys  *naming.Keys // of the codes of members
}

// Field returns a built-in field, or a stored attribute.
func (v *Member) Field(name string) any {
	m, zone := v.Of, v.Zone
	if m == nil {
		m = new(member.Member)
	}
	switch name {
	case "id":
		return naming.OutsideID(m.ID)
	case "tags":
		tags := make([]any, len(m.Tags))
		for i, t := range m.Tags {
			tags[i] = t
		}
		return tags
	case "points":
		if v.Types.Schema.Kind == "" { // an object may declare what is called so
			return m.Points
		}
	case "created_at":
		return m.CreatedAt.In(zone)
	case "last_seen_at":
		if m.LastSeenAt.IsZero() {
			return m.CreatedAt.In(zone)
		}
		return m.LastSeenAt.In(zone)
	case "timezone", "locale":
		return m.Attributes[name]
	}
	a := v.Types.attributes[name]
	switch {
	case a == nil && name == playbooks.MemberCoupons:
		return v.coupons(m)
	case a == nil && name == playbooks.MemberReferralCode && v.Types.Schema.Kind == "":
		return v.Keys.ReferralCode(m.ID)
	case a == nil && strings.HasPrefix(name, playbooks.ExpiringField):
		return v.expiring(m, name)
	case a == nil:
		return nil
	}
	if raw, has := m.Attributes[name]; has {
		if value, err := a.optional.Coerce(raw); value != nil && err == nil {
			return schema.Localize(a.Type, value, zone)
		}
	}
	return a.fallback(zone)
}

// Code returns the member's referral code; false: an object has none, and nor has a member where the workspace has an
// attribute of that name.
func (v *Member) Code() (code string, has bool) {
	s := v.Types.Schema
	if s.Kind != "" || v.Of == nil || s.Attribute(playbooks.MemberReferralCode) != nil {
		return "", false
	}
	return v.Keys.ReferralCode(v.Of.ID), true
}

// All is not asked for: no expression reads all of a member.
func (v *Member) All() map[string]any { return nil }

// attribute is a stored attribute with what is needed of it at every decision.
type attribute struct {
	*playbooks.Attribute
	optional *schema.Type
}

// fallback returns the default, in a time zone.
func (a *attribute) fallback(zone *time.Location) any {
	if _, isTime := a.Default.(time.Time); isTime {
		return schema.Localize(a.Type, a.Default, zone)
	}
	return a.Default
}

func attributesOf(s *playbooks.Schema) map[string]*attribute {
	out := map[string]*attribute{}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed == nil && a.Type != nil {
			out[a.Name] = &attribute{Attribute: a, optional: a.Type.AsOptional()}
		}
	}
	return out
}
