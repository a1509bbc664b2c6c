package schema

import (
	"fmt"
	"slices"
	"time"
)

// Window is a part of what was: so long back from now, or a period of the calendar. The zero Window
// is all of it.
type Window struct {
	Back   Duration // from now; zero: a period, or all
	Period Period
	Last   bool // the whole period before; else the present one up to now
}

// Period is a period of the calendar.
type Period uint8

// The periods of the calendar. Weeks begin with Monday.
const (
	NoPeriod Period = iota
	DayPeriod
	WeekPeriod
	MonthPeriod
	YearPeriod
)

// calendarWindows are the windows that have names.
var calendarWindows = []struct {
	name   string
	window Window
}{
	{"today", Window{Period: DayPeriod}},
	{"yesterday", Window{Period: DayPeriod, Last: true}},
	{"this week", Window{Period: WeekPeriod}},
	{"last week", Window{Period: WeekPeriod, Last: true}},
	{"this month", Window{Period: MonthPeriod}},
	{"last month", Window{Period: MonthPeriod, Last: true}},
	{"this year", Window{Period: YearPeriod}},
	{"last year", Window{Period: YearPeriod, Last: true}},
}

// WindowNames returns the names of the windows that are periods of the calendar.
func WindowNames() (out []string) {
	for i := range calendarWindows {
		out = append(out, calendarWindows[i].name)
	}
	return out
}

// ParseWindow reads a window: a duration longer than nothing, or the name of a period.
func ParseWindow(s string) (Window, error) {
	for i := range calendarWindows {
		if calendarWindows[i].name == s {
			return calendarWindows[i].window, nil
		}
	}
	d, err := ParseDuration(s)
	if err != nil {
		return Window{}, err
	}
	if d.Days < 0 || d.Elapsed < 0 || d.IsZero() {
		return Window{}, fmt.Errorf("a window is longer than nothing")
	}
	return Window{Back: d}, nil
}

// IsZero reports whether the window is all that was.
func (w Window) IsZero() bool { return w.Back.IsZero() && w.Period == NoPeriod }

// String returns the window as it is written.
func (w Window) String() string {
	for i := range calendarWindows {
		if calendarWindows[i].window == w {
			return calendarWindows[i].name
		}
	}
	return w.Back.String()
}

// Longest returns an upper bound of how far back the window reaches.
func (w Window) Longest() time.Duration { return w.bound().Longest() }

// Shortest returns a lower bound of how far back the window reaches.
func (w Window) Shortest() time.Duration {
	if w.Period != NoPeriod {
		return 0
	}
	return w.Back.Shortest()
}

// bound returns a duration that is as long as the window at least.
func (w Window) bound() Duration {
	if w.Period == NoPeriod {
		return w.Back
	}
	days := [...]int{DayPeriod: 1, WeekPeriod: 7, MonthPeriod: 31, YearPeriod: 366}[w.Period]
	if w.Last {
		days *= 2
	}
	return Duration{Days: days}
}

// Span returns the first and the last millisecond that are in the window of a window that is not
// all, both included; days are those of now's location.
func (w Window) Span(now time.Time) (from, to int64) {
	start := w.Back.Before(now)
	to = now.UnixMilli()
	if w.Period != NoPeriod {
		start = w.Period.start(now, 0)
	}
	if w.Last {
		to = ceilMilli(start) - 1
		start = w.Period.start(now, -1)
	}
	return ceilMilli(start), to
}

// Ends returns when the present period is over; zero where the window is none of the calendar.
func (w Window) Ends(now time.Time) time.Time {
	if w.Period == NoPeriod {
		return time.Time{}
	}
	return w.Period.start(now, 1)
}

// start returns when the period begins that now is in, or the one so many after it.
func (p Period) start(now time.Time, after int) time.Time {
	y, m, d := now.Date()
	switch p {
	case DayPeriod:
		d += after
	case WeekPeriod:
		d += 7*after - (int(now.Weekday())+6)%7
	case MonthPeriod:
		m, d = m+time.Month(after), 1
	case YearPeriod:
		y, m, d = y+after, time.January, 1
	}
	return WallClock(y, m, d, 0, 0, 0, 0, now.Location())
}

func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// SuggestWindow returns how a window is written that was meant by other words; "" when nothing is
// known.
func SuggestWindow(s string) string {
	return foreignWindows[s]
}

var foreignWindows = func() map[string]string {
	out := map[string]string{}
	for write, words := range map[string][]string{
		"today":      {"今天", "今日", "this day", "current day", "day"},
		"yesterday":  {"昨天", "昨日", "last day", "previous day"},
		"this week":  {"本周", "这周", "current week", "week", "thisweek", "this_week"},
		"last week":  {"上周", "previous week", "lastweek", "last_week"},
		"this month": {"本月", "这个月", "当月", "current month", "month", "thismonth", "this_month"},
		"last month": {"上月", "上个月", "previous month", "lastmonth", "last_month"},
		"this year":  {"今年", "本年", "current year", "year", "thisyear", "this_year"},
		"last year":  {"去年", "previous year", "lastyear", "last_year"},
	} {
		for _, w := range slices.Concat(words) {
			out[w] = write
		}
	}
	return out
}()
