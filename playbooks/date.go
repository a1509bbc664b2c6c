package playbooks

import (
	"fmt"
	"strconv"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
)

// DateEvery says how often a date of the member comes again.
type DateEvery string

// A date comes again on its day of each year or month; a day that one lacks is its last.
const (
	EveryYear  DateEvery = "year"
	EveryMonth DateEvery = "month"
)

// CalendarLunar is the Chinese calendar.
const CalendarLunar = "lunar"

// DateTrigger is when a date of the member comes.
type DateTrigger struct {
	Attribute string          // of the member: a date or a datetime, or created_at, last_seen_at
	Type      *schema.Type    // of the attribute
	Every     DateEvery       // how often; empty: once
	Lunar     bool            // its day of the year is that of the Chinese calendar
	Offset    schema.Duration // before it (negative) or after
	At        int             // minutes since midnight, local time of the member; -1: the time of a datetime
}

// Next returns when the date comes for the first time after an instant, where value is that of the
// attribute as expressions see it, local to the member; zero when it does not come again. A day that a month lacks is
// its last. Which names the time it comes, the same in every zone: of a yearly one the year, of a monthly one the
// month. The one that has been does not come again, though the member moves west.
func (d *DateTrigger) Next(value, after time.Time, been string) (at time.Time, which string) {
	if d.Lunar {
		return d.nextLunar(value, after, been)
	}
	zone := value.Location()
	year, month, day := value.Date()
	occurrence := func(year int, month time.Month) time.Time {
		return d.onDay(value, year, month, min(day, time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()))
	}
	if d.Every == "" {
		which = d.once(value)
		if t := occurrence(year, month); which != been && t.After(after) {
			return t, which
		}
		return time.Time{}, ""
	}
	// Months are counted from January of year 0. An offset may lead into another year: it is bounded, see the checker of
	// durations.
	y, m, _ := after.In(zone).Date()
	step, longest := 1, 28*24*time.Hour
	if d.Every == EveryYear {
		step, longest, m = 12, 365*24*time.Hour, month
	}
	far := step * int(d.Offset.Longest().Abs()/longest)
	first := max(year*12+int(month)-1, y*12+int(m)-1-2*step-far)
	for n := first; n <= first+8*step+2*far; n += step {
		which = d.numbered(value, n)
		if t := occurrence(n/12, time.Month(n%12+1)); t.After(after) && which != been {
			return t, which
		}
	}
	return time.Time{}, ""
}

// onDay returns when the date comes that is kept on a day, where value is that of the attribute.
func (d *DateTrigger) onDay(value time.Time, year int, month time.Month, day int) time.Time {
	hour, minute, second := value.Clock()
	nano := value.Nanosecond()
	if d.At >= 0 {
		hour, minute, second, nano = d.At/60, d.At%60, 0, 0
	}
	return schema.WallClock(year, month, day+d.Offset.Days, hour, minute, second, nano, value.Location()).
		Add(d.Offset.Elapsed)
}

// once names the time that a date comes that comes once: by the date itself, as another one may be
// set.
func (d *DateTrigger) once(value time.Time) string {
	if d.Type != nil && d.Type.Kind == schema.KindDate {
		return value.Format(time.DateOnly)
	}
	return value.UTC().Format(time.RFC3339Nano)
}

// numbered names the time of a month, counted from January of year 0. A datetime is on another day in another zone, and
// around new year in another year: its years and months are counted from the first.
func (d *DateTrigger) numbered(value time.Time, n int) string {
	own := value.Year()*12 + int(value.Month()) - 1
	date := d.Type != nil && d.Type.Kind == schema.KindDate
	switch {
	case d.Every == EveryMonth && date:
		return fmt.Sprintf("%04d-%02d", n/12, n%12+1)
	case d.Every == EveryMonth:
		return fmt.Sprintf("+%dm", n-own)
	case date:
		return strconv.Itoa(n / 12)
	}
	return "+" + strconv.Itoa((n-own)/12)
}

// Definition says all that the date depends on, so that a change of it is noticed.
func (d *DateTrigger) Definition(zone *time.Location) string {
	every := strconv.FormatBool(d.Every == EveryYear) // as watches of before there were months have it
	if d.Every == EveryMonth {
		every = string(d.Every)
	}
	if d.Lunar {
		every += " lunar"
	}
	return fmt.Sprintf("date %s %s %s %s %d %s", d.Attribute, d.Type, every, d.Offset, d.At, zone)
}
