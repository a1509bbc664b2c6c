package arithmetic

import (
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/usher-run/usher/playbooks/lunar"
	"github.com/usher-run/usher/playbooks/schema"
)

// Parts are the functions that take a part of a time, as it is shown in the subject's zone.
var Parts = map[string]func(time.Time) int{
	"year":    time.Time.Year,
	"month":   func(t time.Time) int { return int(t.Month()) },
	"day":     time.Time.Day,
	"hour":    time.Time.Hour,
	"minute":  time.Time.Minute,
	"weekday": Weekday,
}

// Weekday returns the day of the week, from 1 for Monday to 7 for Sunday.
func Weekday(t time.Time) int {
	if d := int(t.Weekday()); d > 0 {
		return d
	}
	return 7
}

// CalendarFunctions are the functions that look at dates, in the subject's zone.
func CalendarFunctions() []*builtin.Function {
	local := func(v, clock any) time.Time { return v.(time.Time).In(clock.(*Clock).Now.Location()) }
	out := []*builtin.Function{
		Host("is_today", new(func(time.Time, *Clock) bool), func(p []any) (any, error) {
			return SameDate(local(p[0], p[1]), p[1].(*Clock).Now), nil
		}),
		Host("lunar", new(func(time.Time, *Clock) any), func(p []any) (any, error) {
			d, ok := lunar.Of(local(p[0], p[1]).Date())
			if !ok {
				return nil, nil
			}
			return map[string]any{"year": d.Year, "month": d.Month, "day": d.Day, "leap": d.Leap}, nil
		}),
		Host("$datetime", new(func(time.Time, *Clock) time.Time), func(p []any) (any, error) {
			return local(p[0], p[1]), nil
		}),
		Host("$date", new(func(time.Time, *Clock) time.Time), func(p []any) (any, error) {
			y, m, d := p[0].(time.Time).Date()
			return schema.WallClock(y, m, d, 0, 0, 0, 0, p[1].(*Clock).Now.Location()), nil
		}),
	}
	for name, between := range map[string]func(a, b time.Time) int{
		"days_between": DaysBetween, "years_between": YearsBetween,
	} {
		out = append(out, Host(name, new(func(time.Time, time.Time, *Clock) int), func(p []any) (any, error) {
			return between(local(p[0], p[2]), local(p[1], p[2])), nil
		}))
	}
	for name, part := range Parts {
		out = append(out, Host(name, new(func(time.Time, *Clock) int), func(p []any) (any, error) {
			return part(local(p[0], p[1])), nil
		}))
	}
	return out
}

// SameDate reports whether two times are on one day, each in its own zone.
func SameDate(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// DaysBetween returns how many days later the date of b is than that of a; less than 0 when it is
// sooner.
func DaysBetween(a, b time.Time) int {
	return int((dateOf(b).Unix() - dateOf(a).Unix()) / (24 * 60 * 60))
}

func dateOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// YearsBetween returns how many whole years later the date of b is than that of a, as an age is
// counted; less than 0 when it is sooner. What is of 29 February turns on the 28th of other years.
func YearsBetween(a, b time.Time) int {
	a, b = dateOf(a), dateOf(b)
	if b.Before(a) {
		return -YearsBetween(b, a)
	}
	n := b.Year() - a.Year()
	if Anniversary(a, n).After(b) {
		n--
	}
	return n
}

// Anniversary returns the date so many years after a date, at midnight UTC.
func Anniversary(t time.Time, years int) time.Time {
	y, m, d := t.Date()
	if y += years; m == time.February && d == 29 && (y%4 != 0 || y%100 == 0 && y%400 != 0) {
		d = 28
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
