package playbooks_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
	"pgregory.net/rapid"
)

// Quiet hours end when the clock shows their end the next time: the second time where it shows it
// twice and the first is over.
func TestEndOfQuietHours(t *testing.T) {
	for _, c := range []struct{ zone, from, at, to, end string }{ // end empty: not quiet
		{"UTC", "22:00", "2026-03-01T23:00:00Z", "08:00", "2026-03-02T08:00:00Z"},
		{"UTC", "22:00", "2026-03-02T07:59:59Z", "08:00", "2026-03-02T08:00:00Z"},
		{"UTC", "22:00", "2026-03-02T08:00:00Z", "08:00", ""},
		{"UTC", "12:00", "2026-03-02T13:00:00Z", "14:00", "2026-03-02T14:00:00Z"},
		{"America/New_York", "22:00", "2026-11-01T05:10:00Z", "01:30", "2026-11-01T05:30:00Z"},
		{"America/New_York", "22:00", "2026-11-01T05:40:00Z", "01:30", ""},
		{"America/New_York", "22:00", "2026-11-01T06:10:20Z", "01:30", "2026-11-01T06:30:00Z"}, // 01:10 again
		{"America/New_York", "22:00", "2026-11-01T06:30:00Z", "01:30", ""},
		{"America/New_York", "22:00", "2026-11-01T05:10:00Z", "02:00", "2026-11-01T07:00:00Z"},
		{"America/New_York", "22:00", "2026-03-08T06:10:00Z", "02:30", "2026-03-08T07:00:00Z"}, // 02:30 is skipped
		{"Australia/Lord_Howe", "22:00", "2026-04-04T15:10:00Z", "01:45", "2026-04-04T15:15:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		end, quiet := quietHours(t, c.zone, c.from, c.to).QuietEnd(at)
		if got := end.UTC().Format(time.RFC3339); quiet != (c.end != "") || quiet && got != c.end {
			t.Errorf("%s to %s in %s at %s: %v, to %s; want %q", c.from, c.to, c.zone, c.at, quiet, got, c.end)
		}
	}
}

// Quiet hours end later than it is, wherever clocks change.
func TestQuietHoursEndLater(t *testing.T) {
	changes := map[string]string{ // of clocks
		"America/New_York": "2026-11-01T06:00:00Z", "Europe/London": "2026-03-29T01:00:00Z",
		"Australia/Lord_Howe": "2026-04-04T15:00:00Z", "America/Sao_Paulo": "2018-11-04T03:00:00Z",
		"Pacific/Apia": "2011-12-30T10:00:00Z",
	}
	clock := rapid.Custom(func(t *rapid.T) string {
		minute := rapid.OneOf(rapid.IntRange(0, 3*60), rapid.IntRange(0, 24*60-1)).Draw(t, "minute")
		return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC).Format("15:04")
	})
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"}).Draw(t, "zone")
		s := quietHours(t, zone, clock.Draw(t, "from"), clock.Draw(t, "to"))
		change, err := time.Parse(time.RFC3339, changes[zone])
		if err != nil {
			t.Fatal(err)
		}
		at := change.Add(time.Duration(rapid.IntRange(-200_000, 200_000).Draw(t, "second")) * time.Second)
		end, quiet := s.QuietEnd(at)
		if quiet && (!end.After(at) || end.Sub(at) > 26*time.Hour) {
			t.Errorf("quiet hours of %s at %s end at %s", zone, at.In(s.Timezone), end)
		}
	})
}

func quietHours(t interface{ Fatal(args ...any) }, zone, from, to string) *playbooks.Schema {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	minute := func(clock string) int {
		c, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return c.Hour()*60 + c.Minute()
	}
	return &playbooks.Schema{Timezone: loc, Quiet: &playbooks.QuietHours{From: minute(from), To: minute(to), Zone: loc}}
}
