package schema

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func schedule(t testing.TB, line, zoneName string) *Schedule {
	t.Helper()
	s, err := ParseSchedule(line, zone(t, zoneName))
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return s
}

func TestScheduleNext(t *testing.T) {
	for _, c := range []struct {
		name, line, zone, after string
		want                    []string
	}{
		{"every monday", "0 10 * * 1", "Asia/Shanghai", "2026-03-28T10:00:00+08:00", []string{
			"2026-03-30T10:00:00+08:00", "2026-04-06T10:00:00+08:00", "2026-04-13T10:00:00+08:00",
		}},
		{"strictly after", "0 10 * * *", "Asia/Shanghai", "2026-03-28T10:00:00+08:00", []string{"2026-03-29T10:00:00+08:00"}},
		{"a skipped time comes right after the gap", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00", []string{
			"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00",
		}},
		{"a doubled time comes the first time only", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00", []string{
			"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00",
		}},
		{"several skipped times come once", "*/15 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00", []string{
			"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00", "2026-03-30T02:15:00+02:00",
		}},
		{"berlin in autumn", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", []string{
			"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00",
		}},
		{"every hour through spring", "0 * * * *", "America/New_York", "2026-03-08T00:30:00-05:00", []string{
			"2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00",
		}},
		{"every hour through autumn", "0 * * * *", "America/New_York", "2026-11-01T00:30:00-04:00", []string{
			"2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00",
		}},
		{"every half hour through autumn", "*/30 * * * *", "Europe/Berlin", "2026-10-25T02:00:00+02:00", []string{
			"2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00",
		}},
		{
			"half an hour of daylight saving, spring", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{
				"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00",
			},
		},
		{
			"half an hour of daylight saving, autumn", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{
				"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30",
			},
		},
		{"half hours at lord howe in autumn", "*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", []string{
			"2026-04-05T01:30:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30",
		}},
		{
			"no daylight saving", "30 2 * * *", "Asia/Shanghai", "2026-03-28T12:00:00+08:00",
			[]string{"2026-03-29T02:30:00+08:00"},
		},
		{"a midnight that is skipped", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", []string{
			"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00",
		}},
		{"leap day", "0 9 29 2 *", "UTC", "2097-01-01T00:00:00Z", []string{"2104-02-29T09:00:00Z"}},
		{"either day will do", "0 9 13 * 5", "UTC", "2026-03-01T00:00:00Z", []string{
			"2026-03-06T09:00:00Z", "2026-03-13T09:00:00Z", "2026-03-20T09:00:00Z",
		}},
		{"the last day", "0 10 L * *", "Asia/Shanghai", "2028-01-31T10:00:00+08:00", []string{
			"2028-02-29T10:00:00+08:00", "2028-03-31T10:00:00+08:00", "2028-04-30T10:00:00+08:00",
		}},
		{"the last day of February", "0 10 l feb *", "UTC", "2026-01-01T00:00:00Z", []string{
			"2026-02-28T10:00:00Z", "2027-02-28T10:00:00Z", "2028-02-29T10:00:00Z",
		}},
		{"the 15th and the last day", "0 10 15,L * *", "UTC", "2026-02-01T00:00:00Z", []string{
			"2026-02-15T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-15T10:00:00Z",
		}},
		{"the last friday", "0 10 * * 5L", "UTC", "2026-01-01T00:00:00Z", []string{
			"2026-01-30T10:00:00Z", "2026-02-27T10:00:00Z", "2026-03-27T10:00:00Z",
		}},
		{"the first monday, which may be the first day", "0 10 * * mon#1", "UTC", "2026-05-31T00:00:00Z", []string{
			"2026-06-01T10:00:00Z", "2026-07-06T10:00:00Z", "2026-08-03T10:00:00Z",
		}},
		{"the first and the third monday, and every sunday", "0 10 * * 0,1#1,1#3", "UTC", "2026-06-01T10:00:00Z", []string{
			"2026-06-07T10:00:00Z", "2026-06-14T10:00:00Z", "2026-06-15T10:00:00Z", "2026-06-21T10:00:00Z",
		}},
		{"a fifth monday", "0 10 * * 1#5", "UTC", "2026-01-01T00:00:00Z", []string{
			"2026-03-30T10:00:00Z", "2026-06-29T10:00:00Z",
		}},
		{"a fifth monday of February, over 2100", "0 10 * 2 1#5", "UTC", "2045-01-01T00:00:00Z", []string{
			"2072-02-29T10:00:00Z", "2112-02-29T10:00:00Z",
		}},
		{"the last day or a friday", "0 10 L * 5", "UTC", "2026-03-25T00:00:00Z", []string{
			"2026-03-27T10:00:00Z", "2026-03-31T10:00:00Z", "2026-04-03T10:00:00Z",
		}},
		{"every hour of the last day", "0 * L * *", "America/New_York", "2026-10-31T22:30:00-04:00", []string{
			"2026-10-31T23:00:00-04:00", "2026-11-30T00:00:00-05:00",
		}},
		{"the last sunday, when the clocks change", "30 1 * * 0L", "Europe/London", "2026-03-01T00:00:00Z", []string{
			"2026-03-29T02:00:00+01:00", "2026-04-26T01:30:00+01:00",
		}},
		{"names", "0 9 * jan sun", "UTC", "2026-03-01T00:00:00Z", []string{"2027-01-03T09:00:00Z"}},
		{
			"every minute of one day", "* * 1 1 *", "UTC", "2026-03-01T00:00:30Z",
			[]string{"2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := schedule(t, c.line, c.zone)
			at, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				at = s.Next(at)
				if got := at.Format(time.RFC3339); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestScheduleRefuses(t *testing.T) {
	for line, index := range map[string]int{
		"0 25 * * *": 1, "60 1 * * *": 0, "0 1 32 * *": 2, "0 1 * 13 *": 3, "0 1 * * 7": 4, "0 0 30 2 *": 2,
		"0 0 31 4,6 *": 2,
		"a 1 * * *":    0, ", 1 * * *": 0, "5-1 1 * * *": 0, "TZ=UTC 1 * * *": 0, "*/0 1 * * *": 0, "-1 1 * * *": 0,
		"1,,2 * * * *": 0, "0 1 L-3 * *": 2, "0 1 LW * *": 2, "0 1 5L * *": 2, "0 1 1#1 * *": 2, "0 1 * * L": 4, "0 1 * * 1#6": 4,
		"0 1 * * 7L": 4, "0 1 * * 1#0": 4, "0 1 1-L * *": 2, "0 1 L/2 * *": 2, "0 1 * L *": 3, "0 1 * * mon#": 4,
	} {
		_, err := ParseSchedule(line, time.UTC)
		var bad *CronError
		if !errors.As(err, &bad) || bad.Index != index {
			t.Errorf("%q: got %v, want a mistake in field %d", line, err, index)
		}
	}
	for _, line := range []string{
		"", "* * * *", "* * * * * *", "@daily", "TZ=", "CRON_TZ=UTC", "2026-11-11", "2026-11-11 24:00",
		"2027-02-29 10:00", "2026/11/11 10:00", "2026-11-11 10", "2026-00-11 10:00", "2026-11-00 10:00",
		"2026-11-11 10:60", "2026-11-11 10:00+99:00",
	} {
		if _, err := ParseSchedule(line, time.UTC); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

// TestScheduleOnce: an instant comes once, in its zone, unless it has an offset.
func TestScheduleOnce(t *testing.T) {
	for _, c := range []struct{ text, zone, want string }{
		{"2026-11-11 10:00", "Asia/Shanghai", "2026-11-11T10:00:00+08:00"},
		{" 2026-11-11T10:00:30 ", "Asia/Shanghai", "2026-11-11T10:00:30+08:00"},
		{"2026-11-11 10:00+01:00", "Asia/Shanghai", "2026-11-11T17:00:00+08:00"},
		{"2026-11-11T10:00:00Z", "America/New_York", "2026-11-11T05:00:00-05:00"},
		{"2026-03-08 02:30", "America/New_York", "2026-03-08T03:00:00-04:00"}, // skipped
		{"2026-11-01 01:30", "America/New_York", "2026-11-01T01:30:00-04:00"}, // doubled
		{"2028-02-29 00:00", "UTC", "2028-02-29T00:00:00Z"},
	} {
		s := schedule(t, c.text, c.zone)
		want, err := time.Parse(time.RFC3339, c.want)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next3(want.Add(-time.Millisecond)); len(got) != 1 || got[0].Format(time.RFC3339) != c.want {
			t.Errorf("%q: got %v, want %s", c.text, got, c.want)
		}
		if got := s.Next(want); !got.IsZero() || s.Yearly() {
			t.Errorf("%q comes again: %v", c.text, got)
		}
	}
}

// TestScheduleFixedTimeOncePerDay: a fixed local time happens exactly once on every local day,
// whatever the clocks do.
func TestScheduleFixedTimeOncePerDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, err := LoadZone(rapid.SampledFrom([]string{
			"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca",
		}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		s, err := ParseSchedule(time.Date(0, 1, 1, hour, minute, 0, 0, time.UTC).Format("4 15")+" * * *", loc)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(t, "unix"), 0).In(loc)
		at = s.Next(at)
		for range 200 {
			next := s.Next(at)
			y, m, d := at.Date()
			if want := WallClock(y, m, d+1, hour, minute, 0, 0, loc); !next.Equal(want) {
				t.Fatalf("after %s: got %s, want %s", at, next, want)
			}
			at = next
		}
	})
}

// TestScheduleYearly: a line that comes on one day of the year is told, also where that day is counted.
func TestScheduleYearly(t *testing.T) {
	for line, want := range map[string]bool{
		"0 10 11 11 *": true, "0 10 L 2 *": true, "0 10 * 5 0#2": true, "0 10 * nov 5L": true,
		"0 10 L * *": false, "0 10 * 5 0#1,0#2": false, "0 10 L 2 0#1": false, "0 10 * 5 0": false,
	} {
		if got := schedule(t, line, "UTC").Yearly(); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
}

func TestScheduleNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, err := LoadZone(rapid.SampledFrom(oddZones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		line := rapid.SampledFrom([]string{
			"*/20 * * * *", "0 * * * *", "30 0-4 * * *", "0 */2 * * *", "15 1,2,3 * * 0",
			"* 2 * * *", "0 2 L * *", "* * L * *", "30 1 * * 0L", "30 2 1,L * 0#1,6L",
		}).Draw(t, "line")
		s, err := ParseSchedule(line, loc)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_200_000_000, 1_900_000_000).Draw(t, "unix"), 0)
		if _, end := at.In(loc).ZoneBounds(); !end.IsZero() {
			at = end.Add(-4 * time.Hour)
		}
		for range 30 {
			next := s.Next(at)
			if !next.After(at) {
				t.Fatalf("after %s comes %s", at, next)
			}
			at = next
		}
	})
}

func TestNext3(t *testing.T) {
	got := schedule(t, "0 10 * * 1", "Asia/Shanghai").Next3(time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC))
	if len(got) != 3 || got[2].Format(time.RFC3339) != "2026-04-13T10:00:00+08:00" {
		t.Errorf("got %v", got)
	}
	if s := (&Schedule{Cron: "0 10 * * *", Zone: time.UTC}); s.Next(time.Unix(0, 0)).IsZero() {
		t.Error("a schedule that was not parsed has no next occurrence")
	}
}
