package worker_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// undecided returns the largest age that the gauge shows.
func undecided(t *testing.T, wk *worker.Worker) float64 {
	t.Helper()
	return gauge(t, wk, "usher_undecided_seconds")
}

// gauge returns the largest value of a gauge, or of a counter.
func gauge(t *testing.T, wk *worker.Worker, name string) float64 {
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
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			most = max(most, m.GetGauge().GetValue(), m.GetCounter().GetValue())
		}
	}
	return most
}

// A lane that does not move is told: by the gauge at once, in the log when it is old, and when it
// moves again.
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
	w.until("and how many", func() bool { return gauge(t, wk, "usher_undecided_inputs") == 1 })
	if log.count("does not move") > 0 {
		t.Error("the log complains at once")
	}
	w.advance(store.OldAfter)
	w.until("the log speaks", func() bool { return log.count("does not move") == 1 })
	w.until("the gauge tells it", func() bool { return undecided(t, wk) >= store.OldAfter.Seconds() })
	stuck.Store(false)
	w.until("it moves again", func() bool { return log.count("moves again") == 1 && undecided(t, wk) == 0 })
	w.until("nothing is left", func() bool { return gauge(t, wk, "usher_undecided_inputs") == 0 })
	if n := log.count("does not move"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}

// An occurrence of a schedule that is not decided grows the gauge from when it is there. How late
// it is says nothing, and neither does the time in which the machine stood still.
func TestOldOccurrencesAreTold(t *testing.T) {
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
	at := w.now().Add(-time.Hour)
	w.accept(engine.Input{Kind: engine.InputSchedule, ID: "s", Member: "m", Name: "careful", Time: at, At: at})
	w.until("the gauge grows", func() bool { return undecided(t, wk) > 0 })
	before := undecided(t, wk)
	w.advance(3 * time.Hour) // the machine stood still
	w.until("the gauge grows on", func() bool { return undecided(t, wk) > before })
	if age := undecided(t, wk); age > 60 || log.count("does not move") > 0 {
		t.Errorf("after a pause the gauge tells %v s", age)
	}
	for range 2 {
		before = undecided(t, wk)
		w.advance(5 * time.Second)
		w.until("the gauge grows with the time", func() bool { return undecided(t, wk) >= before+5 })
	}
	stuck.Store(false)
	w.until("it moves again", func() bool { return undecided(t, wk) == 0 })
}
