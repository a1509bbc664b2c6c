package schema

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
)

// Moment is a day or a time that is written out in a file.
type Moment struct {
	At   time.Time // of a day its first instant
	Day  bool      // a date alone
	Zone bool      // its text has an offset from UTC
}

// Until returns the first instant that is no longer within the moment: a day is meant as a whole, a time includes
// itself, by the millisecond.
func (m Moment) Until() time.Time {
	if !m.Day {
		return m.At.Add(time.Millisecond)
	}
	y, month, d := m.At.Date()
	return WallClock(y, month, d+1, 0, 0, 0, 0, m.At.Location())
}

// MomentError says why a text is no moment.
type MomentError struct {
	Message string
	Hint    string // what to write instead
	Fix     string // the text as it was meant; empty: that cannot be told
}

func (e *MomentError) Error() string { return e.Message }

// momentText matches a date, with a time or not, with an offset or not.
var momentText = regexp.MustCompile(
	`^(\d{4})-(\d{2})-(\d{2})(?:[Tt ]+(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([Zz]|[+-]\d{2}:\d{2})?)?$`)

// MomentPattern is what the text of a moment looks like.
const MomentPattern = `\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}\S*)?`

// ParseMoment reads 2026-11-11, "2026-11-11 10:00" or 2026-11-11T10:00:00+08:00. Without an offset it is local time of
// the zone: one that daylight saving skips is right after the gap, one that it doubles the first. The error is a
// [*MomentError].
func ParseMoment(s string, zone *time.Location) (Moment, error) {
	text := strings.TrimSpace(s)
	m := momentText.FindStringSubmatch(text)
	if m == nil {
		return Moment{}, strangeMoment(text)
	}
	y, month, d := Atoi(m[1]), time.Month(Atoi(m[2])), Atoi(m[3])
	hour, minute, sec := Atoi(m[4]), Atoi(m[5]), Atoi(m[6])
	switch day := time.Date(y, month, d, 0, 0, 0, 0, time.UTC); {
	case month < 1 || month > 12:
		return Moment{}, &MomentError{Message: fmt.Sprintf("there is no month %s", m[2]), Hint: "months go from 01 to 12"}
	case day.Day() != d || d == 0:
		last := time.Date(y, month+1, 0, 0, 0, 0, 0, time.UTC)
		return Moment{}, &MomentError{
			Message: fmt.Sprintf("there is no %s-%s-%s", m[1], m[2], m[3]),
			Hint:    fmt.Sprintf("%s %d has %d days", month, y, last.Day()),
		}
	case hour == 24 && minute == 0:
		next := day.AddDate(0, 0, 1).Format(time.DateOnly) + " 00:00"
		return Moment{}, &MomentError{Message: "a day has no 24:00", Hint: "write \"" + next + "\"", Fix: next}
	case hour > 23 || minute > 59 || sec > 59:
		return Moment{}, &MomentError{
			Message: fmt.Sprintf("there is no time %s:%s", m[4], m[5]), Hint: "hours go from 00 to 23, minutes from 00 to 59",
		}
	}
	out := Moment{Day: m[4] == "", Zone: m[7] != ""}
	if out.Zone {
		at, err := time.Parse("2006-01-02T15:04:05Z07:00", fmt.Sprintf("%s-%s-%sT%s:%s:%02d%s", m[1], m[2], m[3], m[4], m[5], sec,
			strings.ToUpper(m[7])))
		if err != nil {
			return Moment{}, &MomentError{Message: fmt.Sprintf("`%s` is no offset from UTC", m[7]), Hint: "as in +08:00"}
		}
		out.At = at.In(zone)
		return out, nil
	}
	out.At = WallClock(y, month, d, hour, minute, sec, 0, zone)
	return out, nil
}

// strangeMoment says how a date is written that stands in another form.
func strangeMoment(text string) *MomentError {
	e := &MomentError{Message: fmt.Sprintf("`%s` is no date and no time", text), Hint: `as in 2026-11-11 or "2026-11-11 10:00"`}
	date, clock := IsoDateTime(strings.TrimSpace(diag.HalfWidth(HalfWidthColons.Replace(text))))
	if date == "" {
		return e
	}
	if e.Fix = date; strings.ContainsAny(text, ":：") {
		e.Fix += " " + clock
	}
	e.Hint = "write \"" + e.Fix + "\""
	return e
}
