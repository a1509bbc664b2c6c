package worker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// gated is a store in which the first part of trees that are built waits until it is told to go on. The
// others wait until the worker stops when they are to.
type gated struct {
	store.Store
	begun, goOn chan struct{}
}

func (g *gated) BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error {
	if len(trees) > 0 {
		select {
		case g.begun <- struct{}{}:
		default:
		}
		select {
		case <-g.goOn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return g.Store.BuildTrees(ctx, member, trees, last)
}

const sums = `id: sums
stage: retention
trigger: {event: order.paid}
mode: parallel
condition: sum(events("order.paid"), .amount) == 15010 and len(events("order.paid", "90d")) == 3002 or member.level == "any"
actions: [{tag: regular}]
`

// A member whose long history is asked for the first time is held while it is added up, with their
// inputs in their order; everybody else goes on. When the process dies meanwhile, the next one begins
// anew. A replay decides the same.
func TestLongHistoriesAreAddedUpBesideDecisions(t *testing.T) {
	for _, dies := range []bool{false, true} {
		t.Run(map[bool]string{false: "goes on", true: "dies"}[dies], func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(`{id: idle, stage: retention, trigger: {event: member.left}, actions: [{tag: x}]}`)
			m := w.neighbours(2)
			hot, cold := m[0], m[1]
			var list []engine.Input
			for i := range 3000 {
				list = append(list, order(fmt.Sprint("old", i), hot))
			}
			w.accept(list...)
			g := &gated{w.Store, make(chan struct{}, 1), make(chan struct{})}
			w.edit = func(c *worker.Config) { c.Store = g }
			ctx, die := context.WithCancel(w.ctx)
			defer die()
			ended := make(chan error, 1)
			wk := w.worker()
			go func() { ended <- wk.Run(ctx) }()
			w.idle()
			w.activate(sums, thanks)
			if err := wk.Refresh(w.ctx); err != nil {
				t.Fatal(err)
			}
			w.accept(order("one", hot), order("mine", cold), order("two", hot))
			wk.Wake(hot, cold)
			<-g.begun
			w.until("another of the lane is decided", func() bool { return w.counts("thanks").Entered == 1 })
			w.accept(order("three", hot))
			wk.Wake(hot)
			w.accept(order("mine too", cold))
			wk.Wake(cold)
			w.until("another is decided behind them", func() bool { return w.counts("thanks").Entered == 2 })
			held, err := w.Held(w.ctx)
			if err != nil || len(held) != 1 || held[0].Member != hot || !held[0].Building {
				t.Fatalf("held: %+v, %v", held, err)
			}
			if list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5}); err != nil || len(list) > 0 {
				t.Errorf("failures: %+v, %v", list, err)
			}
			if dies {
				die()
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				w.edit = nil
				wk = w.run()
			} else {
				close(g.goOn)
			}
			w.until("the member goes on", func() bool { return w.counts("thanks").Entered == 5 })
			if n := w.counts("sums"); n.Entered != 1 {
				t.Errorf("the sum is right %d times", n.Entered)
			}
			events, _, err := w.MemberEvents(w.ctx, hot, "", 3)
			if err != nil || len(events) != 3 || events[0].ID != "three" || events[1].ID != "two" || events[2].ID != "one" {
				t.Errorf("events: %+v, %v", events, err)
			}
			if n := treesOf(t, w); n[hot] != 2 || n[cold] != 0 {
				t.Errorf("trees: %v", n)
			}
			if held, err := w.Held(w.ctx); err != nil || len(held) > 0 {
				t.Errorf("held: %+v, %v", held, err)
			}
			if differences := w.replayed(""); len(differences) > 0 {
				t.Errorf("decided again: %v", differences)
			}
			if die(); !dies {
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
