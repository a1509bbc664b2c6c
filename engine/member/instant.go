package member

import "time"

// Instant is an instant as a member's document keeps it: milliseconds since 1970 in UTC, as all instants are. 0: none.
type Instant int64

// InstantOf returns an instant; of the zero time none.
func InstantOf(t time.Time) Instant { return Instant(Number(t)) }

// Time returns the instant in UTC; the zero time of none.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// IsZero reports whether there is none.
func (i Instant) IsZero() bool { return i == 0 }
