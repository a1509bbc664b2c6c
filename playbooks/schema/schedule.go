package schema

import (
	"time"
	_ "time/tzdata" // a zone that one machine knows must not be a mistake on another

	"github.com/robfig/cron/v3"
)

// Schedule is a cron line in a time zone. Make one with [ParseSchedule].
type Schedule struct {
	Cron string
	Zone *time.Location

	spec *cron.SpecSchedule
}

// searchDays bounds the search for the next occurrence: February 29 may be eight years away.
const searchDays = 9 * 366

const starBit = 1 << 63 // robfig/cron marks a field that is `*`

// Next returns the first occurrence strictly after t, in the schedule's zone; zero when none comes
// within nine years.
//
// A local time that daylight saving skips happens right after the gap, one that it doubles happens
// the first time. When the hour is `*` the schedule follows elapsed time instead: it fires whenever
// the local clock shows a fitting minute, both times too.
func (s *Schedule) Next(t time.Time) time.Time {
	spec := s.spec
	if spec == nil {
		parsed, err := ParseSchedule(s.Cron, s.Zone)
		if err != nil {
			return time.Time{}
		}
		spec = parsed.spec
	}
	t = t.In(s.Zone)
	if spec.Hour&starBit != 0 {
		return nextElapsed(spec, t)
	}
	return nextFixed(spec, t)
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
func nextFixed(spec *cron.SpecSchedule, t time.Time) time.Time {
	y, m, d := t.Date()
	for i := -1; i < searchDays; i++ {
		day := time.Date(y, m, d+i, 12, 0, 0, 0, time.UTC)
		if !matchesDay(spec, day) {
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
func nextElapsed(spec *cron.SpecSchedule, t time.Time) time.Time {
	// The seconds of the local clock, not of UTC: old zones are off by some.
	at := t.Add(time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	for days := 0; days < searchDays; {
		if !matchesDay(spec, at) {
			y, m, d := at.Date()
			at = WallClock(y, m, d+1, 0, 0, 0, 0, at.Location())
			days++
			continue
		}
		for day := at.Day(); at.Day() == day; at = at.Add(time.Minute) {
			if spec.Minute&(1<<at.Minute()) != 0 {
				return at
			}
		}
		days++
	}
	return time.Time{}
}

// matchesDay reports whether the day is one of the schedule's. As in every cron, when both the day
// of the month and the day of the week are given, either will do.
func matchesDay(spec *cron.SpecSchedule, day time.Time) bool {
	if spec.Month&(1<<uint(day.Month())) == 0 {
		return false
	}
	dom := spec.Dom&(1<<uint(day.Day())) != 0
	dow := spec.Dow&(1<<uint(day.Weekday())) != 0
	if spec.Dom&starBit != 0 || spec.Dow&starBit != 0 {
		return dom && dow
	}
	return dom || dow
}
