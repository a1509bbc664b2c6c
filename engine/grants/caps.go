package grants

import (
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks"
)

// Capped reports whether one more message to a member on a channel that goes out now, in the member's zone, would go
// over a frequency cap.
func Capped(caps []playbooks.FrequencyCap, m *member.Member, channel string, now time.Time) bool {
	for i := range caps {
		f := &caps[i]
		if !f.Counts(channel) {
			continue
		}
		since, n := f.Per.Before(now), 0
		for _, s := range m.Sends {
			if s.At.After(since) && f.Counts(s.Channel) {
				n++
			}
		}
		if n >= f.Max {
			return true
		}
	}
	return false
}

// CountSend remembers a message to a member that goes out now, for as long as a frequency cap can see it, and
// forgets what none can see any more. It reports whether that changed the member.
func CountSend(caps []playbooks.FrequencyCap, m *member.Member, channel string, now time.Time) (changed bool) {
	counts := func(s member.Send) bool {
		for i := range caps {
			if f := &caps[i]; f.Counts(s.Channel) && now.Sub(s.At) <= f.Per.Longest() {
				return true
			}
		}
		return false
	}
	s, known := member.Send{Channel: channel, At: now}, len(m.Sends)
	m.Sends = slices.DeleteFunc(m.Sends, func(s member.Send) bool { return !counts(s) })
	changed = len(m.Sends) < known
	if counts(s) {
		m.Sends = append(m.Sends, s)
		changed = true
	}
	return changed
}

// Consents reports whether promotional messages may go to a member: the attribute that says so holds, or by default.
func Consents(s *playbooks.Schema, m *member.Member) bool {
	if s.Consent == "" {
		return true
	}
	v, has := m.Attributes[s.Consent]
	if !has {
		if a := s.Attribute(s.Consent); a != nil {
			v = a.Default
		}
	}
	agreed, _ := v.(bool)
	return agreed
}
