package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const (
	earning = `id: earning
stage: retention
trigger: {event: order.paid}
mode: parallel
actions:
  - points: = int(trigger.amount)
`
	risen = `id: risen
stage: retention
trigger: {changed: member.card}
mode: parallel
actions:
  - tag: = trigger.before + "-" + trigger.after
`
)

// Levels that are declared, and edited, give members who were there the level of their number, and start nothing; what
// happens afterwards does. A replay decides alike.
func TestLevelsOfThoseWhoWereThere(t *testing.T) {
	declare(t, "member:\n", "member:\n  card: {enum: [none, silver, gold], default: none}\n")
	w := newWorld(t, embedded(t))
	w.activate(earning, risen)
	wk := w.run()
	paid := func(id string, amount float64) engine.Input {
		in := happened(id, "m", "order.paid")
		in.Payload.Properties = map[string]any{"amount": amount}
		return in
	}
	card := func(level, tags string) func() bool {
		return func() bool {
			m, err := w.Member(w.ctx, "m")
			return err == nil && fmt.Sprintf("%v%v", m.Attributes["card"], m.Tags) == level+tags
		}
	}
	without := declarations
	levels := func(steps string) {
		declarations = without
		declare(t, "coupons:\n", "levels: {attribute: card, by: member.points, steps: "+steps+", grace: 10d}\ncoupons:\n")
		_, before := wk.Workspace()
		w.activate(earning, risen)
		w.until("the workspace", func() bool { _, hash := wk.Workspace(); return hash != before })
	}
	w.accept(paid("e1", 700))
	w.until("the points", func() bool { return w.state("earning", engine.RunDone) == 1 })
	levels("{silver: 600, gold: 2000}")
	w.until("silver, silently", card("silver", "[]"))
	w.accept(paid("e2", 1300))
	w.until("gold, aloud", card("gold", "[silver-gold]"))
	levels("{silver: 600, gold: 5000}")
	w.until("silver without grace", card("silver", "[silver-gold]"))
	w.accept(paid("e3", -1500))
	w.until("the grace", func() bool {
		m, err := w.Member(w.ctx, "m")
		return err == nil && m.Points == 500 && !m.DueAt().IsZero()
	})
	w.advance(11 * 24 * time.Hour)
	w.until("the end of the grace", card("<nil>", "[silver-gold silver-none]"))
	if differences := w.replayed("m"); len(differences) > 0 {
		t.Errorf("replayed otherwise: %q", differences)
	}
}

// That the number falls below a further level is recorded, too, while a higher one is kept: with another grace declared
// afterwards, a replay decides alike.
func TestFurtherFallsAreRecorded(t *testing.T) {
	declare(t, "member:\n", "member:\n  card: {enum: [none, silver, gold], default: none}\n")
	levels := "levels: {attribute: card, by: 'sum(events(\"order.paid\", \"10d\"), .amount)', steps: {silver: 2, gold: 6}, grace: 30d}\n"
	declare(t, "coupons:\n", levels+"coupons:\n")
	w := newWorld(t, embedded(t))
	w.activate(risen)
	wk := w.run()
	paid := func(id string, amount float64) {
		in := happened(id, "m", "order.paid")
		in.Payload.Properties = map[string]any{"amount": amount}
		w.accept(in)
		wk.Wake("m")
		w.idle()
	}
	pass := func(days int) {
		w.advance(time.Duration(days) * 24 * time.Hour)
		wk.Wake("m")
		w.idle()
	}
	paid("e1", 5)
	pass(3)
	paid("e2", 2)
	pass(8) // below gold
	pass(3) // below silver, too
	declare(t, ", grace: 30d", "")
	_, before := wk.Workspace()
	w.activate(risen)
	w.until("the workspace", func() bool { _, hash := wk.Workspace(); return hash != before })
	w.accept(happened("l", "m", "member.left"))
	wk.Wake("m")
	w.idle()
	pass(28) // gold is kept no more
	if m, err := w.Member(w.ctx, "m"); err != nil || fmt.Sprint(m.Attributes["card"]) != "silver" {
		t.Fatalf("%+v, %v", m, err)
	}
	if differences := w.replayed("m"); len(differences) > 0 {
		t.Errorf("replayed otherwise: %q", differences)
	}
}
