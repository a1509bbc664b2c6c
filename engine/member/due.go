package member

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// DeferredKeys returns the keys of the messages that were put off, in the order in which they are
// released: by time, then by the turns of their playbooks, then key.
func (m *Member) DeferredKeys(turns func(a, b string) int) []string {
	if m == nil || len(m.Deferred) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m.Deferred))
	for k := range m.Deferred {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		x, y := m.Deferred[a], m.Deferred[b]
		return cmp.Or(x.At.Compare(y.At), turns(x.Playbook, y.Playbook), strings.Compare(a, b))
	})
	return keys
}

// DueAt returns when time will bring something about for the member that is in no run: an end, a
// release, or a re-evaluation; zero: never.
func (m *Member) DueAt() time.Time {
	at := Sooner(m.ReevaluateAt, m.Ends())
	for _, d := range m.Deferred {
		at = Sooner(at, d.At)
	}
	return at
}

// Sooner returns the earlier of two instants, of which either may be none.
func Sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
