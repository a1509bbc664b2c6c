package worker_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const monthLater = `id: month
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - message: {channel: shop, text: "thank you", class: transactional}
  - wait: 30d
  - tag: month-later
`

const soonLater = `id: soon
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - wait: 2s
  - message: {channel: shop, text: "two seconds later", class: transactional}
`

// The machine's clock is set back by an hour, and forward again. Messages go out, waits end, and
// what failed is tried again, all the while.
func TestTheClockIsSetBack(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks, soonLater)
	failed := map[string]bool{}
	w.sent.fail = func(d engine.Delivery, _ int) error { // the first attempt of each
		if failed[d.Key] {
			return nil
		}
		failed[d.Key] = true
		return errBusy
	}
	attempted := func(n int) bool {
		w.sent.mu.Lock()
		defer w.sent.mu.Unlock()
		return len(failed) == n
	}
	wk := w.run()
	for i, step := range []time.Duration{0, -time.Hour, time.Hour} {
		w.machine.Set(step)
		id := []string{"a", "b", "c"}[i]
		before := w.now()
		w.accept(order(id, "m-"+id))
		wk.Wake("m-" + id)
		w.until("one is done and one waits", func() bool {
			return w.state("thanks", engine.RunDone) == i+1 && w.state("soon", engine.RunWaiting) == 1
		})
		w.until("the first attempt has failed", func() bool { return attempted(2*i + 1) })
		w.advance(10 * time.Second)
		w.until("the wait has ended", func() bool { return w.state("soon", engine.RunDone) == i+1 })
		w.until("its message has failed too", func() bool { return attempted(2*i + 2) })
		w.advance(10 * time.Second)
		w.until("both messages have gone out, at the second attempt", func() bool {
			distinct, _ := w.sent.keys()
			return distinct == 2*(i+1)
		})
		if at := w.now(); at.Before(before) {
			t.Fatalf("from %v to %v", before, at)
		}
	}
}

// The machine's clock is a day forward for a while, which nothing confirms: no wait ends, and what
// comes in meanwhile and after is of today.
func TestTheClockIsSetForward(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(monthLater)
	wk := w.run()
	w.accept(order("o1", "m0"))
	wk.Wake("m0")
	w.until("the first waits", func() bool { return w.state("month", engine.RunWaiting) == 1 })
	for i, step := range []time.Duration{24 * time.Hour, 365 * 24 * time.Hour, -366 * 24 * time.Hour} {
		w.machine.Set(step)
		id := []string{"o2", "o3", "o4"}[i]
		in := []engine.Input{order(id, "m0")}
		if _, err := w.Accept(w.ctx, in); err != nil {
			t.Fatal(err)
		}
		if off := time.Since(in[0].At).Abs(); off > time.Minute {
			t.Fatalf("it came in at %v, %v away", in[0].At, off)
		}
		wk.Wake("m0")
		w.until("it waits too", func() bool { return w.state("month", engine.RunWaiting) == i+2 })
	}
	m, err := w.Member(w.ctx, "m0")
	if err != nil || len(m.Tags) > 0 {
		t.Fatalf("a wait of 30 days has ended: %+v, %v", m, err)
	}
	w.advance(31 * 24 * time.Hour)
	w.until("a month has passed, and all waits have ended", func() bool { return w.state("month", engine.RunDone) == 4 })
}
