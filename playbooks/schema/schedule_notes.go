package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CronNote says how a schedule that is well written differs from what it seems to say.
type CronNote struct {
	Index   int    // of the field that it is about
	Message string // what it means
	Hint    string // what to write when that was not meant
}

// Notes returns what is easily misread in the line. now is the instant from which the next dates
// are counted.
func (s *Schedule) Notes(now time.Time) []CronNote {
	var out []CronNote
	fields := strings.Fields(s.Cron)
	if s.spec == nil || len(fields) != len(cronFields) {
		return nil
	}
	out = append(out, unevenSteps(fields)...)
	if fields[cronMinute] == "*" && fields[cronHour] != "*" {
		out = append(out, CronNote{
			cronMinute, "this comes every minute of " + hoursOf(fields[cronHour]),
			"write 0 to come once an hour",
		})
	}
	both := s.spec.Dom&starBit == 0 && s.spec.Dow&starBit == 0
	if both {
		out = append(out, CronNote{
			cronWeekday, "with a day of the month and a day of the week, either will do: next " + s.nextDates(now),
			s.hintOfBoth(fields),
		})
	}
	for _, c := range s.counted {
		if c.n == 5 && !both {
			out = append(out, CronNote{
				cronWeekday, fmt.Sprintf("some months have no fifth %s: next %s", c.day, s.nextDates(now)),
				fmt.Sprintf("%dL is the last one of every month", c.day),
			})
		}
	}
	if day := s.missingDay(fields[cronDay]); day > 0 && !both {
		note := CronNote{
			cronDay, fmt.Sprintf("some months have no %d: next %s", day, s.nextDates(now)),
			"L is the last day of every month",
		}
		if s.spec.Month&^starBit == 1<<uint(time.February) {
			note.Message = "February 29 comes in leap years only: next " + s.nextDates(now)
		}
		out = append(out, note)
	}
	return out
}

// Yearly reports whether the schedule comes on one day of the year, and so again every year.
func (s *Schedule) Yearly() bool {
	fields := strings.Fields(s.Cron)
	if len(fields) != len(cronFields) || fields[cronMonth] == "*" || strings.ContainsAny(fields[cronMonth], ",-/*") {
		return false
	}
	day, weekday := fields[cronDay], fields[cronWeekday]
	_, counted := countedDay(weekday)
	return weekday == "*" && (CronNumber.MatchString(day) || strings.EqualFold(day, "l")) || day == "*" && counted
}

// hintOfBoth says what to write where a day of the month stands beside a day of the week: a week of the month beside
// one day is a counted one.
func (s *Schedule) hintOfBoth(fields []string) string {
	weeks := []string{"1-7", "8-14", "15-21", "22-28"}
	day, one := cronFields[cronWeekday].value(fields[cronWeekday])
	if i := slices.Index(weeks, fields[cronDay]); one && i >= 0 {
		return fmt.Sprintf("the %s %s of a month is *, and %d#%d as the day of the week",
			[]string{"first", "second", "third", "fourth"}[i], time.Weekday(day), day, i+1)
	}
	return "write * for one of them"
}

func hoursOf(field string) string {
	if CronNumber.MatchString(field) {
		return fmt.Sprintf("the hour from %02d:00", Atoi(field))
	}
	return "the hours " + field
}

// evenFields are the fields whose range begins anew without a gap, with how many values they have.
var evenFields = map[int]int{cronMinute: 60, cronHour: 24, cronMonth: 12}

// unevenSteps finds steps that do not divide the range: they begin anew at its end, after a shorter
// gap.
func unevenSteps(fields []string) []CronNote {
	var out []CronNote
	for i, field := range fields {
		count := evenFields[i]
		step, ok := strings.CutPrefix(field, "*/")
		if !ok || count == 0 || !CronNumber.MatchString(step) || count%Atoi(step) == 0 {
			continue
		}
		f := &cronFields[i]
		var at []string
		for v := f.low; v <= f.high; v += Atoi(step) {
			at = append(at, fmt.Sprint(v))
		}
		list := strings.Join(at, ",")
		out = append(out, CronNote{
			i, fmt.Sprintf("%d does not divide %d: the %s are %s, and then it begins anew", Atoi(step), count, f.many,
				strings.ReplaceAll(list, ",", ", ")),
			"write " + list + " when that is meant",
		})
	}
	return out
}

// missingDay returns a day that the field names and some month of the schedule lacks; 0: none.
func (s *Schedule) missingDay(field string) int {
	for _, part := range strings.Split(field, ",") {
		if !CronNumber.MatchString(part) {
			continue
		}
		day := Atoi(part)
		for m := time.January; m <= time.December; m++ {
			if s.spec.Month&(1<<uint(m)) != 0 && time.Date(2023, m, day, 0, 0, 0, 0, time.UTC).Day() != day {
				return day
			}
		}
	}
	return 0
}

// nextDates writes the next three days on which the schedule comes.
func (s *Schedule) nextDates(now time.Time) string {
	spec := *s.spec
	spec.Minute, spec.Hour = 1<<0, 1<<12 // once a day
	daily := *s
	daily.spec = &spec
	var days []string
	for _, at := range daily.Next3(now) {
		days = append(days, at.Format(time.DateOnly))
	}
	return strings.Join(days, ", ")
}
