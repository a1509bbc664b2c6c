package worker_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

const waits = `id: waits
stage: conversion
trigger: {event: member.left}
actions:
  - id: paid
    wait: {event: order.paid, if: event.amount > 4, timeout: 2d}
  - choose:
      - if: not actions.paid.timed_out
        then: [{message: {channel: shop, class: transactional, text: "{{ actions.paid.event.amount }} {{ actions.paid.event.id }}"}}]
      - else: [{exit: late}]
`

// An event ends the waits of the runs that wait for it; the others time out. What the wait leaves
// is stored with the run.
func TestWaitForAnEvent(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(waits)
	w.run()
	left := func(id, member string) engine.Input {
		return engine.Input{Kind: engine.InputEvent, ID: id, Member: member, Name: "member.left"}
	}
	small := order("small", "buyer")
	small.Payload = &engine.Payload{Properties: map[string]any{"amount": 1.0}}
	w.accept(order("before", "buyer"), left("l1", "buyer"), left("l2", "other"), small)
	w.until("both wait", func() bool { return w.state("waits", engine.RunWaiting) == 2 })
	w.accept(order("o1", "buyer"))
	w.until("one is done", func() bool { return w.state("waits", engine.RunDone) == 1 })
	w.advance(49 * time.Hour)
	w.until("the other is late", func() bool { return w.state("waits", engine.RunExited) == 1 })
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "waits", Member: "buyer"})
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	r, err := w.Store.Run(w.ctx, runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	event, _ := r.Actions["paid"]["event"].(map[string]any)
	if r.Actions["paid"]["timed_out"] != false || event["id"] != "o1" || event["amount"] != 5.0 {
		t.Errorf("the wait left %+v", r.Actions["paid"])
	}
	if len(r.Deliveries) != 1 || r.Deliveries[0].Message.Text != "5 o1" {
		t.Errorf("deliveries %+v", r.Deliveries)
	}
}

// batches watches what is committed together.
type batches struct {
	worker.Store
	alone, beside atomic.Int64 // waits of a batch at most, without events and beside some
}

func (b *batches) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	woke, events := int64(0), false
	for _, r := range c.Runs {
		if r.New {
			events = true
		} else {
			woke++
		}
	}
	most := &b.alone
	if events {
		most = &b.beside
	}
	for was := most.Load(); woke > was && !most.CompareAndSwap(was, woke); was = most.Load() {
	}
	return b.Store.Commit(ctx, lane, fence, watermark, c)
}

// TestManyWaitsAtOneMoment: waits that are due at one moment are decided in batches that grow as long
// as they take little time, and in smaller ones beside events, so that what comes in live does not
// wait for them.
func TestManyWaitsAtOneMoment(t *testing.T) { laned(t, testManyWaitsAtOneMoment) }

func testManyWaitsAtOneMoment(t *testing.T, lanes int) {
	const members, alone, beside = 1200, 500, 50
	w := newLanedWorld(t, lanes, embedded(t))
	b := &batches{}
	w.edit = func(c *worker.Config) {
		b.Store = c.Store
		c.Store = b
	}
	w.activate("id: rests\nstage: retention\ntrigger: {event: member.left}\nactions:\n  - wait: 1d\n  - tag: woke\n", thanks)
	var left []engine.Input
	for m := range members {
		left = append(left, engine.Input{
			Kind: engine.InputEvent, ID: fmt.Sprint("l", m), Member: fmt.Sprint("m", m), Name: "member.left",
		})
	}
	w.accept(left...)
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	first := w.worker()
	go func() { done <- first.Run(ctx) }()
	w.until("all wait", func() bool { return w.state("rests", engine.RunWaiting) == members })
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.advance(25 * time.Hour)
	for m := range 40 {
		w.accept(order(fmt.Sprint("o", m), fmt.Sprint("live", m)))
	}
	w.run()
	w.until("all woke, and what is live is done", func() bool {
		return w.state("rests", engine.RunDone) == members && w.state("thanks", engine.RunDone) == 40
	})
	if n := b.alone.Load(); n <= beside || n > alone {
		t.Errorf("%d waits in a batch, want %d at most, and more than beside events", n, alone)
	}
	if n := b.beside.Load(); n == 0 || n > beside {
		t.Errorf("%d waits in a batch beside events, want %d at most", n, beside)
	}
}

// An event that nobody listens to leaves nothing but when its member was last seen. A replay knows that, too.
func TestReplayKnowsWhenMembersWereSeen(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate("id: idle\nstage: retention\ntrigger: {event: order.paid}\nactions:\n" +
		"  - wait: 3d\n  - points: = hours_since(member.last_seen_at)\n")
	wk := w.run()
	w.accept(order("o", "m"))
	wk.Wake("m")
	w.until("the run waits", func() bool { return w.state("idle", engine.RunWaiting) == 1 })
	w.advance(24 * time.Hour)
	w.accept(happened("l", "m", "member.left"))
	wk.Wake("m")
	w.idle()
	w.advance(60 * time.Hour)
	wk.Wake("m")
	w.until("the run is over", func() bool { return w.state("idle", engine.RunDone) == 1 })
	if m, err := w.Member(w.ctx, "m"); err != nil || m.Points < 47 || m.Points > 48 {
		t.Fatalf("%+v, %v", m, err)
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Fatalf("decided again:\n%s", differences)
	}
}
