package playbooks_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// A quota begins anew by the calendar of its zone, also where clocks change.
func TestPeriodsOfQuotas(t *testing.T) {
	for _, c := range []struct {
		per            playbooks.Per
		zone, at, name string
		end            string // empty: never
	}{
		{playbooks.PerDay, "Asia/Shanghai", "2026-11-10T16:00:00Z", "day 2026-11-11", "2026-11-11T16:00:00Z"},
		{playbooks.PerDay, "Asia/Shanghai", "2026-11-11T15:59:59.999Z", "day 2026-11-11", "2026-11-11T16:00:00Z"},
		{playbooks.PerDay, "America/New_York", "2026-03-08T12:00:00Z", "day 2026-03-08", "2026-03-09T04:00:00Z"}, // of 23 hours
		{playbooks.PerDay, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "day 2018-11-04", "2018-11-05T02:00:00Z"},
		{playbooks.PerDay, "America/Sao_Paulo", "2018-11-03T12:00:00Z", "day 2018-11-03", "2018-11-04T03:00:00Z"}, // 00:00 is skipped
		{playbooks.PerDay, "Pacific/Apia", "2011-12-30T09:00:00Z", "day 2011-12-29", "2011-12-30T10:00:00Z"},      // 12-30 was none
		{playbooks.PerWeek, "UTC", "2026-03-01T23:59:59Z", "week 2026-02-23", "2026-03-02T00:00:00Z"},             // a Sunday
		{playbooks.PerWeek, "UTC", "2026-03-02T00:00:00Z", "week 2026-03-02", "2026-03-09T00:00:00Z"},
		{playbooks.PerWeek, "UTC", "2027-01-02T00:00:00Z", "week 2026-12-28", "2027-01-04T00:00:00Z"},
		{playbooks.PerMonth, "UTC", "2028-02-29T23:00:00Z", "month 2028-02", "2028-03-01T00:00:00Z"},
		{playbooks.PerMonth, "Asia/Shanghai", "2028-02-29T16:00:00Z", "month 2028-03", "2028-03-31T16:00:00Z"},
		{playbooks.PerHour, "Asia/Kolkata", "2026-03-01T00:29:59Z", "hour 2026-03-01T05+05:30", "2026-03-01T00:30:00Z"},
		{playbooks.PerHour, "UTC", "2026-03-01T05:59:59Z", "hour 2026-03-01T05Z", "2026-03-01T06:00:00Z"},
		{playbooks.PerHour, "America/New_York", "2026-11-01T05:30:00Z", "hour 2026-11-01T01-04:00", "2026-11-01T06:00:00Z"},
		{playbooks.PerHour, "America/New_York", "2026-11-01T06:30:00Z", "hour 2026-11-01T01-05:00", "2026-11-01T07:00:00Z"}, // again
		{playbooks.PerEver, "UTC", "2026-11-01T06:30:00Z", "all", ""},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		q := &playbooks.Quota{Max: 1, Per: c.per}
		name, end := q.Period(at.In(zone))
		got := ""
		if !end.IsZero() {
			got = end.Format(time.RFC3339Nano)
		}
		if name != c.name || got != c.end {
			t.Errorf("%s of %s at %s: %q until %s, want %q until %s", c.per, c.zone, c.at, name, got, c.name, c.end)
		}
	}
}
