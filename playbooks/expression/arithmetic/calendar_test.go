package arithmetic

import (
	"testing"
	"time"
)

// Days are counted by dates, whatever the clocks do between them.
func TestDaysBetween(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		out, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"2026-03-07 23:59", "2026-03-08 00:01", 1},
		{"2026-03-07 00:00", "2026-03-07 23:59", 0},
		{"2026-03-08 00:00", "2026-03-09 00:00", 1}, // 23 hours
		{"2026-11-01 00:00", "2026-11-02 00:00", 1}, // 25 hours
		{"2026-03-09 00:00", "2026-03-07 23:00", -2},
		{"0001-01-01 00:00", "9999-12-31 00:00", 3652058},
	} {
		if got := DaysBetween(at(c.a), at(c.b)); got != c.want {
			t.Errorf("from %s to %s there are %d days, want %d", c.a, c.b, got, c.want)
		}
	}
}

// An age turns on the birthday.
func TestYearsBetween(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"2000-05-10", "2018-05-09", 17},
		{"2000-05-10", "2018-05-10", 18},
		{"2000-05-10", "2000-05-09", 0},
		{"2018-05-10", "2000-05-10", -18},
		{"2018-05-09", "2000-05-10", -17},
		{"2000-02-29", "2001-02-27", 0},
		{"2000-02-29", "2001-02-28", 1},
		{"2000-02-29", "2004-02-28", 3},
		{"2000-02-29", "2004-02-29", 4},
		{"2000-02-29", "2100-02-28", 100},
		{"2000-12-31", "2001-01-01", 0},
	} {
		a, _ := time.Parse(time.DateOnly, c.a)
		b, _ := time.Parse(time.DateOnly, c.b)
		if got := YearsBetween(a, b); got != c.want {
			t.Errorf("from %s to %s there are %d years, want %d", c.a, c.b, got, c.want)
		}
	}
}

// The week begins with Monday.
func TestWeekday(t *testing.T) {
	for i := range 7 {
		if got := Weekday(time.Date(2026, 11, 23+i, 12, 0, 0, 0, time.UTC)); got != i+1 {
			t.Errorf("%d November is day %d of the week, want %d", 23+i, got, i+1)
		}
	}
}
