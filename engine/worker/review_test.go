package worker_test

import (
	"errors"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const offer = `id: offer
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - id: note
    message: {channel: shop, text: "an offer"}
  - wait: 30d
`

// A message that goes out late is looked at again: who has taken their consent back gets none, and
// the run learns of it.
func TestLateMessagesAreReviewed(t *testing.T) {
	was := declarations
	declarations += "consent: member.newsletter\n"
	t.Cleanup(func() { declarations = was })
	w := newWorld(t, embedded(t))
	w.sent.fail = func(_ engine.Delivery, attempt int) error {
		if attempt == 1 {
			return errors.New("busy")
		}
		return nil
	}
	w.activate(offer)
	wk := w.run()
	for _, m := range []string{"yes", "no"} {
		w.accept(engine.Input{
			Kind: engine.InputUpdate, ID: "agree-" + m, Member: m,
			Payload: &engine.Payload{Attributes: map[string]any{"newsletter": true}},
		})
		w.accept(order("e-"+m, m))
		wk.Wake(m)
	}
	w.until("both wait", func() bool { return w.state("offer", engine.RunWaiting) == 2 })
	note := func(m string) store.Attempted {
		runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: m})
		if err != nil || len(runs) != 1 {
			t.Fatalf("%v, %v", runs, err)
		}
		r, err := w.Store.Run(w.ctx, runs[0].ID)
		if err != nil || len(r.Deliveries) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		return r.Deliveries[0]
	}
	w.until("the first attempts", func() bool { return note("yes").Attempts == 1 && note("no").Attempts == 1 })
	w.accept(engine.Input{
		Kind: engine.InputUpdate, ID: "refuse", Member: "no",
		Payload: &engine.Payload{Attributes: map[string]any{"newsletter": false}},
	})
	wk.Wake("no")
	w.until("it is known", func() bool {
		m, err := w.Member(w.ctx, "no")
		return err == nil &&
			m.Attributes["newsletter"] == false
	})
	w.advance(20 * time.Minute)
	w.until("one is sent", func() bool { return note("yes").State == store.DeliverySent })
	w.until("one is not", func() bool { return note("no").State == store.DeliveryDropped })
	w.until("the run knows", func() bool {
		runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: "no"})
		return err == nil && runs[0].Actions["note"]["status"] == "skipped" &&
			runs[0].Actions["note"]["reason"] == engine.ReasonConsent
	})
	if n, _ := w.sent.keys(); n != 1 {
		t.Fatalf("%d messages went out", n)
	}
}
