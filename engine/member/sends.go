package member

import (
	"slices"
	"time"
)

// UncountSend takes a send out of those that frequency caps count, and reports whether it was among them. Of nobody
// none is.
func (m *Member) UncountSend(channel string, at time.Time) bool {
	if m == nil {
		return false
	}
	i := slices.IndexFunc(m.Sends, func(s Send) bool { return s.Channel == channel && s.At.Equal(at) })
	if i < 0 {
		return false
	}
	m.Sends = slices.Delete(m.Sends, i, i+1)
	return true
}
