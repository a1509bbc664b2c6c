package view

import (
	"strings"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// expiring returns how many points expire within the time that a field names.
func (v *Member) expiring(m *member.Member, field string) any {
	within, err := schema.ParseDuration(strings.TrimPrefix(field, playbooks.ExpiringField))
	if err != nil {
		return 0
	}
	return m.Rarely().Lots.Expiring(v.Now, within.After(v.Now.In(v.Zone)))
}

// PointTimes returns when points come to be among those that expire within a time; where the clocks are moved, an hour
// around that, too.
func (v *Member) PointTimes(within schema.Duration) (out []time.Time) {
	if v.Of == nil || v.Of.Rarely().Lots == nil {
		return nil
	}
	for _, l := range v.Of.Rarely().Lots.List {
		at := within.Before(l.Ends.In(v.Zone))
		out = append(out, at, at.Add(time.Hour), at.Add(-time.Hour), l.Ends)
	}
	return out
}
