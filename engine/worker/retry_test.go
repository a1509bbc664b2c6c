package worker_test

import (
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
