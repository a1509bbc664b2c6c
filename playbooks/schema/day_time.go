package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Weekdays are the days of the week as playbooks write them, from Monday.
var Weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// LastDay is how the last day of a month is written.
const LastDay = "last"

// DayTime is a time of a day that comes again: of a day of the week, or of the month.
type DayTime struct {
	Weekday int // 1 Monday to 7 Sunday; 0: a day of the month
	Day     int // of the month, a day that one lacks is its last; 31 is the last of each
	At      int // minutes since midnight
}

// Next returns the first such time strictly after t, in t's location. One that daylight saving skips comes
// right after the gap, one that it doubles the first time only.
func (c *DayTime) Next(t time.Time) time.Time {
	y, m, d := t.Date()
	for i := -1; ; i++ { // the one before may have been moved behind a gap at midnight
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		if c.Weekday == 0 {
			first := time.Date(y, m+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
			last := first.AddDate(0, 1, -1).Day()
			day = first.AddDate(0, 0, min(c.Day, last)-1)
		} else if (int(day.Weekday())+6)%7+1 != c.Weekday {
			continue
		}
		at := WallClock(day.Year(), day.Month(), day.Day(), c.At/60, c.At%60, 0, 0, t.Location())
		if at.After(t) {
			return at
		}
	}
}

// String returns the day and its time: sat 10:00, day 1 00:00, last day 10:00.
func (c *DayTime) String() string {
	day := fmt.Sprintf("day %d", c.Day)
	switch {
	case c.Weekday > 0:
		day = Weekdays[c.Weekday-1]
	case c.Day == 31:
		day = "last day"
	}
	return fmt.Sprintf("%s %02d:%02d", day, c.At/60, c.At%60)
}

// WeekdayOf returns the number of a day of the week as playbooks write it, 1 for Monday to 7 for Sunday; 0 of
// all else.
func WeekdayOf(word string) int { return slices.Index(Weekdays, word) + 1 }

// SuggestWeekday returns how playbooks write a day of the week that is written otherwise: Saturday, 周六, 6; "" when
// it is none.
func SuggestWeekday(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, head := range []string{"周", "星期", "礼拜"} {
		s = strings.TrimPrefix(s, head)
	}
	day, ok := weekdayOf[s]
	if !ok && len(s) > 3 && strings.HasSuffix(s, "day") {
		day, ok = weekdayOf[s[:3]]
	}
	if s == "0" {
		day, ok = 0, true
	}
	if !ok {
		return ""
	}
	return Weekdays[(day+6)%7]
}
