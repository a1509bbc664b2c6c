package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// unstorable lets the tag `bad` leave what JSON cannot hold, and the tag `broken` break off the
// decision.
func unstorable(c *worker.Config) {
	tag := c.Effects["tag"]
	c.Effects["tag"] = func(a *engine.Act) error {
		if slices.Contains(a.Strings("add"), "bad") {
			a.Detail("why", make(chan int))
		}
		if slices.Contains(a.Strings("add"), "broken") {
			panic("broken")
		}
		return tag(a)
	}
}

// refusing is a database that refuses changes by their content, without a word about whose they
// are, or is busy.
type refusing struct {
	worker.Store
	refuse func(*engine.Changes) error
}

func (r *refusing) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	if err := r.refuse(c); err != nil {
		return err
	}
	return r.Store.Commit(ctx, lane, fence, watermark, c)
}

func (r *refusing) Try(ctx context.Context, lane int, c *engine.Changes) error {
	if err := r.refuse(c); err != nil {
		return err
	}
	return r.Store.Try(ctx, lane, c)
}

func (w *world) failed(what ...string) {
	w.Helper()
	list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 50})
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, f := range list {
		got = append(got, f.What+" "+f.ID)
	}
	slices.Sort(got)
	if slices.Sort(what); !slices.Equal(got, what) {
		w.Errorf("failures %v, want %v", got, what)
	}
}

const careful = `id: careful
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - if: trigger.amount == 13
    then: [{tag: bad}]
  - {if: trigger.amount == 17, tag: broken}
  - tag: good
  - coupon: {pool: ten}
`

func orderOf(id, member string, amount float64) engine.Input {
	in := order(id, member)
	in.Properties = map[string]any{"amount": amount}
	return in
}

// One input that cannot be stored is set aside. All others are decided, those of its own member
// too.
func TestWhatCannotBeStoredIsCutDownToItsInput(t *testing.T) {
	nameless := func(c *engine.Changes) error {
		n := 0
		for _, m := range c.Members {
			if slices.Contains(m.Tags, "bad") {
				n++
			}
		}
		if n > 0 {
			return fmt.Errorf("commit: %w", &store.Unstorable{Err: errors.New("too big")})
		}
		return nil
	}
	for name, edit := range map[string]func(*worker.Config){
		"content that JSON does not hold": unstorable,
		"refused by the database without a name": func(c *worker.Config) {
			c.Store = &refusing{c.Store, nameless}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(careful)
			w.edit = edit
			var list []engine.Input
			for i := range 40 {
				list = append(list, orderOf(fmt.Sprint("e", i), fmt.Sprint("m", i%20), 5))
			}
			list = slices.Insert(list, 30, orderOf("bad-1", "m3", 13), orderOf("bad-2", "m8", 13))
			w.accept(list...)
			w.run()
			w.until("all others are decided", func() bool { return w.counts("careful").Done == 40 })
			w.idle()
			w.failed("input bad-1", "input bad-2")
			for i := range 20 {
				if m, err := w.Member(w.ctx, fmt.Sprint("m", i)); err != nil || m.Coupons["ten"] != 2 ||
					!slices.Equal(m.Tags, []string{"good"}) {
					t.Errorf("member m%d: %+v, %v", i, m, err)
				}
			}
		})
	}
}

// A database that is busy or full for a moment sets nothing aside.
func TestPassingErrorSetsNothingAside(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(careful)
	var tries atomic.Int32
	w.edit = func(c *worker.Config) {
		c.Store = &refusing{c.Store, func(*engine.Changes) error {
			if tries.Add(1) < 4 {
				return errors.New("database is locked")
			}
			return nil
		}}
	}
	w.accept(orderOf("e1", "m1", 5), orderOf("e2", "m1", 5))
	w.run()
	w.until("both are decided", func() bool { return w.counts("careful").Done == 2 })
	w.failed()
	if n := tries.Load(); n < 4 {
		t.Errorf("tried %d times", n)
	}
}

const waiting = `id: late
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - wait: 1h
  - {if: trigger.amount == 13, tag: bad}
  - {if: trigger.amount == 17, tag: broken}
  - tag: good
`

// A wait that cannot be decided, or whose decision cannot be stored, fails its run. The lane and
// the member go on.
func TestPoisonedWaitFailsItsRun(t *testing.T) {
	for _, amount := range []float64{13, 17} {
		w := newWorld(t, embedded(t))
		w.activate(waiting)
		w.edit = unstorable
		wk := w.run()
		w.accept(orderOf("e1", "m", 5), orderOf("e2", "m", amount), orderOf("e3", "m", 5), orderOf("e4", "n", 5))
		wk.Wake("m", "n")
		w.until("all wait", func() bool { return w.counts("late").Waiting == 4 })
		w.advance(2 * time.Hour)
		w.until("all have ended", func() bool { return w.counts("late").Waiting == 0 })
		if n := w.counts("late"); n.Done != 3 || n.Failed != 1 {
			t.Errorf("%+v", n)
		}
		w.idle()
		runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: "m", State: engine.RunFailed})
		if err != nil || len(runs) != 1 || runs[0].Reason == "" || !runs[0].EndedAt.Equal(runs[0].StartedAt.Add(time.Hour)) {
			t.Fatalf("runs %+v, %v", runs, err)
		}
		w.failed("wait " + runs[0].ID)
	}
}

// A re-evaluation of a member that leads to what cannot be stored is given up. It does not come back, and
// the lane goes on.
func TestPoisonedReevaluationIsSetAside(t *testing.T) {
	for _, tag := range []string{"bad", "broken"} {
		w := newWorld(t, embedded(t))
		w.activate("id: idle\nstage: activation\ntrigger: {segment_enter: lapsed}\nmode: parallel\nactions: [{if: member.level == \"x\", tag: "+tag+"}, {tag: good}]\n",
			"id: hello\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions: [{wait: 4d}]\n")
		w.edit = unstorable
		wk := w.run()
		list := []engine.Input{order("e1", "m"), order("e2", "n")}
		list[0].Attributes = map[string]any{"level": "x"}
		w.accept(list...)
		wk.Wake("m", "n")
		w.until("both wait", func() bool { return w.counts("hello").Waiting == 2 })
		w.advance(5 * 24 * time.Hour)
		w.until("both waits are over", func() bool { return w.counts("hello").Done == 2 })
		w.until("the other has entered", func() bool { return w.counts("idle").Done == 1 })
		w.idle()
		w.failed("reevaluation m")
		back := order("e3", "m")
		back.Attributes = map[string]any{"level": "y"}
		w.accept(back)
		wk.Wake("m")
		w.until("what comes next is decided", func() bool { return w.counts("hello").Entered == 3 })
		w.advance(5 * 24 * time.Hour)
		w.until("and the next re-evaluation", func() bool { return w.counts("idle").Done >= 2 })
		w.failed("reevaluation m")
	}
}
