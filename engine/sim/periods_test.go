package sim

import (
	"reflect"
	"testing"

	"github.com/usher-run/usher/engine/tally"
)

func TestPeriods(t *testing.T) {
	day := func(n int) *Day { return &Day{Entered: map[string]int{"p": n}, Messages: map[string]int{"p": 2 * n}} }
	res := &Result{
		Playbooks: map[string]*tally.Stats{"p": tally.NewStats(), "idle": tally.NewStats()},
		Days: map[string]*Day{
			"2025-12-28": day(1),                                             // a Sunday
			"2025-12-29": day(2), "2025-12-31": day(3), "2026-01-04": day(4), // of one week
			"2026-01-05": day(5), "2026-01-06": day(0),
		},
	}
	for by, want := range map[string]map[string]int{
		"day":   {"2025-12-28": 1, "2025-12-29": 2, "2025-12-31": 3, "2026-01-04": 4, "2026-01-05": 5},
		"week":  {"2025-12-22": 1, "2025-12-29": 9, "2026-01-05": 5},
		"month": {"2025-12-01": 6, "2026-01-01": 9},
	} {
		res.SumUp(by)
		got := map[string]int{}
		for _, p := range res.Periods["p"] {
			got[p.From] = p.Entered
			if p.Messages != 2*p.Entered {
				t.Errorf("%s %s: %d messages", by, p.From, p.Messages)
			}
		}
		if !reflect.DeepEqual(got, want) || len(res.Periods["p"]) != len(want) {
			t.Errorf("by %s: got %v, want %v", by, got, want)
		}
		if list := res.Periods["idle"]; list == nil || len(list) > 0 {
			t.Errorf("idle: %v", list)
		}
	}
	if rows := res.periodRows("p", "month"); rows[1][0] != "2025-12" {
		t.Errorf("got %v", rows)
	}
}
