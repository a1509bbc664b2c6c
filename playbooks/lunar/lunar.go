// Package lunar tells the days of the Chinese calendar, from tables of the years 1900 to 2100.
//
// The tables are those of the Hong Kong Observatory, which begin with 1901, and of 1900 what astronomy
// gives. Where a new moon falls within a minute of midnight, as on 28 September 2057, theirs is the day.
package lunar

import (
	"slices"
	"time"
)

// Day is a day of the Chinese calendar.
type Day struct {
	Year  int  // in which it begins by the civil calendar
	Month int  // 1 to 12
	Day   int  // 1 to 30
	Leap  bool // whether the month is the second one of its number
}

// The years that the tables have.
const (
	First = 1900
	Last  = First + len(years) - 1
)

// years holds what each year is made of. From the right: 4 bits are the number of the month that a
// leap month follows, 0 where there is none; 12 bits say from December to January whether a month has
// 30 days, else it has 29; 1 bit says so of the leap month.
var years = [...]uint32{
	0x04bd8, 0x04ae0, 0x0a570, 0x054d5, 0x0d260, 0x0d950, 0x16554, 0x056a0, 0x09ad0, 0x055d2, // 1900
	0x04ae0, 0x0a5b6, 0x0a4d0, 0x0d250, 0x1d255, 0x0b540, 0x0d6a0, 0x0ada2, 0x095b0, 0x14977, // 1910
	0x04970, 0x0a4b0, 0x0b4b5, 0x06a50, 0x06d40, 0x1ab54, 0x02b60, 0x09570, 0x052f2, 0x04970, // 1920
	0x06566, 0x0d4a0, 0x0ea50, 0x16a95, 0x05ad0, 0x02b60, 0x186e3, 0x092e0, 0x1c8d7, 0x0c950, // 1930
	0x0d4a0, 0x1d8a6, 0x0b550, 0x056a0, 0x1a5b4, 0x025d0, 0x092d0, 0x0d2b2, 0x0a950, 0x0b557, // 1940
	0x06ca0, 0x0b550, 0x15355, 0x04da0, 0x0a5b0, 0x14573, 0x052b0, 0x0a9a8, 0x0e950, 0x06aa0, // 1950
	0x0aea6, 0x0ab50, 0x04b60, 0x0aae4, 0x0a570, 0x05260, 0x0f263, 0x0d950, 0x05b57, 0x056a0, // 1960
	0x096d0, 0x04dd5, 0x04ad0, 0x0a4d0, 0x0d4d4, 0x0d250, 0x0d558, 0x0b540, 0x0b6a0, 0x195a6, // 1970
	0x095b0, 0x049b0, 0x0a974, 0x0a4b0, 0x0b27a, 0x06a50, 0x06d40, 0x0af46, 0x0ab60, 0x09570, // 1980
	0x04af5, 0x04970, 0x064b0, 0x074a3, 0x0ea50, 0x06b58, 0x05ac0, 0x0ab60, 0x096d5, 0x092e0, // 1990
	0x0c960, 0x0d954, 0x0d4a0, 0x0da50, 0x07552, 0x056a0, 0x0abb7, 0x025d0, 0x092d0, 0x0cab5, // 2000
	0x0a950, 0x0b4a0, 0x0baa4, 0x0ad50, 0x055d9, 0x04ba0, 0x0a5b0, 0x15176, 0x052b0, 0x0a930, // 2010
	0x07954, 0x06aa0, 0x0ad50, 0x05b52, 0x04b60, 0x0a6e6, 0x0a4e0, 0x0d260, 0x0ea65, 0x0d530, // 2020
	0x05aa0, 0x076a3, 0x096d0, 0x04afb, 0x04ad0, 0x0a4d0, 0x1d0b6, 0x0d250, 0x0d520, 0x0dd45, // 2030
	0x0b5a0, 0x056d0, 0x055b2, 0x049b0, 0x0a577, 0x0a4b0, 0x0aa50, 0x1b255, 0x06d20, 0x0ada0, // 2040
	0x14b63, 0x09370, 0x049f8, 0x04970, 0x064b0, 0x168a6, 0x0ea50, 0x06aa0, 0x1a6c4, 0x0aae0, // 2050
	0x092e0, 0x0d2e3, 0x0c960, 0x0d557, 0x0d4a0, 0x0da50, 0x05d55, 0x056a0, 0x0a6d0, 0x055d4, // 2060
	0x052d0, 0x0a9b8, 0x0a950, 0x0b4a0, 0x0b6a6, 0x0ad50, 0x055a0, 0x0aba4, 0x0a5b0, 0x052b0, // 2070
	0x0b273, 0x06930, 0x07337, 0x06aa0, 0x0ad50, 0x14b55, 0x04b60, 0x0a570, 0x054e4, 0x0d160, // 2080
	0x0e968, 0x0d520, 0x0daa0, 0x16aa6, 0x056d0, 0x04ae0, 0x0a9d4, 0x0a2d0, 0x0d150, 0x0f252, // 2090
	0x0d520, // 2100
}

// starts holds when each year begins, and when the last one ends, in days since the first.
var starts = func() (out [len(years) + 1]int) {
	for i := range years {
		out[i+1] = out[i]
		for m := range months(First + i) {
			out[i+1] += m.days
		}
	}
	return out
}()

// origin is when the first year begins.
var origin = time.Date(1900, time.January, 31, 0, 0, 0, 0, time.UTC)

// month is a month of a year.
type month struct {
	number, days int
	leap         bool
}

// months goes through the months of a year that the tables have.
func months(year int) func(func(month) bool) {
	bits := years[year-First]
	leap := int(bits & 15)
	length := func(bit int) int { return 29 + int(bits>>bit&1) }
	return func(yield func(month) bool) {
		for n := 1; n <= 12; n++ {
			if !yield(month{n, length(16 - n), false}) || n == leap && !yield(month{n, length(16), true}) {
				return
			}
		}
	}
}

// Of returns the day that a date of the civil calendar is; ok is false for one that is in none of the
// years.
func Of(year int, m time.Month, day int) (d Day, ok bool) {
	n := int(time.Date(year, m, day, 0, 0, 0, 0, time.UTC).Sub(origin) / (24 * time.Hour))
	if year < First || year > Last+1 || n < 0 || n >= starts[len(years)] {
		return d, false
	}
	i, exact := slices.BinarySearch(starts[:], n)
	if !exact {
		i--
	}
	n -= starts[i]
	for m := range months(First + i) {
		if n < m.days {
			return Day{First + i, m.number, n + 1, m.leap}, true
		}
		n -= m.days
	}
	return d, false
}

// In returns when a day that is kept every year comes in a year, as a date of the civil calendar. One
// of a leap month comes in the leap month where the year has it, else in the plain month of that
// number; the 30th of a month of 29 days is the 29th. ok is false for a year that the tables do not have.
func (d Day) In(year int) (civil time.Time, ok bool) {
	if year < First || year > Last {
		return civil, false
	}
	n := starts[year-First]
	leap := d.Leap && int(years[year-First]&15) == d.Month
	for m := range months(year) {
		if m.number == d.Month && m.leap == leap {
			return origin.AddDate(0, 0, n+min(d.Day, m.days)-1), true
		}
		n += m.days
	}
	return civil, false
}
