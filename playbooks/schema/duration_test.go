package schema

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// oddZones have what arithmetic on local time gets wrong: gaps and doubled hours on either
// hemisphere, half an hour of daylight saving, a gap at midnight, a day that never was, and none of
// it.
var oddZones = []string{
	"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "America/Sao_Paulo", "Pacific/Apia",
	"Africa/Casablanca", "Asia/Beirut", "Europe/Dublin", "America/St_Johns", "UTC",
}

// slowWallClock is WallClock by trying every minute of the days around: the first that shows the
// wanted clock, else the first that shows a later one.
func slowWallClock(year int, month time.Month, day, hour, minute int, loc *time.Location) time.Time {
	want := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	start := want.Add(-36 * time.Hour)
	var later time.Time
	for i := range 72 * 60 {
		at := start.Add(time.Duration(i) * time.Minute).In(loc)
		shown := ShownAs(at)
		if shown.Equal(want) {
			return at
		}
		if later.IsZero() && shown.After(want) {
			later = at
		}
	}
	return later
}

func TestWallClockIsTheFirstInstantThatShowsIt(t *testing.T) {
	locs := make([]*time.Location, len(oddZones))
	for i, name := range oddZones {
		locs[i] = zone(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(locs).Draw(t, "zone")
		// Changes of the clock are rare: half the days are taken right around one.
		day := time.Unix(rapid.Int64Range(1_200_000_000, 2_000_000_000).Draw(t, "unix"), 0).In(loc)
		if rapid.Bool().Draw(t, "near a change") {
			if _, end := day.ZoneBounds(); !end.IsZero() {
				day = end.Add(time.Duration(rapid.IntRange(-180, 180).Draw(t, "minutes")) * time.Minute)
			}
		}
		y, m, d := day.Date()
		hour, minute := day.Hour(), day.Minute()
		if rapid.Bool().Draw(t, "another time") {
			hour, minute = rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		}
		got := WallClock(y, m, d, hour, minute, 0, 0, loc)
		if want := slowWallClock(y, m, d, hour, minute, loc); !got.Equal(want) {
			t.Fatalf("%04d-%02d-%02d %02d:%02d in %s: got %s, want %s", y, m, d, hour, minute, loc, got, want)
		}
	})
}

func TestWallClockAroundChanges(t *testing.T) {
	for _, c := range []struct{ zone, local, want string }{
		{"America/New_York", "2026-03-08 02:30", "2026-03-08T03:00:00-04:00"}, // skipped
		{"America/New_York", "2026-11-01 01:30", "2026-11-01T01:30:00-04:00"}, // doubled
		{"Europe/Berlin", "2026-03-29 02:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25 02:59", "2026-10-25T02:59:00+02:00"},
		{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-04T02:30:00+11:00"},
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-05T01:45:00+11:00"},
		{"Pacific/Apia", "2011-12-30 12:00", "2011-12-31T00:00:00+14:00"}, // a day that never was
		{"America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T01:00:00-02:00"},
		{"Asia/Shanghai", "2026-03-29 02:30", "2026-03-29T02:30:00+08:00"},
	} {
		loc := zone(t, c.zone)
		l, err := time.Parse("2006-01-02 15:04", c.local)
		if err != nil {
			t.Fatal(err)
		}
		got := WallClock(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, loc).Format(time.RFC3339)
		if got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.local, c.zone, got, c.want)
		}
	}
}

func TestDurationAfter(t *testing.T) {
	ny := zone(t, "America/New_York")
	start := time.Date(2026, 3, 7, 10, 0, 0, 0, ny)
	for text, want := range map[string]string{
		"1d": "2026-03-08T10:00:00-04:00", "24h": "2026-03-08T11:00:00-04:00", "1w": "2026-03-14T10:00:00-04:00",
		"30s": "2026-03-07T10:00:30-05:00", "-1d": "2026-03-06T10:00:00-05:00",
	} {
		d, err := ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.After(start).Format(time.RFC3339); got != want {
			t.Errorf("%s after %s: got %s, want %s", text, start, got, want)
		}
	}
}

// However the clocks change, a duration in days lies between what it takes at least and at most.
func TestDurationBounds(t *testing.T) {
	locs := make([]*time.Location, len(oddZones))
	for i, name := range oddZones {
		locs[i] = zone(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(locs).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(1_200_000_000, 2_000_000_000).Draw(t, "unix"), 0).In(loc)
		if rapid.Bool().Draw(t, "around the day that never was") {
			at = time.Date(2011, 12, 28, 12, 0, 0, 0, time.UTC).
				Add(time.Duration(rapid.IntRange(0, 96).Draw(t, "hours")) * time.Hour).In(loc)
		}
		d := Duration{Days: rapid.IntRange(1, 400).Draw(t, "days")}
		if took := at.Sub(d.Before(at)); took < d.Shortest() || took > d.Longest() {
			t.Fatalf("%v before %s takes %v, not between %v and %v", d, at, took, d.Shortest(), d.Longest())
		}
	})
}

func TestParseDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration{Days: rapid.IntRange(-MaxDays, MaxDays).Draw(t, "days")}
		if rapid.Bool().Draw(t, "elapsed") {
			d = Duration{Elapsed: time.Duration(rapid.IntRange(-86400*30, 86400*30).Draw(t, "seconds")) * time.Second}
		}
		got, err := ParseDuration(d.String())
		if err != nil || got != d {
			t.Fatalf("%v as %q: got %v, %v", d, d.String(), got, err)
		}
	})
}

func TestParseDurationRefuses(t *testing.T) {
	for _, s := range []string{
		"", "d", "2", "2 d", "2 day", "1.5h", "+2d", "2M", "1d12h", "99999999999999999999d", "３d",
		"0x1d", "1_0d", "--1d", "4000d", "9999999s9",
	} {
		if d, err := ParseDuration(s); err == nil {
			t.Errorf("%q was taken as %v", s, d)
		}
	}
}
