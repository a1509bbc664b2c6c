package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// A thousand members tell a friend, who may live on another lane, and themselves. Every event is
// decided once.
func TestEmittedEventsAreDecidedOnce(t *testing.T) { laned(t, testEmittedEventsAreDecidedOnce) }

func testEmittedEventsAreDecidedOnce(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(`id: tell
stage: activation
trigger: {event: order.paid}
condition: trigger.amount == 5
mode: parallel
actions:
  - emit: {event: order.paid, properties: {amount: 1}, member: "= \"friend-of-\" + member.id"}
  - emit: {event: order.paid, properties: {amount: 2}}
`, `id: hear
stage: activation
trigger: {event: order.paid, if: event.amount < 5}
mode: parallel
actions:
  - points: = int(trigger.amount)
  - set: {level: '= string(len(events("order.paid")))'}
`)
	a, b := w.run(), w.run()
	const members = 60
	for i := range members {
		m := fmt.Sprint("m", i)
		w.accept(order(fmt.Sprint("e", i), m))
		a.Wake(m)
		b.Wake(m)
	}
	w.until("all runs", func() bool { return w.state("hear", engine.RunDone) == 2*members })
	w.until("nothing is owed", func() bool {
		lanes, _, err := w.Owed(w.ctx, w.now())
		return err == nil &&
			len(lanes) == 0
	})
	crossed := false
	for i := range members {
		me, friend := fmt.Sprint("m", i), fmt.Sprint("friend-of-m", i)
		crossed = crossed || w.Lanes().OfMember(me) != w.Lanes().OfMember(friend)
		for id, want := range map[string]struct {
			points int
			level  string
		}{me: {2, "2"}, friend: {1, "1"}} {
			m, err := w.Member(w.ctx, id)
			if err != nil || m.Points != want.points || m.Attributes["level"] != want.level {
				t.Fatalf("member %s: %+v, %v", id, m, err)
			}
		}
		m, err := w.Member(w.ctx, friend)
		if err != nil || !m.LastSeenAt.Equal(time.Time{}) {
			t.Fatalf("%s was seen at %v", friend, m.LastSeenAt)
		}
	}
	if n := w.counts("hear"); n.Points != 3*members || crossed != (lanes > 1) {
		t.Fatalf("%d points of %d, crossed lanes: %v", n.Points, 3*members, crossed)
	}
}
