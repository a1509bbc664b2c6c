package worker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// declare changes the declarations for one test.
func declare(t *testing.T, old, replacement string) {
	t.Helper()
	before := declarations
	if !strings.Contains(before, old) {
		t.Fatalf("the declarations have no %q", old)
	}
	declarations = strings.Replace(before, old, replacement, 1)
	t.Cleanup(func() { declarations = before })
}

// start starts a worker; stop stops it within the test.
func (w *world) start() (wk *worker.Worker, stop func()) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	wk = w.worker()
	done := make(chan error, 1)
	go func() { done <- wk.Run(ctx) }()
	return wk, func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("run: %v", err)
		}
	}
}

func (w *world) idle() {
	w.Helper()
	w.until("nothing is owed", func() bool {
		lanes, _, err := w.Owed(w.ctx, w.now())
		return err == nil &&
			len(lanes) == 0
	})
}

func happened(id, member, name string) engine.Input {
	return engine.Input{Kind: engine.InputEvent, ID: id, Member: member, Name: name, Payload: &engine.Payload{}}
}

// A neighbour in the batch that cannot be decided costs nothing that the others bring about: each
// try begins at what is stored.
func TestIsolationBeginsAtWhatIsStored(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(`id: g
stage: activation
trigger: {event: member.left}
goal: {event: order.paid, within: 7d}
actions: [{tag: gone}]
`, `id: t
stage: activation
trigger: {event: order.paid, if: event.amount > 3}
mode: parallel
actions: [{tag: buyer}, {coupon: {pool: ten}}, {points: 1}, {emit: {event: member.left, member: other}}]
`)
	wk := w.run()
	w.accept(happened("l", "m1", "member.left"))
	wk.Wake("m1")
	w.until("the run has ended", func() bool { return w.counts("g").Done == 1 })
	bad := order("bad", "m1")
	bad.Properties = map[string]any{"amount": "x"}
	w.accept(order("o1", "m1"), bad, order("o2", "m1"))
	wk.Wake("m1")
	w.until("the last is decided", func() bool { return w.counts("t").Done == 2 })
	w.until("the other has heard", func() bool { return w.counts("g").Entered == 3 })
	w.idle()
	if f, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5}); err != nil || len(f) != 1 || f[0].ID != "bad" {
		t.Errorf("failures %+v, %v", f, err)
	}
	m, err := w.Member(w.ctx, "m1")
	if err != nil || m.Points != 2 || m.Coupons["ten"] != 2 || w.counts("t").Coupons["ten"] != 2 {
		t.Errorf("member %+v, coupons %v, %v", m, w.counts("t").Coupons, err)
	}
	if n := w.counts("g").Converted; n != 1 {
		t.Errorf("%d conversions, want 1", n)
	}
}

// enteredAfterDowntime reports whether a member, whom time moves into a segment during a downtime,
// enters: beside others who are due.
func enteredAfterDowntime(t *testing.T, crowd int) int {
	w := newWorld(t, embedded(t))
	w.activate("id: s\nstage: activation\ntrigger: {segment_enter: fresh}\nactions: [{tag: fresh}]\n",
		"id: w\nstage: activation\ntrigger: {event: member.left}\nactions: [{wait: 5d}, {tag: x}]\n")
	wk, stop := w.start()
	lane := w.Lanes().OfMember("m0")
	list := []engine.Input{order("o1", "m0"), order("o2", "m0")}
	list[1].Payload.Attributes = map[string]any{"when": w.now().Add(24 * time.Hour).Format(time.RFC3339)}
	for i := 0; len(list) < crowd+2; i++ {
		if m := fmt.Sprint("n", i); w.Lanes().OfMember(m) == lane {
			list = append(list, happened("l"+m, m, "member.left"))
		}
	}
	w.accept(list...)
	wk.Wake("m0")
	w.until("all wait", func() bool { return w.counts("w").Waiting == crowd })
	w.idle()
	stop()
	w.advance(6 * 24 * time.Hour)
	w.accept(happened("late", "m0", "page.viewed"))
	wk, stop = w.start()
	defer stop()
	wk.Wake("m0")
	w.until("all waits are over", func() bool { return w.counts("w").Waiting == 0 })
	w.idle()
	return w.counts("s").Entered
}

// The history reaches back far enough for what each member of a batch has due, also when there are
// too many for the batch.
func TestHistoryReachesBackForEveryMember(t *testing.T) {
	declare(t, "segments:\n", "segments:\n  fresh: len(events(\"order.paid\", \"48h\")) > 1 and member.when != nil and now() >= member.when\n")
	declare(t, "member:\n", "member:\n  when: datetime\n")
	if few, many := enteredAfterDowntime(t, 20), enteredAfterDowntime(t, 200); few != 1 || many != 1 {
		t.Fatalf("beside 20 who are due %d entered, beside 200 %d: want 1 and 1", few, many)
	}
}

// A coupon budget is today's: what lanes hold of an earlier, larger one is not granted any more.
func TestLoweredBudgetIsObeyed(t *testing.T) { laned(t, testLoweredBudgetIsObeyed) }

func testLoweredBudgetIsObeyed(t *testing.T, lanes int) {
	declare(t, "budget: 100}", "budget: 4000}")
	w := newLanedWorld(t, lanes, embedded(t))
	const book = "id: g\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions: [{coupon: {pool: ten}}]\n"
	w.activate(book)
	wk := w.run()
	send := func(prefix string, n int) {
		w.Helper()
		before := w.counts("g").Done
		for i := range n {
			w.accept(order(fmt.Sprint(prefix, i), fmt.Sprint(prefix, i)))
			wk.Wake(fmt.Sprint(prefix, i))
		}
		w.until("all are decided", func() bool { return w.counts("g").Done == before+n })
	}
	budget := func(from, to string) {
		w.Helper()
		declare(t, from, to)
		w.activate(book)
		if err := wk.Refresh(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	send("a", 20)
	budget("budget: 4000}", "budget: 25}")
	send("b", 60)
	if n := w.counts("g").Coupons["ten"]; n != 25 {
		t.Fatalf("%d coupons of a budget of 25", n)
	}
	budget("budget: 25}", "budget: 40}")
	send("c", 60)
	if n := w.counts("g").Coupons["ten"]; n != 40 {
		t.Fatalf("%d coupons of a budget that was raised to 40", n)
	}
	budget("budget: 40}", "budget: 30}")
	send("d", 10)
	if n := w.counts("g").Coupons["ten"]; n != 40 {
		t.Fatalf("%d coupons, none of them since the budget was below 40", n)
	}
}
