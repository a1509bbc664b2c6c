package eventfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
)

// ReadTime reads a time as exports write it. One that names no offset is the wall clock of the
// zone; what daylight saving does to a wall clock is as the language has it: see
// [playbooks.WallClock]. These are read:
//
//	2026-03-02T10:00:00+08:00   and with a space, an offset of four digits, a fraction, Z or UTC
//	2026-03-02 10:00            also 2026/3/2, 2026.3.2, 2026年3月2日, with 10:00, 10:00:00, 10时00分, 下午 3:00 or 3:00 PM
//	2026-03-02                  the beginning of the day
//	20260302, 20260302100000    eight, twelve or fourteen digits
//	1772416800, 1772416800000   seconds and milliseconds since 1970: ten and thirteen digits
//
// Day or month first, two digits of a year, names of zones and the numbers that spreadsheets keep
// for dates are refused.
func ReadTime(text string, zone *time.Location) (time.Time, error) {
	t, _, err := readTime(text, zone)
	return t, err
}

// readTime also reports whether the text is a date alone.
func readTime(text string, zone *time.Location) (t time.Time, dateOnly bool, err error) {
	s := strings.ToUpper(strings.TrimSpace(narrow(text)))
	if t, ok := sinceEpoch(s); ok {
		return t, false, nil
	}
	m := stamp.FindStringSubmatch(s)
	if m == nil {
		m = compact.FindStringSubmatch(s)
	}
	if m == nil {
		return t, false, timeError(text, s)
	}
	p, err := partsOf(m)
	if err != nil {
		return t, false, fmt.Errorf("%q is no time: %w", short(text), err)
	}
	if zone == nil && p.offset == nil {
		return t, false, fmt.Errorf("%q names no offset: say which zone it is of with --timezone", short(text))
	}
	at, dateOnly := p.in(zone)
	return at.Truncate(time.Millisecond).UTC(), dateOnly, nil
}

const (
	clockPattern = `(?: *(上午|下午|AM|PM)? *(\d{1,2})(?::|时|點|点)(?:(\d{1,2})(?:(?::|分)(?:(\d{1,2})(?:[.,](\d{1,9}))?秒?)?)?)? *(AM|PM)?)?`
	zonePattern  = ` *(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?`
)

// stamp and compact have the same groups: year, month, day, half of the day, hour, minute, second,
// fraction, half, offset.
var (
	stamp = regexp.MustCompile(`^(\d{4})(?:-|/|\.|年) ?(\d{1,2})(?:-|/|\.|月) ?(\d{1,2})日?(?:T|,)?` + clockPattern +
		zonePattern + `$`)

	compact = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})()(?:T?(\d{2})(\d{2})(?:(\d{2})(?:\.(\d{1,9}))?)?)?()` +
		zonePattern + `$`)
)

// What is refused with its reason.
var (
	yearLast   = regexp.MustCompile(`^\d{1,2}([-/.])\d{1,2}[-/.]\d{4}\b`)
	yearShort  = regexp.MustCompile(`^\d{2}[-/.]\d{1,2}[-/.]\d{1,2}\b`)
	serial     = regexp.MustCompile(`^\d{5}(\.\d+)?$`)
	zoneByName = regexp.MustCompile(`\d ?([A-Z]{3,5})$`)
)

func timeError(text, s string) error {
	switch {
	case yearLast.MatchString(s):
		return fmt.Errorf("%q can be read month first and day first: write the year first, as in 2026-03-02 10:00:00",
			short(text))
	case yearShort.MatchString(s):
		return fmt.Errorf("%q has a year of two digits: write four, as in 2026-03-02 10:00:00", short(text))
	case serial.MatchString(s):
		return fmt.Errorf("%q looks like the number that a spreadsheet keeps for a date: give the column the format yyyy-mm-dd hh:mm:ss and save it again",
			short(text))
	case zoneByName.MatchString(s):
		return fmt.Errorf("%q: a zone's short name stands for several zones: write the offset, as in 2026-03-02 10:00:00 +08:00", short(text))
	}
	return fmt.Errorf("%q is not a time like 2026-03-28T10:00:00+08:00 or 2026-03-28 10:00:00", short(text))
}

func sinceEpoch(s string) (time.Time, bool) {
	if len(s) != 10 && len(s) != 13 || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(s) == 10 {
		return time.Unix(n, 0).UTC(), true
	}
	return time.UnixMilli(n).UTC(), true
}

// parts are the numbers of a time.
type parts struct {
	year, month, day, hour, minute, second, nanos int
	clock                                         bool // there is a time of the day
	offset                                        *time.Location
}

func partsOf(m []string) (p parts, err error) {
	number := func(s string) int {
		n, _ := strconv.Atoi(s) // digits, by the pattern
		return n
	}
	p = parts{
		year: number(m[1]), month: number(m[2]), day: number(m[3]), hour: number(m[5]), minute: number(m[6]),
		second: number(m[7]), clock: m[5] != "",
	}
	if m[8] != "" {
		p.nanos = number((m[8] + "00000000")[:9])
	}
	if half := m[4] + m[9]; half != "" {
		if len(m[4])*len(m[9]) > 0 || p.hour < 1 || p.hour > 12 && half != "下午" {
			return p, errors.New("hour and half of the day do not go together")
		}
		if p.hour < 12 && (half == "PM" || half == "下午") {
			p.hour += 12
		} else if p.hour == 12 && (half == "AM" || half == "上午") {
			p.hour = 0
		}
	}
	switch {
	case p.month < 1 || p.month > 12:
		return p, errors.New("there is no such month")
	case p.day < 1 || p.day > time.Date(p.year, time.Month(p.month)+1, 0, 0, 0, 0, 0, time.UTC).Day():
		return p, errors.New("the month has no such day")
	case p.hour > 23 || p.minute > 59 || p.second > 59:
		return p, errors.New("the day has no such time")
	}
	if m[10] == "" {
		return p, nil
	}
	p.offset, err = offsetOf(m[10])
	return p, err
}

func offsetOf(s string) (*time.Location, error) {
	if s[0] != '+' && s[0] != '-' {
		return time.UTC, nil
	}
	digits := strings.ReplaceAll(s[1:], ":", "") + "00"
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi(digits[2:4])
	if hours > 15 || minutes > 59 {
		return nil, fmt.Errorf("there is no offset %s", s)
	}
	seconds := hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), nil
}

// in returns the instant: at the time's own offset, else on the wall clock of the zone.
func (p parts) in(zone *time.Location) (t time.Time, dateOnly bool) {
	if p.offset != nil {
		zone = p.offset
	}
	at := schema.WallClock(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nanos, zone)
	return at, !p.clock && p.offset == nil
}

// narrow writes full-width letters, digits and signs, and spaces of any width, as ASCII has them.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x3000 || r == 0xa0 || r == 0x202f:
			return ' '
		}
		return r
	}, s)
}

// short cuts a text that a message quotes.
func short(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
