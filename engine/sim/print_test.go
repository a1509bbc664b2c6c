package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks/diag"
	"pgregory.net/rapid"
)

// A terminal's lines are those that are printed: no table of a simulation and no failure of a test
// is wider than it.
func TestTextFitsTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(80, 160).Draw(t, "width")
		word := rapid.StringMatching(`[a-z新客券-]{1,30}`)
		res := &Result{Playbooks: map[string]*tally.Stats{}, Days: map[string]*Day{}, Events: 1, Members: 1}
		for range rapid.IntRange(1, 4).Draw(t, "playbooks") {
			s := tally.NewStats()
			s.Entered, s.Done = rapid.IntRange(0, 999999).Draw(t, "entered"), rapid.IntRange(0, 999999).Draw(t, "done")
			for range rapid.IntRange(0, 4).Draw(t, "effects") {
				s.Messages[word.Draw(t, "channel")], s.Coupons[word.Draw(t, "pool")], s.Tags.Added[word.Draw(t, "tag")] = 12345,
					12345, 12345
			}
			id := word.Draw(t, "id")
			res.Playbooks[id] = s
			res.Funnels = append(res.Funnels, Funnel{
				Playbook: id, Entered: 1,
				Steps: []FunnelStep{{Name: strings.Repeat(word.Draw(t, "step"), 4), Runs: 1}},
			})
		}
		var out strings.Builder
		if err := res.WriteText(&out, TextOptions{Zone: time.UTC, By: "day", Width: width}); err != nil {
			t.Fatal(err)
		}
		lines := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat("  ", rapid.IntRange(0, 2).Draw(t, "indent")) +
				strings.Repeat(word.Draw(t, "word")+" ", rapid.IntRange(1, 9).Draw(t, "words"))
		}))
		report := &TestReport{Failed: 1, Tests: []TestResult{{Playbook: "a", Name: "b", Failure: &Failure{
			Pos: diag.Pos{File: "a.yaml"}, Message: "m", Expected: lines.Draw(t, "expected"),
			Happened: lines.Draw(t, "happened"),
		}}}}
		report.SetWidth(width)
		if err := report.Write(&out, "text", false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if got := ansi.StringWidth(strings.TrimSuffix(line, "\n")); got > width {
				t.Fatalf("%d columns on a terminal of %d: %q\n%s", got, width, line, out.String())
			}
		}
	})
}

// What does not fit in one table stands in two, with whole numbers and names of columns.
func TestANarrowSimulationCutsNoNumber(t *testing.T) {
	s := tally.NewStats()
	s.Entered, s.Messages["shop"], s.Coupons["newcomer-10"], s.Tags.Added["hesitant"] = 3, 4, 5, 6
	res := &Result{
		Playbooks: map[string]*tally.Stats{"welcome-of-all-who-come": s}, Days: map[string]*Day{}, Events: 1,
		Members: 1,
	}
	var out strings.Builder
	if err := res.WriteText(&out, TextOptions{Zone: time.UTC, By: "day", Width: 80}); err != nil {
		t.Fatal(err)
	}
	const want = `
playbook              entered  holdout  waiting  done  exited  failed  converted
welcome-of-all-who-…  3        -        -        -     -       -       -

playbook                 messages, coupons and tags
welcome-of-all-who-come  shop 4, newcomer-10 5, +hesitant 6
`
	if _, got, _ := strings.Cut(out.String(), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// All times of a trace are in its zone, those of results too, which hold them as text.
func TestTraceHasOneZone(t *testing.T) {
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	res := &Result{Trace: []MemberEntry{
		{At: at, Playbook: "a", Step: "m", What: "result", Detail: map[string]any{"delivered_at": at.Format(time.RFC3339Nano)}},
		{At: at, Playbook: "a", Step: "w", What: "wait", Detail: map[string]any{"until": at}},
	}}
	var out strings.Builder
	if err := res.WriteTrace(&out, TextOptions{Zone: time.FixedZone("", 8*3600)}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "2026-01-05 18:00:00 +0800"); n != 4 {
		t.Errorf("%d times in the zone:\n%s", n, out.String())
	}
}
