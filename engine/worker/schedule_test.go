package worker_test

import (
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
			last, err := w.LastOccurrence(w.ctx, "weekly")
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
