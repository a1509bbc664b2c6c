package history

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

// What a window holds is [now - w, now], counted on the member's wall clock, or what is of a period of
// the calendar, whatever clocks do and whatever was forgotten before.
func TestWindows(t *testing.T) {
	// Around the ends of daylight saving, half an hour of it, a day that never was, and a zone that
	// has none.
	around := map[string][]string{
		"America/New_York":    {"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"},
		"Australia/Lord_Howe": {"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"},
		"Pacific/Apia":        {"2011-12-30T10:00:00Z", "2011-09-24T14:00:00Z", "2011-04-02T14:00:00Z"},
		"America/Sao_Paulo":   {"2018-11-04T03:00:00Z", "2018-02-18T02:00:00Z"},
		"Asia/Shanghai":       {"2026-03-01T00:00:00Z"},
	}
	names := []string{"America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "Asia/Shanghai"}
	var windows []schema.Window
	for _, text := range append([]string{"1s", "30m", "24h", "25h", "1d", "2d", "1w"}, schema.WindowNames()...) {
		w, err := schema.ParseWindow(text)
		if err != nil {
			t.Fatal(err)
		}
		windows = append(windows, w)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		change, err := time.Parse(time.RFC3339, rapid.SampledFrom(around[name]).Draw(t, "change"))
		if err != nil {
			t.Fatal(err)
		}
		read := rapid.SliceOfNDistinct(rapid.SampledFrom(windows), 1, 3, rapid.ID).Draw(t, "windows")
		track := &Tracking{items: rapid.Bool().Draw(t, "items"), allItems: false}
		for _, w := range read {
			track.longest = max(track.longest, w.Longest())
		}
		track.allItems = track.items && rapid.Bool().Draw(t, "all")
		ev := &Reader{
			History: &History{}, Zone: zone,
			Now: change.Add(-time.Duration(rapid.IntRange(0, 72).Draw(t, "before")) * time.Hour),
		}
		var all []time.Time
		for i := range rapid.IntRange(1, 40).Draw(t, "events") {
			ev.Now = ev.Now.Add(rapid.SampledFrom([]time.Duration{
				0, time.Millisecond, 29 * time.Minute, time.Hour,
				6 * time.Hour, 24 * time.Hour,
			}).Draw(t, "step"))
			at := ev.Now
			if rapid.Bool().Draw(t, "late") { // at a window's very end, or beside it
				from, to := rapid.SampledFrom(windows).Draw(t, "of").Span(ev.Now.In(zone))
				end := rapid.SampledFrom([]int64{from, to}).Draw(t, "end")
				at = time.UnixMilli(end + int64(rapid.IntRange(-1, 1).Draw(t, "beside")))
			}
			at = at.UTC()
			if at.After(ev.Now) {
				at = ev.Now
			}
			ev.History.put("x", &Event{ID: fmt.Sprint(i), Place: int64(i), Time: at, At: ev.Now}, track)
			all = append(all, at)
			if got, err := ev.Count(expression.Slot{Event: "x"}); got != len(all) || err != nil {
				t.Fatalf("%d of %d events count", got, len(all))
			}
			for _, w := range read {
				checkWindow(t, ev, w, all)
			}
		}
	})
}

// periodOf numbers the period of the calendar that a time is in, on the clocks of its zone.
func periodOf(p schema.Period, at time.Time) int {
	y, m, d := at.Date()
	days := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
	switch p {
	case schema.DayPeriod:
		return days
	case schema.WeekPeriod:
		return (days + 3) / 7 // 1 January 1970 was a Thursday
	case schema.MonthPeriod:
		return 12*y + int(m)
	}
	return y
}

func checkWindow(t *rapid.T, ev *Reader, w schema.Window, all []time.Time) {
	holds := func(at time.Time) bool { return !at.Before(w.Back.Before(ev.Now.In(ev.Zone))) }
	if w.Period != schema.NoPeriod {
		period := periodOf(w.Period, ev.Now.In(ev.Zone))
		if w.Last {
			period--
		}
		holds = func(at time.Time) bool { return periodOf(w.Period, at.In(ev.Zone)) == period }
	}
	var want, got []int64
	for _, at := range all {
		if holds(at) && !at.After(ev.Now) {
			want = append(want, at.UnixMilli())
		}
	}
	slices.Sort(want)
	for _, h := range ev.list(expression.Slot{Event: "x", Window: w}) {
		got = append(got, h.time)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v before %v holds %v, want %v", w, ev.Now.In(ev.Zone), got, want)
	}
}
