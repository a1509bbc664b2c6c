package arithmetic

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/usher-run/usher/playbooks/schema"
)

// Clock is what functions know beside their arguments: it is the last of them.
type Clock struct {
	Now    time.Time // in the member's zone
	Member string    // their id
}

// TimeFunctions are the functions that count from now.
func TimeFunctions() []*builtin.Function {
	return []*builtin.Function{
		Host("days_since", new(func(time.Time, *Clock) int), func(p []any) (any, error) {
			c := p[1].(*Clock)
			return LocalDays(p[0].(time.Time).In(c.Now.Location()), c.Now), nil
		}),
		Host("hours_since", new(func(time.Time, *Clock) int), func(p []any) (any, error) {
			return HoursBetween(p[0].(time.Time), p[1].(*Clock).Now), nil
		}),
		Host("add_days", new(func(time.Time, int, *Clock) time.Time), func(p []any) (any, error) {
			n := p[1].(int)
			if n > schema.MaxDays || n < -schema.MaxDays {
				return nil, fmt.Errorf("add_days by %d: at most %d days", n, schema.MaxDays)
			}
			return InReach(schema.AddDays(p[0].(time.Time).In(p[2].(*Clock).Now.Location()), n))
		}),
	}
}

// Midnight returns the beginning of the day of a time.
func Midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return schema.WallClock(y, m, d, 0, 0, 0, 0, t.Location())
}

// LocalDays counts whole local calendar days from one time to another, as on the wall clock: 10:00
// to 10:00 tomorrow is one.
func LocalDays(from, to time.Time) int {
	if to.Before(from) {
		return -LocalDays(to, from)
	}
	return max(HoursBetween(schema.ShownAs(from), schema.ShownAs(to))/24, 0)
}

// HoursBetween counts whole elapsed hours from one time to another. A [time.Duration] would end at
// 292 years.
func HoursBetween(from, to time.Time) int {
	if to.Before(from) {
		return -HoursBetween(to, from)
	}
	seconds := to.Unix() - from.Unix()
	if to.Nanosecond() < from.Nanosecond() {
		seconds--
	}
	return int(seconds / 3600)
}

// SetBack adds what a clock that is set back shows again: the next such change, and the second time
// of each instant before the last one.
func SetBack(list []time.Time, now time.Time) []time.Time {
	start, end := now.ZoneBounds()
	_, after := now.Zone()
	for at, offset := end, after; !at.IsZero() && at.Sub(now) < 400*24*time.Hour; {
		_, next := at.In(now.Location()).Zone()
		if next < offset {
			list = append(list, at)
			break
		}
		offset = next
		_, at = at.In(now.Location()).ZoneBounds()
	}
	if start.IsZero() {
		return list
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	shift := time.Duration(before-after) * time.Second
	if shift <= 0 {
		return list
	}
	for _, at := range list { // as it is now: what is added is not looked at
		if again := at.Add(shift); at.Before(start) && !again.Before(start) {
			list = append(list, again)
		}
	}
	return list
}
