package worker_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
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
