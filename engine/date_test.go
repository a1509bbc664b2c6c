package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// change is something that happens to a member in a test of dates: local time, and the attributes
// that it sets.
type change struct {
	at  string
	set map[string]any
}

// A date comes once, or once a year, wherever the member is and goes, also when it is corrected;
// and it does come.
func TestDatesComeOnce(t *testing.T) {
	zone := func(name string) map[string]any { return map[string]any{"timezone": name} }
	born := func(day, zone string) map[string]any { return map[string]any{"born": day, "timezone": zone} }
	for name, c := range map[string]struct {
		trigger string
		changes []change
		until   string
		want    []string // UTC
	}{
		"moves west after it": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-03", "America/Los_Angeles")},
				{"2026-05-03T16:30:00Z", zone("Pacific/Honolulu")},
			},
			"2027-05-10T00:00:00Z",
			[]string{"2026-05-03T16:00:00Z", "2027-05-03T19:00:00Z"},
		},
		"moves west after it, by the Chinese calendar": {
			`{date: member.born, every: year, calendar: lunar, at: "09:00"}`,
			[]change{
				{"2026-09-20T00:00:00Z", born("1990-10-03", "America/Los_Angeles")}, // the 15th of the eighth month
				{"2026-09-25T16:30:00Z", zone("Pacific/Honolulu")},
			},
			"2027-09-30T00:00:00Z",
			[]string{"2026-09-25T16:00:00Z", "2027-09-15T19:00:00Z"},
		},
		"moves east over it, by the Chinese calendar": {
			`{date: member.born, every: year, calendar: lunar, at: "09:00"}`,
			[]change{
				{"2026-09-20T00:00:00Z", born("1990-10-03", "America/Los_Angeles")},
				{"2026-09-25T10:00:00Z", zone("Pacific/Auckland")},
			},
			"2027-09-30T00:00:00Z",
			[]string{"2026-09-25T10:00:00Z", "2027-09-14T21:00:00Z"},
		},
		"moves west before it": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-03", "Asia/Shanghai")},
				{"2026-05-03T00:59:00Z", zone("Europe/London")},
			},
			"2027-05-01T00:00:00Z",
			[]string{"2026-05-03T08:00:00Z"},
		},
		"moves east over it": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-03", "America/Los_Angeles")},
				{"2026-05-03T10:00:00Z", zone("Pacific/Auckland")},
			},
			"2027-05-10T00:00:00Z",
			[]string{"2026-05-03T10:00:00Z", "2027-05-02T21:00:00Z"},
		},
		"there and back over the date line": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-03", "Pacific/Pago_Pago")},
				{"2026-05-03T00:00:00Z", zone("Pacific/Auckland")},
				{"2026-05-03T01:00:00Z", zone("Pacific/Pago_Pago")},
			},
			"2027-05-01T00:00:00Z",
			[]string{"2026-05-03T00:00:00Z"},
		},
		"the birthday is corrected after it": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{{"2026-05-01T00:00:00Z", born("1990-05-03", "UTC")}, {"2026-06-01T00:00:00Z", born("1990-09-05", "UTC")}},
			"2027-12-01T00:00:00Z",
			[]string{"2026-05-03T09:00:00Z", "2027-09-05T09:00:00Z"},
		},
		"the birthday is corrected to a day that is over": {
			`{date: member.born, every: year, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-03", "UTC")},
				{"2026-05-02T00:00:00Z", born("1990-05-01", "Asia/Tokyo")},
			},
			"2027-06-01T00:00:00Z",
			[]string{"2027-05-01T00:00:00Z"},
		},
		"an offset that leads into the year before": {
			`{date: member.born, every: year, offset: -3d, at: "09:00"}`,
			[]change{
				{"2026-12-01T00:00:00Z", born("1990-01-02", "Asia/Shanghai")},
				{"2026-12-30T02:00:00Z", zone("America/New_York")},
				{"2026-12-31T20:00:00Z", born("1990-01-20", "America/New_York")},
			},
			"2028-01-25T00:00:00Z",
			[]string{"2026-12-30T01:00:00Z", "2028-01-17T14:00:00Z"},
		},
		"february 29": {
			`{date: member.born, every: year, at: "23:30"}`,
			[]change{
				{"2026-02-01T00:00:00Z", born("2000-02-29", "Asia/Tokyo")},
				{"2026-02-28T14:40:00Z", zone("America/New_York")},
			},
			"2028-03-05T00:00:00Z",
			[]string{"2026-02-28T14:30:00Z", "2027-03-01T04:30:00Z", "2028-03-01T04:30:00Z"},
		},
		"a time that daylight saving skips": {
			`{date: member.born, every: year, at: "02:30"}`,
			[]change{
				{"2026-03-01T00:00:00Z", born("1990-03-08", "America/New_York")},
				{"2026-03-08T07:10:00Z", zone("America/Chicago")},
			},
			"2027-03-01T00:00:00Z",
			[]string{"2026-03-08T07:00:00Z"},
		},
		"once, and moves west": {
			`{date: member.born, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("2026-05-03", "Asia/Shanghai")},
				{"2026-05-03T02:00:00Z", zone("America/New_York")},
			},
			"2027-06-01T00:00:00Z",
			[]string{"2026-05-03T01:00:00Z"},
		},
		"once, and set anew": {
			`{date: member.born, at: "09:00"}`,
			[]change{{"2026-05-01T00:00:00Z", born("2026-05-03", "UTC")}, {"2026-05-04T00:00:00Z", born("2026-06-03", "UTC")}},
			"2027-06-01T00:00:00Z",
			[]string{"2026-05-03T09:00:00Z", "2026-06-03T09:00:00Z"},
		},
		"every month, on days that some lack": {
			`{date: member.born, every: month, at: "09:00"}`,
			[]change{{"2028-01-15T00:00:00Z", born("2025-12-31", "UTC")}},
			"2028-06-01T00:00:00Z",
			[]string{
				"2028-01-31T09:00:00Z", "2028-02-29T09:00:00Z", "2028-03-31T09:00:00Z", "2028-04-30T09:00:00Z",
				"2028-05-31T09:00:00Z",
			},
		},
		"every month from the date on, with an offset over new year": {
			`{date: member.born, every: month, offset: -40d, at: "09:00"}`,
			[]change{{"2026-10-01T00:00:00Z", born("2027-01-30", "UTC")}},
			"2027-03-01T00:00:00Z",
			// 40 days before January 30, February 28 and March 30
			[]string{"2026-12-21T09:00:00Z", "2027-01-19T09:00:00Z", "2027-02-18T09:00:00Z"},
		},
		"every month, moves west after it": {
			`{date: member.born, every: month, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-31", "America/Los_Angeles")},
				{"2026-05-31T16:30:00Z", zone("Pacific/Honolulu")},
			},
			"2026-07-10T00:00:00Z",
			[]string{"2026-05-31T16:00:00Z", "2026-06-30T19:00:00Z"},
		},
		"every month, moves east over it": {
			`{date: member.born, every: month, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-05-31", "America/Los_Angeles")},
				{"2026-05-31T10:00:00Z", zone("Pacific/Auckland")},
			},
			"2026-07-10T00:00:00Z",
			[]string{"2026-05-31T10:00:00Z", "2026-06-29T21:00:00Z"},
		},
		"every month, corrected after it": {
			`{date: member.born, every: month, at: "09:00"}`,
			[]change{
				{"2026-05-01T00:00:00Z", born("1990-01-03", "UTC")}, {"2026-05-04T00:00:00Z", born("1990-01-05", "UTC")},
			},
			"2026-07-01T00:00:00Z",
			[]string{"2026-05-03T09:00:00Z", "2026-06-05T09:00:00Z"},
		},
		"every month, at a time that daylight saving skips": {
			`{date: member.born, every: month, at: "02:30"}`,
			[]change{{"2026-02-20T00:00:00Z", born("1990-01-08", "America/New_York")}},
			"2026-05-01T00:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-04-08T06:30:00Z"},
		},
		"every month, a datetime on another day elsewhere": {
			`{date: member.signed, every: month, at: "10:00"}`,
			[]change{
				{"2026-06-01T00:00:00Z", map[string]any{"signed": "2021-01-01T03:00:00Z", "timezone": "America/New_York"}},
				{"2026-06-30T16:00:00Z", zone("Asia/Shanghai")},
			},
			"2026-08-15T00:00:00Z",
			// on the 31st in New York, on the 1st in Shanghai: the 67th has been
			[]string{"2026-06-30T14:00:00Z", "2026-08-01T02:00:00Z"},
		},
		"a datetime around new year": {
			`{date: member.signed, every: year, at: "10:00"}`,
			[]change{
				{"2026-06-01T00:00:00Z", map[string]any{"signed": "2021-01-01T03:00:00Z", "timezone": "America/New_York"}},
				{"2026-12-31T16:00:00Z", zone("Asia/Shanghai")},
			},
			"2027-12-01T00:00:00Z",
			[]string{"2026-12-31T15:00:00Z"},
		},
	} {
		e := newEngine(load(t, map[string]string{
			"usher.yaml":       "usher: 1\ntimezone: Asia/Shanghai\nmember: {born: date, signed: datetime}\nevents: {visit: {}}\nchannels: {out: {type: log}}\n",
			"playbooks/a.yaml": "id: a\nstage: retention\ntrigger: " + c.trigger + "\nmode: parallel\nactions: [{points: 1}]\n",
		}))
		var inputs []engine.Input
		for i, ch := range c.changes {
			at, err := time.Parse(time.RFC3339, ch.at)
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, engine.Input{
				Seq: int64(i + 1), Kind: engine.InputUpdate, ID: fmt.Sprint(i), Member: "m", Time: at, At: at,
				Payload: &engine.Payload{Attributes: ch.set},
			})
		}
		until, err := time.Parse(time.RFC3339, c.until)
		if err != nil {
			t.Fatal(err)
		}
		one, many := newShell(t, e), newShell(t, e)
		one.decide(inputs, until)
		for _, in := range inputs {
			many.decide([]engine.Input{in}, in.At)
		}
		many.decide(nil, until)
		var got []string
		for _, id := range one.order {
			got = append(got, one.runs[id].StartedAt.Format(time.RFC3339))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: came at %v, want %v", name, got, c.want)
		}
		if a, b := one.outcome(), many.outcome(); a != b {
			t.Errorf("%s: in a batch:\n%s\none by one:\n%s", name, a, b)
		}
	}
}
