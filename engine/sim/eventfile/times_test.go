package eventfile

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestReadTime(t *testing.T) {
	shanghai := zoneOf(t, "Asia/Shanghai")
	tests := map[string]string{
		"2026-03-02T10:00:00+08:00":   "2026-03-02T02:00:00Z",
		"2026-03-02 10:00:00":         "2026-03-02T02:00:00Z",
		"2026-03-02T10:00":            "2026-03-02T02:00:00Z",
		"2026-3-2 9:05":               "2026-03-02T01:05:00Z",
		"2026/3/2 10:00":              "2026-03-02T02:00:00Z",
		"2026/03/02 10:00:00.250":     "2026-03-02T02:00:00.25Z",
		"2026.3.2 10:00":              "2026-03-02T02:00:00Z",
		"2026-3-2":                    "2026-03-01T16:00:00Z",
		"2026年3月2日":                   "2026-03-01T16:00:00Z",
		"2026年3月2日 10:00":             "2026-03-02T02:00:00Z",
		"2026年03月02日10时05分09秒":        "2026-03-02T02:05:09Z",
		"2026年3月2日 10点":               "2026-03-02T02:00:00Z",
		"2026/3/2 下午 3:00":            "2026-03-02T07:00:00Z",
		"2026/3/2 上午12:30":            "2026-03-01T16:30:00Z",
		"2026-03-02 3:00 PM":          "2026-03-02T07:00:00Z",
		"2026-08-04 05:24:22 +0500":   "2026-08-04T00:24:22Z",
		"2026-08-04 05:24:22 +05:00":  "2026-08-04T00:24:22Z",
		"2026-08-04 05:24:22-07":      "2026-08-04T12:24:22Z",
		"2026-08-04T05:24:22.123456Z": "2026-08-04T05:24:22.123Z",
		"2026-08-04 05:24:22 UTC":     "2026-08-04T05:24:22Z",
		"20260302":                    "2026-03-01T16:00:00Z",
		"20260302100000":              "2026-03-02T02:00:00Z",
		"202603021000":                "2026-03-02T02:00:00Z",
		"20260302T100000Z":            "2026-03-02T10:00:00Z",
		"1772416800":                  "2026-03-02T02:00:00Z",
		"1772416800123":               "2026-03-02T02:00:00.123Z",
		"２０２６－０３－０２　１０：００": "2026-03-02T02:00:00Z",
		" 2026-03-02 10:00 ": "2026-03-02T02:00:00Z",

		"3/2/2026":                "month first and day first",
		"02.03.2026 10:00":        "month first and day first",
		"26-3-2":                  "two digits",
		"46083.4166":              "a spreadsheet keeps for a date",
		"2026-03-02 10:00:00 CST": "write the offset",
		"2026-02-30":              "no such day",
		"2026-13-01":              "no such month",
		"2026-03-02 25:00":        "no such time",
		"2026-03-02 13:00 AM":     "do not go together",
		"0000-00-00 00:00:00":     "no such month",
		"yesterday":               "is not a time like",
		"177241680":               "is not a time like",
		"-":                       "is not a time like",
		"2026-03-02 10:00 +99:00": "no offset",
	}
	for text, want := range tests {
		got, err := ReadTime(text, shanghai)
		switch {
		case err != nil && strings.HasPrefix(want, "20"), err == nil && !strings.HasPrefix(want, "20"):
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		case err != nil && !strings.Contains(err.Error(), want), err == nil && got.Format(time.RFC3339Nano) != want:
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

// Without a zone a wall clock is no instant.
func TestReadTimeWithoutZone(t *testing.T) {
	if _, err := ReadTime("2026-03-02 10:00", nil); err == nil || !strings.Contains(err.Error(), "--timezone") {
		t.Errorf("got %v", err)
	}
	if got, err := ReadTime("2026-03-02 10:00 +0800", nil); err != nil || got.Hour() != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

// What daylight saving does to a wall clock is as the language has it: one that is skipped is right
// after the gap, one that comes twice is the first.
func TestReadTimeAroundDaylightSaving(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for text, want := range map[string]string{
		"2026-03-29 02:30:00": "2026-03-29T01:00:00Z", // skipped
		"2026-10-25 02:30:00": "2026-10-25T00:30:00Z", // twice
		"2026-10-25 03:00:00": "2026-10-25T02:00:00Z",
	} {
		if got, err := ReadTime(text, berlin); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}

// A time is read as the instant at which the zone's clock shows it, in whatever form it is written.
func TestTimesInEveryForm(t *testing.T) {
	zones := []*time.Location{
		zoneOf(t, "Asia/Shanghai"), zoneOf(t, "America/New_York"),
		zoneOf(t, "Australia/Lord_Howe"), time.UTC,
	}
	forms := []string{
		"2006-01-02 15:04:05", "2006/1/2 15:04:05", "2006.01.02 15:04:05", "2006年1月2日 15:04:05",
		"2006年1月2日15时4分5秒", "20060102150405", "2006-1-2 3:04:05 PM",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "at"), 0).In(zone)
		text := at.Format(rapid.SampledFrom(forms).Draw(t, "form"))
		want := schema.WallClock(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
		if got, err := ReadTime(text, zone); err != nil || !got.Equal(want) {
			t.Errorf("%s in %s: %v, %v; want %v", text, zone, got, err, want)
		}
	})
}
