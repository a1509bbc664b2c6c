package view

import (
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Date is a date of members that starts a playbook, as a schema declares it.
type Date struct {
	*playbooks.DateTrigger
	Schema *playbooks.Schema
}

// Next returns when the member's date comes for the first time after an instant, in UTC, and which
// one it is; zero when it does not. The one that has been does not come again.
func (t Date) Next(
	m *member.Member, zone *time.Location, after time.Time, been string,
) (at time.Time, which string) {
	var value any
	switch t.Attribute {
	case "created_at":
		value = m.CreatedAt
	case "last_seen_at":
		value = m.LastSeenAt
	default:
		raw, has := m.Attributes[t.Attribute]
		value, _ = t.Type.AsOptional().Coerce(raw) // one that is no date any more counts as missing
		if a := t.Schema.Attribute(t.Attribute); !has && a != nil {
			value = a.Default
		}
	}
	local, ok := schema.Localize(t.Type, value, zone).(time.Time)
	if !ok || local.IsZero() {
		return time.Time{}, ""
	}
	at, which = t.DateTrigger.Next(local, after, been)
	return at.UTC().Truncate(time.Millisecond), which
}

// longestMove is the most by which a date comes sooner or later for a member who moves: zones lie
// 26 hours apart.
const longestMove = 26 * time.Hour

// Passed returns the date that was to come and is over all the same, because the member has moved
// east over it. It comes at once: else there would be none this year. A date that was set anew to a
// day that is over does not come.
func (t Date) Passed(
	m *member.Member, was member.DateMark, from, zone *time.Location, at time.Time,
) (time.Time, string) {
	if from == nil || from.String() == zone.String() || !was.At.After(at) {
		return time.Time{}, ""
	}
	same, which := t.Next(m, from, was.At.Add(-time.Millisecond), was.Been)
	if !same.Equal(was.At) {
		return time.Time{}, ""
	}
	over, now := t.Next(m, zone, was.At.Add(-longestMove-time.Millisecond), was.Been)
	if now != which || over.After(at) {
		return time.Time{}, ""
	}
	return over, which
}
