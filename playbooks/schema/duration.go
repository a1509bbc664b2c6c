package schema

import (
	"fmt"
	"strconv"
	"time"
)

// Duration is a constant duration of the language. Days are local calendar days (the same wall
// clock so many days later), Elapsed is elapsed time. Either may be zero; never both non-zero.
type Duration struct {
	Days    int
	Elapsed time.Duration

	Written string // in a playbook; empty: nobody wrote it
}

// MaxDays bounds what may be written: ten years, beyond which a wait is a mistake.
const MaxDays = 3660

// ParseDuration reads `30s 15m 4h 2d 1w`. `-3d` is allowed where the caller allows negative
// offsets. The error says what to write instead.
func ParseDuration(s string) (Duration, error) {
	bad := fmt.Errorf("a duration is a whole number and one of s, m, h, d, w, as in 30s, 15m, 4h, 2d, 1w")
	if len(s) < 2 {
		return Duration{}, bad
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || s[0] == '+' {
		return Duration{}, bad
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour}
	switch u := s[len(s)-1]; u {
	case 'w', 'd':
		if u == 'w' {
			n *= 7
		}
		if n > MaxDays || n < -MaxDays {
			return Duration{}, fmt.Errorf("a duration is at most %dd", MaxDays)
		}
		return Duration{Days: n}, nil
	case 's', 'm', 'h':
		if limit := int(MaxDays * 24 * time.Hour / units[u]); n > limit || n < -limit {
			return Duration{}, fmt.Errorf("a duration is at most %dd", MaxDays)
		}
		return Duration{Elapsed: time.Duration(n) * units[u]}, nil
	}
	return Duration{}, bad
}

// IsZero reports whether nothing is added.
func (d Duration) IsZero() bool { return d.Days == 0 && d.Elapsed == 0 }

// After returns t plus d; calendar days are counted in t's location.
func (d Duration) After(t time.Time) time.Time { return AddDays(t, d.Days).Add(d.Elapsed) }

// Before returns t minus d; calendar days are counted in t's location.
func (d Duration) Before(t time.Time) time.Time { return AddDays(t, -d.Days).Add(-d.Elapsed) }

// Longest returns an upper bound of d as elapsed time, for comparing durations: a calendar day
// counts as 25 hours at most once.
func (d Duration) Longest() time.Duration {
	if d.Days == 0 {
		return d.Elapsed
	}
	return time.Duration(d.Days)*24*time.Hour + 2*time.Hour
}

// Shortest returns a lower bound of d as elapsed time: calendar days may be two hours short in all,
// and where the date line was moved one was left out (Samoa, 2011).
func (d Duration) Shortest() time.Duration {
	if d.Days == 0 {
		return d.Elapsed
	}
	return max(time.Duration(d.Days)*24*time.Hour-26*time.Hour, 0)
}

// String returns the duration as it was written, else in the largest unit that it is a whole number
// of.
func (d Duration) String() string {
	if d.Written != "" {
		return d.Written
	}
	switch e := d.Elapsed; {
	case d.Days != 0 && d.Days%7 == 0:
		return fmt.Sprintf("%dw", d.Days/7)
	case d.Days != 0:
		return fmt.Sprintf("%dd", d.Days)
	case e%time.Hour == 0 && e != 0:
		return fmt.Sprintf("%dh", e/time.Hour)
	case e%time.Minute == 0 && e != 0:
		return fmt.Sprintf("%dm", e/time.Minute)
	default:
		return fmt.Sprintf("%ds", e/time.Second)
	}
}

// AddDays moves t by n local calendar days: the same wall clock in t's location. A wall clock that
// daylight saving skips moves to right after the gap; one that it doubles is taken the first time.
func AddDays(t time.Time, n int) time.Time {
	if n == 0 {
		return t
	}
	y, m, d := t.Date()
	return WallClock(y, m, d+n, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}

// WallClock returns the instant at which the local clock of loc shows the given time: right after
// the gap when daylight saving skips it, the first of the two when daylight saving doubles it. Day
// and month may overflow as in [time.Date].
func WallClock(year int, month time.Month, day, hour, minute, sec, nsec int, loc *time.Location) time.Time {
	t := time.Date(year, month, day, hour, minute, sec, nsec, loc)
	want := time.Date(year, month, day, hour, minute, sec, nsec, time.UTC)
	if shown := ShownAs(t); !shown.Equal(want) {
		// In a gap: the zone changes at one instant near t; it is the first that shows a later clock.
		return gapEnd(t)
	}
	// Doubled: an earlier instant may show the same clock.
	start, _ := t.ZoneBounds()
	if !start.IsZero() {
		_, after := t.Zone()
		_, before := start.Add(-time.Nanosecond).Zone()
		if earlier := t.Add(time.Duration(after-before) * time.Second); before > after && earlier.Before(start) {
			return earlier
		}
	}
	return t
}

// ShownAs returns the wall clock of t as if it were UTC.
func ShownAs(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// gapEnd returns the zone change nearest to t, which lies within the size of the gap from it.
func gapEnd(t time.Time) time.Time {
	start, end := t.ZoneBounds()
	if end.IsZero() || !start.IsZero() && t.Sub(start) < end.Sub(t) {
		return start
	}
	return end
}

// NextClock returns the first instant strictly after t at which the wall clock shows so many
// minutes since midnight, in t's location. A time that daylight saving skips comes right after the
// gap, one that it doubles the first time only.
func NextClock(t time.Time, minutes int) time.Time {
	y, m, d := t.Date()
	for day := d - 1; ; day++ { // yesterday's may have been moved behind a gap at midnight
		if at := WallClock(y, m, day, minutes/60, minutes%60, 0, 0, t.Location()); at.After(t) {
			return at
		}
	}
}
