package worker_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// lines is a log that is written and read at once.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), s)
}

// undecided gives the largest age that the gauge shows.
func undecided(t *testing.T, wk *worker.Worker) float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(wk.Metrics); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	most := -1.0
	for _, f := range families {
		if f.GetName() != "usher_undecided_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			most = max(most, m.GetGauge().GetValue())
		}
	}
	return most
}

// A shard that does not move is told: by the gauge at once, in the log when it is old, and when it moves again.
func TestOldInputsAreTold(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(careful)
	log := &lines{}
	var stuck atomic.Bool
	stuck.Store(true)
	w.edit = func(c *worker.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		c.Store = &refusing{c.Store, func(*engine.Changes) error {
			if stuck.Load() {
				return errors.New("disk I/O error")
			}
			return nil
		}}
	}
	wk := w.run()
	w.until("the gauge is there", func() bool { return undecided(t, wk) == 0 })
	w.accept(order("e", "m"))
	w.until("the gauge tells an age", func() bool { return undecided(t, wk) > 0 })
	if log.count("does not move") > 0 {
		t.Error("the log complains at once")
	}
	w.advance(store.OldAfter)
	w.until("the log speaks", func() bool { return log.count("does not move") == 1 })
	w.until("the gauge tells it", func() bool { return undecided(t, wk) >= store.OldAfter.Seconds() })
	stuck.Store(false)
	w.until("it moves again", func() bool { return log.count("moves again") == 1 && undecided(t, wk) == 0 })
	if n := log.count("does not move"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}
