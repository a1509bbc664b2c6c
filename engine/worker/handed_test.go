package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

const tellsGroup = `id: tells
stage: retention
trigger: {event: group.said}
mode: parallel
actions:
  - wait: 1d
  - id: told
    message: {channel: shop, class: transactional, to: {group: = trigger.group}, with: {who: = member.id}, text: "{{ group.id }} {{ group.size }}: {{ with.who }} (first)"}
  - wait: 1d
  - tag: = actions.told.status
`

// A message of a member's run is decided in the group's line and delivered; what became of it comes back to the run, on
// however many lanes, and is decided the same again. The run keeps its revision there too.
func TestMessagesAreHandedToObjects(t *testing.T) { laned(t, testMessagesAreHandedToObjects) }

func testMessagesAreHandedToObjects(t *testing.T, lanes int) {
	declareGroups(t)
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(groupCounts, tellsGroup)
	wk, stop := w.start()
	members := []string{"m0", "m1", "m2"}
	decided := func() bool {
		owed, _, err := w.Owed(w.ctx, w.now())
		return err == nil && len(owed) == 0
	}
	for _, m := range members {
		in := said("e-"+m, m, "g1")
		w.accept(in)
		wk.Wake(in.Subjects()...)
	}
	w.until("all wait", func() bool { return decided() && w.state("tells", engine.RunWaiting) == len(members) })
	w.activate(groupCounts, strings.ReplaceAll(tellsGroup, "first", "second"))
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.advance(25 * time.Hour)
	of := func(m string) *store.RunRecord {
		runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "tells", Member: m, Limit: 10})
		if err != nil || len(runs) != 1 {
			t.Fatalf("runs of %s: %+v, %v", m, runs, err)
		}
		r, err := w.Store.Run(w.ctx, runs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	w.until("the runs know that it was sent", func() bool {
		for _, m := range members {
			if of(m).Actions["told"]["status"] != "sent" {
				return false
			}
		}
		return true
	})
	for _, m := range members {
		r := of(m)
		if len(r.Deliveries) != 1 || r.Deliveries[0].Message.Text != "g1 3: "+m+" (first)" {
			t.Errorf("deliveries of %s: %+v", m, r.Deliveries)
		}
		if _, object := r.Deliveries[0].Subject(); object["group"] != "g1" {
			t.Errorf("a message of %s went to %v", m, object)
		}
	}
	stop()

	old := of("m0")
	h := effects.Handed{
		Key: "by-hand", Object: naming.ObjectID("group", "g1"), Of: "m0", Run: old.ID, Playbook: "tells", Revision: old.Revision,
		Step: "told", Path: "actions[1]", Channel: "shop", Class: engine.Transactional, With: map[string]any{"who": "again"},
	}
	w.accept(h.Input(w.now()))
	gone := h
	gone.Key, gone.Object = "to-nobody", naming.ObjectID("group", "g2")
	w.accept(gone.Input(w.now()))
	w.run()
	w.until("the message of an earlier revision is delivered", func() bool {
		d, err := w.Delivery(w.ctx, "by-hand")
		return err == nil && d.State == store.DeliverySent && d.Message.Text == "g1 3: again (first)"
	})
	w.until("a group that was never seen is told of", func() bool { return of("m0").Actions["told"]["reason"] == engine.ReasonNoObject })
	w.advance(25 * time.Hour)
	w.until("all are done", func() bool { return decided() && w.state("tells", engine.RunDone) == len(members) })
	if differences := w.replayed(""); len(differences) > 0 {
		t.Fatalf("decided again:\n%s", differences)
	}
}
