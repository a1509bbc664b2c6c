package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const weekly = `id: weekly
stage: retention
trigger: {schedule: "0 10 * * *", segment: buyers, missed: MISSED}
mode: parallel
actions:
  - message: {channel: shop, text: "hello", class: transactional}
`

var morning = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

// An occurrence reaches the members of its segment once each, whoever looks how often.
func TestScheduleFansOut(t *testing.T) { laned(t, testScheduleFansOut) }

func testScheduleFansOut(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(strings.ReplaceAll(weekly, "MISSED", "skip"), thanks)
	wk := w.run()
	w.accept(order("e1", "buyer-1"), order("e2", "buyer-2"),
		engine.Input{Kind: engine.InputEvent, ID: "e3", Member: "other", Name: "member.left"})
	w.until("the members", func() bool {
		_, err := w.Member(w.ctx, "other")
		return err == nil && w.state("thanks", engine.RunDone) == 2
	})
	for _, at := range []time.Time{morning.Add(-time.Minute), morning.Add(time.Second), morning.Add(2 * time.Second)} {
		if err := wk.Tick(w.ctx, at); err != nil {
			t.Fatal(err)
		}
	}
	w.until("the runs", func() bool { return w.state("weekly", engine.RunDone) == 2 })
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "weekly"})
	if err != nil || len(runs) != 2 || !runs[0].StartedAt.Equal(morning) {
		t.Fatalf("runs %+v, %v", runs, err)
	}
}

// Each of several schedules of a playbook comes by itself, whatever the others did, and says which it was.
func TestSeveralSchedules(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate("id: weekly\nstage: retention\nmode: parallel\ntrigger:\n  any:\n" +
		"    - {id: hourly, schedule: \"0 * * * *\", timezone: UTC}\n" +
		"    - {id: daily, schedule: \"0 10 * * *\", timezone: UTC, missed: run_once}\nactions:\n  - tag: = trigger.via\n")
	wk := w.worker()
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	fence, err := w.Claim(w.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(w.ctx, 0, fence, 0, &engine.Changes{Members: []*engine.Member{{ID: "m"}}}); err != nil {
		t.Fatal(err)
	}
	reached := func(via string, at time.Time) int {
		t.Helper()
		last, err := w.LastOccurrence(w.ctx, "weekly", via)
		if err != nil || !last.At.Equal(at) {
			t.Fatalf("last occurrence of %s: %+v, %v; want it at %v", via, last, err, at)
		}
		return last.Reached
	}
	hours := func(n int) time.Time { return morning.Add(time.Duration(n) * time.Hour) }
	for _, at := range []time.Time{hours(-2), hours(0), hours(1), hours(26)} {
		if err := wk.Tick(w.ctx, at); err != nil {
			t.Fatal(err)
		}
		if open, err := wk.CarryOut(w.ctx); open || err != nil {
			t.Fatalf("open: %v, %v", open, err)
		}
	}
	if n := reached("hourly", hours(26)); n != 1 {
		t.Errorf("the hour reached %d members, want 1", n)
	}
	if n := reached("daily", hours(24)); n != 1 {
		t.Errorf("the day that was missed reached %d members, want 1", n)
	}
	if n := w.brought(); n != 5 { // hourly at 0, 1 and 26, daily at 0 and 24
		t.Errorf("%d inputs, want 5", n)
	}
	w.run()
	w.until("the runs", func() bool { return w.state("weekly", engine.RunDone) == 5 })
	m, err := w.Member(w.ctx, "m")
	if err != nil || !slices.Equal(m.Tags, []string{"daily", "hourly"}) {
		t.Fatalf("tags %v, %v", m.Tags, err)
	}
}

func TestMissedOccurrences(t *testing.T) {
	for missed, want := range map[string]int{"skip": 0, "run_once": 1} {
		t.Run(missed, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(strings.ReplaceAll(strings.ReplaceAll(weekly, "MISSED", missed), "segment: buyers, ", ""))
			wk := w.worker()
			if err := wk.Refresh(w.ctx); err != nil {
				t.Fatal(err)
			}
			fence, err := w.Claim(w.ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(w.ctx, 0, fence, 0, &engine.Changes{Members: []*engine.Member{{ID: "m"}}}); err != nil {
				t.Fatal(err)
			}
			for _, at := range []time.Time{
				morning, morning.AddDate(0, 0, 5).Add(-time.Hour),
				morning.AddDate(0, 0, 5).Add(-time.Hour),
			} {
				if err := wk.Tick(w.ctx, at); err != nil {
					t.Fatal(err)
				}
				if open, err := wk.CarryOut(w.ctx); open || err != nil {
					t.Fatalf("open: %v, %v", open, err)
				}
			}
			last, err := w.LastOccurrence(w.ctx, "weekly", "")
			state := map[string]store.JobState{"skip": store.JobSkipped, "run_once": store.JobDone}[missed]
			if err != nil || !last.At.Equal(morning.AddDate(0, 0, 4)) || last.State != state || last.Reached != want {
				t.Fatalf("last occurrence %+v, %v", last, err)
			}
			if n := w.brought(); n != want {
				t.Errorf("%d runs for 4 missed occurrences, want %d", n, want)
			}
		})
	}
}

// A schedule that comes once comes once, is missed like any other, and comes again when it is written for another
// instant.
func TestScheduleOnce(t *testing.T) {
	for name, c := range map[string]struct {
		missed string
		late   time.Duration
		want   int
	}{
		"in time":               {"skip", time.Second, 1},
		"missed":                {"skip", time.Hour, 0},
		"missed, and made good": {"run_once", 50 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			once := strings.NewReplacer("MISSED", c.missed, "segment: buyers, ", "", "0 10 * * *", "2027-03-01 10:00")
			w.activate(once.Replace(weekly))
			wk := w.worker()
			tick := func(at time.Time) {
				t.Helper()
				if err := wk.Refresh(w.ctx); err != nil {
					t.Fatal(err)
				}
				if err := wk.Tick(w.ctx, at); err != nil {
					t.Fatal(err)
				}
				if open, err := wk.CarryOut(w.ctx); open || err != nil {
					t.Fatalf("open: %v, %v", open, err)
				}
			}
			fence, err := w.Claim(w.ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(w.ctx, 0, fence, 0, &engine.Changes{Members: []*engine.Member{{ID: "m"}}}); err != nil {
				t.Fatal(err)
			}
			tick(morning.Add(-time.Hour))
			tick(morning.Add(-time.Millisecond))
			if n := w.brought(); n != 0 {
				t.Fatalf("%d runs before its time", n)
			}
			for _, later := range []time.Duration{0, time.Second, 24 * time.Hour, 366 * 24 * time.Hour} {
				tick(morning.Add(c.late + later))
			}
			if n := w.brought(); n != c.want {
				t.Errorf("%d runs, want %d", n, c.want)
			}
			w.activate(strings.ReplaceAll(once.Replace(weekly), "2027-03-01 10:00", "2029-03-01 10:00"))
			tick(time.Date(2029, 3, 1, 10, 0, 1, 0, time.UTC))
			if n := w.brought(); n != c.want+1 {
				t.Errorf("%d runs after it was written for another instant, want %d", n, c.want+1)
			}
		})
	}
}

// A schedule goes to nobody while its playbook is not active: not for occurrences outside, not by a job that was made
// before the playbook was written so. Of what was missed, occurrences outside do not count.
func TestScheduleOutsideOfActive(t *testing.T) {
	w := newWorld(t, embedded(t))
	book := strings.NewReplacer("MISSED", "run_once", "segment: buyers, ", "").Replace(weekly) +
		"active: {from: 2027-03-02, to: 2027-03-04}\n"
	w.activate(book)
	wk := w.worker()
	tick := func(at time.Time) {
		t.Helper()
		if err := wk.Refresh(w.ctx); err != nil {
			t.Fatal(err)
		}
		if err := wk.Tick(w.ctx, at); err != nil {
			t.Fatal(err)
		}
		if open, err := wk.CarryOut(w.ctx); open || err != nil {
			t.Fatalf("open: %v, %v", open, err)
		}
	}
	fence, err := w.Claim(w.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(w.ctx, 0, fence, 0, &engine.Changes{Members: []*engine.Member{{ID: "m"}}}); err != nil {
		t.Fatal(err)
	}
	tick(morning.Add(-time.Hour))
	tick(morning.Add(time.Second)) // March 1
	if n := w.brought(); n != 0 {
		t.Errorf("%d runs before", n)
	}
	tick(morning.AddDate(0, 0, 1).Add(time.Second)) // March 2
	if n := w.brought(); n != 1 {
		t.Errorf("%d runs within", n)
	}
	tick(morning.AddDate(0, 0, 10).Add(time.Hour)) // those of March 3 and 4 were missed
	if n := w.brought(); n != 2 {
		t.Errorf("%d runs with one for those that were missed", n)
	}
	last, err := w.LastOccurrence(w.ctx, "weekly", "")
	if err != nil || !last.At.Equal(morning.AddDate(0, 0, 10)) || last.State != store.JobSkipped ||
		last.Reason != "the playbook was not active then" {
		t.Errorf("last occurrence %+v, %v", last, err)
	}
	w.activate(strings.ReplaceAll(book, "to: 2027-03-04", "to: 2027-03-14"))
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := wk.Tick(w.ctx, morning.AddDate(0, 0, 11)); err != nil {
		t.Fatal(err)
	}
	w.activate(book)
	tick(morning.AddDate(0, 0, 11))
	if n := w.brought(); n != 2 {
		t.Errorf("%d runs after the end was moved", n)
	}
}
