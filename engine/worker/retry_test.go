package worker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// open returns the one failure that is open.
func (w *world) openFailure() store.Failure {
	w.Helper()
	list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
	if err != nil || len(list) != 1 {
		w.Fatalf("failures %+v, %v", list, err)
	}
	return list[0]
}

// An event that was set aside is decided when it is put back, once what it failed by is mended, and
// fails again when it is not.
func TestRetriedInputIsDecided(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(shopper)
	w.accept(orderOf("bad", "m", 5), orderOf("good", "n", 5))
	mend := w.damage("inbox", "data", "id = 'bad'", "x'ff00fe7b'")
	wk := w.run()
	w.until("the other is decided", func() bool { return w.counts("shopper").Entered == 1 })
	w.idle()
	first := w.openFailure()
	if _, err := w.Retry(w.ctx, first.N, w.now()); err != nil {
		t.Fatal(err)
	}
	wk.Wake("m")
	w.until("it is set aside again", func() bool {
		list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
		return err == nil && len(list) == 1 && list[0].N != first.N
	})
	mend()
	if _, err := w.Retry(w.ctx, w.openFailure().N, w.now()); err != nil {
		t.Fatal(err)
	}
	wk.Wake("m")
	w.until("it is decided", func() bool { return w.counts("shopper").Entered == 2 })
	w.failed()
}

// A message that was given up on goes out when it is put back, once, under its key. What its run
// has learned stays.
func TestRetriedDeliveryIsSent(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate("id: greet\nstage: activation\ntrigger: {event: order.paid}\nactions:\n  - {id: hi, message: {channel: shop, text: hi, class: transactional}}\n  - wait: 10d\n")
	w.sent.fail = func(engine.Delivery, int) error { return &channel.PermanentError{Err: errBusy} }
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("it is given up on", func() bool {
		list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
		return err == nil && len(list) == 1
	})
	w.idle()
	w.sent.mu.Lock()
	w.sent.fail = nil
	w.sent.mu.Unlock()
	if _, err := w.Retry(w.ctx, w.openFailure().N, w.now()); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	w.until("it is sent, and that is stored", func() bool {
		n, _ := w.sent.keys()
		pending, err := w.MemberPending(w.ctx, "m")
		return n == 1 && err == nil && len(pending) == 0
	})
	w.idle()
	w.failed()
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: "m"})
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	r, err := w.Store.Run(w.ctx, runs[0].ID)
	if err != nil || r.State != engine.RunWaiting || r.Deliveries[0].State != store.DeliverySent ||
		r.Actions["hi"]["status"] != "failed" {
		t.Errorf("%+v, %v", r, err)
	}
}

const letters = `id: letters
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - {id: one, message: {channel: shop, text: one}}
  - {if: trigger.amount > 1, id: two, message: {channel: shop, text: two}}
`

// A message that was given up on has given its place under the frequency caps back. When it is put back it asks
// for one, at once and later; and gives that back, too, when it fails again.
func TestRetriedMessageAsksForItsPlace(t *testing.T) {
	for _, c := range []struct {
		name string
		most int           // by the cap
		two  bool          // messages of the first event, of which the last fails
		then string        // an event before the retry
		wait time.Duration // before it
		fail bool          // the retried one fails again
		want []string      // what was sent in the end, with an event behind it all
	}{
		{name: "at once, and another has its place", most: 1, then: "b", want: []string{"b one"}},
		{name: "later, and another has its place", most: 1, then: "b", wait: time.Minute, want: []string{"b one"}},
		{name: "its place is free", most: 1, want: []string{"a one"}},
		{name: "the place of its neighbour stays taken", most: 2, two: true, wait: time.Minute, want: []string{"a one", "a two"}},
		{name: "it fails again", most: 1, wait: time.Minute, fail: true, want: []string{"last one"}},
		{name: "it fails again at once", most: 1, fail: true, want: []string{"last one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := declarations
			declarations += fmt.Sprintf("frequency_caps: [{channels: [shop], max: %d, per: 1d}]\n", c.most)
			t.Cleanup(func() { declarations = was })
			w := newWorld(t, embedded(t))
			var sent []string
			fails := "a one"
			if c.two {
				fails = "a two"
			}
			w.sent.fail = func(d engine.Delivery, _ int) error {
				if d.Message.Text == fails {
					return &channel.PermanentError{Err: errBusy}
				}
				sent = append(sent, d.Message.Text)
				return nil
			}
			w.activate(strings.NewReplacer("text: one", `text: "{{ trigger.id }} one"`, "text: two", `text: "{{ trigger.id }} two"`).
				Replace(letters))
			wk := w.run()
			happens := func(id string, amount float64) {
				w.accept(orderOf(id, "m", amount))
				wk.Wake("m")
				w.until("it is decided", func() bool { return w.counts("letters").Entered > 0 })
				w.idle()
			}
			amount := 1.0
			if c.two {
				amount = 2
			}
			happens("a", amount)
			w.until("it is given up on", func() bool {
				list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
				return err == nil && len(list) == 1
			})
			w.idle()
			if c.then != "" {
				happens(c.then, 1)
				w.until("another is sent", func() bool { w.sent.mu.Lock(); defer w.sent.mu.Unlock(); return len(sent) == 1 })
			}
			w.sent.mu.Lock()
			if !c.fail {
				fails = ""
			}
			w.sent.mu.Unlock()
			w.advance(c.wait)
			if _, err := w.Retry(w.ctx, w.openFailure().N, w.now()); err != nil {
				t.Fatal(err)
			}
			settled := func() bool {
				list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
				pending, e := w.MemberPending(w.ctx, "m")
				return err == nil && e == nil && len(pending) == 0 && (len(list) == 1) == c.fail
			}
			w.until("it is settled", settled)
			w.idle()
			happens("last", 1)
			w.until("all is settled", settled)
			w.idle()
			w.sent.mu.Lock()
			defer w.sent.mu.Unlock()
			if !slices.Equal(sent, c.want) {
				t.Errorf("sent are %q, want %q", sent, c.want)
			}
		})
	}
}
