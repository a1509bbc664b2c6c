package lunar

import (
	"testing"
	"time"
)

// Days that calendars print: new years, leap months, festivals, and the new moons next to midnight.
func TestKnownDays(t *testing.T) {
	for civil, want := range map[string]Day{
		"1900-01-31": {1900, 1, 1, false},
		"1900-09-24": {1900, 8, 1, true},
		"1906-04-24": {1906, 4, 1, false},
		"1911-10-10": {1911, 8, 19, false},
		"1917-03-23": {1917, 2, 1, true},
		"1922-06-25": {1922, 5, 1, true},
		"1933-07-22": {1933, 5, 30, true},
		"1949-10-01": {1949, 8, 10, false},
		"1968-01-30": {1968, 1, 1, false},
		"1984-02-02": {1984, 1, 1, false},
		"1984-11-23": {1984, 10, 1, true},
		"1985-01-20": {1984, 11, 30, false},
		"1987-07-26": {1987, 6, 1, true},
		"1996-06-16": {1996, 5, 1, false},
		"2000-01-01": {1999, 11, 25, false},
		"2000-02-05": {2000, 1, 1, false},
		"2020-05-23": {2020, 4, 1, true},
		"2020-06-25": {2020, 5, 5, false},
		"2023-03-22": {2023, 2, 1, true},
		"2023-04-20": {2023, 3, 1, false},
		"2024-02-09": {2023, 12, 30, false},
		"2024-02-10": {2024, 1, 1, false},
		"2025-07-25": {2025, 6, 1, true},
		"2025-10-06": {2025, 8, 15, false},
		"2026-02-16": {2025, 12, 29, false},
		"2026-02-17": {2026, 1, 1, false},
		"2026-09-25": {2026, 8, 15, false},
		"2033-12-22": {2033, 11, 1, true},
		"2057-09-27": {2057, 8, 29, false},
		"2057-09-28": {2057, 9, 1, false},
		"2060-04-30": {2060, 4, 1, false},
		"2089-09-04": {2089, 8, 1, false},
		"2097-08-07": {2097, 7, 1, false},
		"2100-02-09": {2100, 1, 1, false},
		"2101-01-28": {2100, 12, 29, false},
	} {
		at, err := time.Parse(time.DateOnly, civil)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := Of(at.Date()); got != want || !ok {
			t.Errorf("%s is %v (%v), want %v", civil, got, ok, want)
		}
		if back, ok := want.In(want.Year); !back.Equal(at) || !ok {
			t.Errorf("%v is %v (%v), want %s", want, back, ok, civil)
		}
	}
}

// What is before the first year and behind the last one is no day.
func TestBounds(t *testing.T) {
	for _, civil := range []time.Time{
		{},
		time.Date(1900, 1, 30, 0, 0, 0, 0, time.UTC), time.Date(2101, 1, 29, 0, 0, 0, 0, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		if d, ok := Of(civil.Date()); ok {
			t.Errorf("%v is %v", civil, d)
		}
	}
	for _, year := range []int{First - 1, Last + 1} {
		if at, ok := (Day{2000, 1, 1, false}).In(year); ok {
			t.Errorf("new year of %d is %v", year, at)
		}
	}
}

// A day follows the one before, and is the one that its date is; a year has 353 to 355 days, or 383 to
// 385.
func TestDaysFollowEachOther(t *testing.T) {
	before, _ := Of(1900, 1, 31)
	lengths := map[int]int{before.Year: 1}
	end := time.Date(2101, 1, 29, 0, 0, 0, 0, time.UTC)
	for at := time.Date(1900, 2, 1, 0, 0, 0, 0, time.UTC); at.Before(end); at = at.AddDate(0, 0, 1) {
		d, ok := Of(at.Date())
		next := d == Day{before.Year, before.Month, before.Day + 1, before.Leap}
		again := d == Day{before.Year, before.Month, 1, true} && !before.Leap
		following := d == Day{before.Year, before.Month + 1, 1, false} ||
			d == Day{before.Year + 1, 1, 1, false} && before.Month == 12
		if !ok || !next && !((again || following) && before.Day >= 29) || d.Day > 30 {
			t.Fatalf("%v follows %v", d, before)
		}
		if back, ok := d.In(d.Year); !back.Equal(at) || !ok {
			t.Fatalf("%v is %v, and that is %v", at, d, back)
		}
		lengths[d.Year]++
		before = d
	}
	for year, n := range lengths {
		if n < 353 || n > 355 && n < 383 || n > 385 {
			t.Errorf("%d has %d days", year, n)
		}
	}
}

// What a year does not have comes on the day that is kept instead.
func TestYearly(t *testing.T) {
	for _, c := range []struct {
		day  Day
		year int
		want string
	}{
		{Day{2025, 6, 1, true}, 2025, "2025-07-25"},
		{Day{2025, 6, 1, true}, 2026, "2026-07-14"}, // no leap month: the plain one
		{Day{2025, 6, 1, true}, 2028, "2028-07-22"}, // the leap month is another one
		{Day{2025, 6, 1, true}, 2036, "2036-07-23"}, // it is this one again
		{Day{2025, 6, 1, false}, 2036, "2036-06-24"},
		{Day{2023, 12, 30, false}, 2024, "2025-01-28"}, // the month has 29 days
		{Day{2023, 12, 30, false}, 2023, "2024-02-09"},
	} {
		if got, ok := c.day.In(c.year); !ok || got.Format(time.DateOnly) != c.want {
			t.Errorf("%v comes in %d on %v, want %s", c.day, c.year, got, c.want)
		}
	}
}
