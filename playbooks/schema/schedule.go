package schema

import (
	"slices"
	"time"
	_ "time/tzdata" // a zone that one machine knows must not be a mistake on another

	"github.com/robfig/cron/v3"
)

// Schedule is a cron line in a time zone, or one instant. Make one with [ParseSchedule].
type Schedule struct {
	Cron string // as written, also of one instant
	Zone *time.Location
	Once time.Time // it comes at this instant alone; zero: as the line says

	spec    *cron.SpecSchedule // without the days that count
	lastDay bool               // L: the last day of a month is one of the days
	counted []countedWeekday   // 1#1, 5L: are days of the week
}

// countedWeekday is a day of the week that is counted within the month.
type countedWeekday struct {
	day time.Weekday
	n   int // 1 is the first, 5 the fifth; lastOf the last
}

const lastOf = -1

// The bounds of the search for the next occurrence: February 29 may be eight years away, and it is a fifth Monday
// every 28 years, or 40 where a century has no leap year.
const (
	searchDays        = 9 * 366
	searchDaysOfFifth = 41 * 366
)

// bound returns after how many days without an occurrence there is none.
func (s *Schedule) bound() int {
	if slices.ContainsFunc(s.counted, func(c countedWeekday) bool { return c.n == 5 }) {
		return searchDaysOfFifth
	}
	return searchDays
}

const starBit = 1 << 63 // robfig/cron marks a field that is `*`

// Next returns the first occurrence strictly after t, in the schedule's zone; zero when none comes
// within nine years, or 41 of a fifth weekday, or when the one instant is over.
//
// A local time that daylight saving skips happens right after the gap, one that it doubles happens
// the first time. When the hour is `*` the schedule follows elapsed time instead: it fires whenever
// the local clock shows a fitting minute, both times too.
func (s *Schedule) Next(t time.Time) time.Time {
	if !s.Once.IsZero() {
		if s.Once.After(t) {
			return s.Once
		}
		return time.Time{}
	}
	if s.spec == nil {
		parsed, err := ParseSchedule(s.Cron, s.Zone)
		if err != nil {
			return time.Time{}
		}
		s = parsed
	}
	t = t.In(s.Zone)
	if s.spec.Hour&starBit != 0 {
		return s.nextElapsed(t)
	}
	return s.nextFixed(t)
}

// Next3 returns the next three occurrences after t, for showing what a schedule means.
func (s *Schedule) Next3(t time.Time) []time.Time {
	var out []time.Time
	for range 3 {
		if t = s.Next(t); t.IsZero() {
			break
		}
		out = append(out, t)
	}
	return out
}

// nextFixed looks through the local times of each fitting day. The day before t's counts too: its
// last times may have been moved behind a gap at midnight.
func (s *Schedule) nextFixed(t time.Time) time.Time {
	spec, days := s.spec, s.bound()
	y, m, d := t.Date()
	for i := -1; i < days; i++ {
		day := time.Date(y, m, d+i, 12, 0, 0, 0, time.UTC)
		if !s.matchesDay(day) {
			continue
		}
		for hour := range 24 {
			if spec.Hour&(1<<hour) == 0 {
				continue
			}
			for minute := range 60 {
				if spec.Minute&(1<<minute) == 0 {
					continue
				}
				at := WallClock(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, t.Location())
				if at.After(t) {
					return at
				}
			}
		}
	}
	return time.Time{}
}

// nextElapsed steps through elapsed minutes of the fitting days.
func (s *Schedule) nextElapsed(t time.Time) time.Time {
	// The seconds of the local clock, not of UTC: old zones are off by some.
	at := t.Add(time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	for days, most := 0, s.bound(); days < most; {
		if !s.matchesDay(at) {
			y, m, d := at.Date()
			at = WallClock(y, m, d+1, 0, 0, 0, 0, at.Location())
			days++
			continue
		}
		for day := at.Day(); at.Day() == day; at = at.Add(time.Minute) {
			if s.spec.Minute&(1<<at.Minute()) != 0 {
				return at
			}
		}
		days++
	}
	return time.Time{}
}

// matchesDay reports whether the day is one of the schedule's. As in every cron, when both the day
// of the month and the day of the week are given, either will do.
func (s *Schedule) matchesDay(day time.Time) bool {
	spec := s.spec
	if spec.Month&(1<<uint(day.Month())) == 0 {
		return false
	}
	dom := spec.Dom&(1<<uint(day.Day())) != 0 || s.lastDay && day.Day() == daysIn(day)
	dow := spec.Dow&(1<<uint(day.Weekday())) != 0 ||
		slices.ContainsFunc(s.counted, func(c countedWeekday) bool { return c.is(day) })
	if spec.Dom&starBit != 0 || spec.Dow&starBit != 0 {
		return dom && dow
	}
	return dom || dow
}

// is reports whether the day is the counted one of its month.
func (c countedWeekday) is(day time.Time) bool {
	switch {
	case day.Weekday() != c.day:
		return false
	case c.n == lastOf:
		return day.Day()+7 > daysIn(day)
	}
	return (day.Day()-1)/7+1 == c.n
}

// daysIn returns how many days the month of a day has.
func daysIn(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
