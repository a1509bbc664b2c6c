package schema

import (
	"fmt"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
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

// SuggestWindow says what to write instead of a window that is written otherwise.
func SuggestWindow(s string) DurationHint {
	text := strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), " "))
	for _, name := range WindowNames() {
		if text == name || text == strings.ReplaceAll(name, " ", "") {
			return DurationHint{Write: name, Sure: true}
		}
	}
	if write := foreignWindows[text]; write != "" {
		return DurationHint{Write: write}
	}
	hint := SuggestDuration(s)
	if near := diag.Closest(text, WindowNames()); hint.Write == "" && near != "" {
		return DurationHint{Write: near}
	}
	return hint
}

// foreignWindows are other words for periods of the calendar. A period without this or last may have been meant either
// way.
var foreignWindows = map[string]string{
	"今天": "today", "今日": "today", "当天": "today", "this day": "today", "current day": "today",
	"昨天": "yesterday", "昨日": "yesterday", "last day": "yesterday", "previous day": "yesterday",
	"本周": "this week", "这周": "this week", "本星期": "this week", "current week": "this week", "week": "this week",
	"上周": "last week", "上星期": "last week", "previous week": "last week",
	"本月": "this month", "这个月": "this month", "当月": "this month", "current month": "this month", "month": "this month",
	"上月": "last month", "上个月": "last month", "previous month": "last month",
	"今年": "this year", "本年": "this year", "current year": "this year", "year": "this year",
	"去年": "last year", "previous year": "last year",
}
