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

// gated is a store in which trees that are built wait behind their first part until they are told to go on.
type gated struct {
	store.Store
	begun, goOn chan struct{}
	parts       atomic.Int32
}

func (g *gated) BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error {
	if len(trees) > 0 && g.parts.Add(1) > 1 {
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
			g := &gated{Store: w.Store, begun: make(chan struct{}, 1), goOn: make(chan struct{})}
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

const reminds = `id: reminds
stage: activation
trigger: {event: member.left}
mode: single
actions:
  - {id: paid, wait: {event: order.paid, timeout: 10m}}
  - {if: actions.paid.timed_out, tag: reminded}
`

// longHistories makes members of one lane who have many events each, of which nothing asks yet.
func longHistories(w *world, n int) (members []string) {
	w.Helper()
	w.activate(`{id: idle, stage: retention, trigger: {event: member.left}, actions: [{tag: x}]}`)
	members = w.neighbours(n)
	var list []engine.Input
	for _, m := range members {
		for i := range 1500 {
			list = append(list, order(fmt.Sprint("old-", m, i), m))
		}
	}
	w.accept(list...)
	return members
}

// What came in while its member was held is decided as of when it was accepted: a wait is over at its
// time, and not before what came in sooner.
func TestHeldInputsKeepTheirInstants(t *testing.T) {
	w := newWorld(t, embedded(t))
	hot := longHistories(w, 1)[0]
	g := &gated{Store: w.Store, begun: make(chan struct{}, 1), goOn: make(chan struct{})}
	w.edit = func(c *worker.Config) { c.Store = g }
	wk := w.run()
	w.idle()
	w.activate(sums, reminds)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.accept(happened("left", hot, "member.left"))
	wk.Wake(hot)
	w.until("it waits", func() bool { return w.counts("reminds").Waiting == 1 })
	w.advance(2 * time.Minute)
	w.accept(order("in time", hot))
	wk.Wake(hot)
	<-g.begun
	w.advance(15 * time.Minute)
	close(g.goOn)
	w.until("it goes on", func() bool { return w.counts("reminds").Done == 1 })
	m, err := w.Member(w.ctx, hot)
	if err != nil || slices.Contains(m.Tags, "reminded") {
		t.Errorf("paid in time, and %v, %v", m.Tags, err)
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Errorf("decided again: %v", differences)
	}
}

// forgetful tells an error once of a commit that is stored and holds a member.
type forgetful struct {
	store.Store
	told atomic.Bool
}

func (f *forgetful) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	err := f.Store.Commit(ctx, lane, fence, watermark, c)
	if err == nil && len(c.Held) > 0 && f.told.CompareAndSwap(false, true) {
		return errors.New("the disk was away for a moment")
	}
	return err
}

// A member is not held for ever when nobody knows what is to be built for them.
func TestHeldForNothingGoOn(t *testing.T) {
	w := newWorld(t, embedded(t))
	hot := longHistories(w, 1)[0]
	f := &forgetful{Store: w.Store}
	w.edit = func(c *worker.Config) { c.Store = f }
	wk := w.run()
	w.idle()
	w.activate(sums, thanks)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.accept(order("one", hot))
	wk.Wake(hot)
	w.until("the error is told", f.told.Load)
	w.advance(2 * time.Minute)
	w.accept(order("two", hot))
	wk.Wake(hot)
	w.until("the member goes on", func() bool { return w.counts("thanks").Entered == 2 })
}

// unbuildable is a store that never stores trees of one member.
type unbuildable struct {
	store.Store
	member string
	mended atomic.Bool
}

func (r *unbuildable) BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error {
	if member == r.member && !r.mended.Load() {
		return errors.New("malformed")
	}
	return r.Store.BuildTrees(ctx, member, trees, last)
}

// A member for whom nothing can be built holds up no other, and is told of until it can.
func TestOneWhoCannotBeBuiltForHoldsUpNobody(t *testing.T) {
	w := newWorld(t, embedded(t))
	m := longHistories(w, 2)
	u := &unbuildable{Store: w.Store, member: m[0]}
	w.edit = func(c *worker.Config) { c.Store = u }
	wk := w.run()
	w.idle()
	w.activate(sums, thanks)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.accept(order("one", m[0]))
	wk.Wake(m[0])
	w.until("the first is held", func() bool {
		held, err := w.Held(w.ctx)
		return err == nil && len(held) == 1
	})
	w.accept(order("two", m[1]))
	wk.Wake(m[1])
	w.until("the other goes on", func() bool { return w.counts("thanks").Entered == 1 })
	w.until("the gauge tells it", func() bool { return gauge(t, wk, "usher_failing_builds") == 1 })
	u.mended.Store(true)
	w.until("the first goes on", func() bool { return w.counts("thanks").Entered == 2 })
	w.until("nothing fails", func() bool { return gauge(t, wk, "usher_failing_builds") == 0 })
}

// However many inputs were kept of a member, they are decided in their order, a part after the other, and others
// between them; also when the process dies meanwhile.
func TestManyKeptInputsAreDecidedInTheirOrder(t *testing.T) {
	w := newWorld(t, embedded(t))
	m := longHistories(w, 2)
	hot, cold := m[0], m[1]
	g := &gated{Store: w.Store, begun: make(chan struct{}, 1), goOn: make(chan struct{})}
	w.edit = func(c *worker.Config) { c.Store = g }
	ctx, die := context.WithCancel(w.ctx)
	defer die()
	ended := make(chan error, 1)
	wk := w.worker()
	go func() { ended <- wk.Run(ctx) }()
	w.idle()
	w.activate(sums, thanks, reminds)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.accept(happened("left", hot, "member.left"), order("first", hot))
	wk.Wake(hot)
	<-g.begun
	const many = 1000
	var want []string
	for i := range many {
		want = append(want, fmt.Sprint("kept", i))
		w.accept(order(want[i], hot))
	}
	wk.Wake(hot)
	w.advance(15 * time.Minute)
	close(g.goOn)
	w.until("some are decided", func() bool { return w.counts("thanks").Entered > 100 })
	die()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.edit = nil
	wk = w.run()
	w.accept(order("mine", cold), order("last", hot))
	wk.Wake(hot, cold)
	w.until("all are decided", func() bool { return w.counts("thanks").Entered == many+3 })
	list, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "thanks", Member: hot, Limit: 2 * many})
	if err != nil {
		t.Fatal(err)
	}
	want = append(append([]string{"first"}, want...), "last")
	slices.Reverse(want)
	for i, id := range want {
		if got := list[i].Trigger["id"]; got != id {
			t.Fatalf("the %dth from the end is %v, want %s", i, got, id)
		}
	}
	if m, err := w.Member(w.ctx, hot); err != nil || slices.Contains(m.Tags, "reminded") {
		t.Errorf("paid in time, and %v, %v", m.Tags, err)
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Errorf("decided again: %v", differences)
	}
}

// early is a store that lets a member go on as soon as they are held to build, as who finds that nothing is
// being built for them; what comes next of them comes one by one. Nothing is built for another meanwhile.
type early struct {
	store.Store
	member, other string
	held          atomic.Int32 // how often the member came to be held
	goOn          chan struct{}
}

func (e *early) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	err := e.Store.Commit(ctx, lane, fence, watermark, c)
	isMembers := func(h engine.Held) bool { return h.Member == e.member }
	if err == nil && slices.ContainsFunc(c.Held, isMembers) && e.held.Add(1) == 1 {
		err = e.Store.BuildTrees(ctx, e.member, nil, true)
	}
	return err
}

func (e *early) Pending(ctx context.Context, lane int, now time.Time, limit int) (*store.Batch, error) {
	if e.held.Load() > 0 {
		limit = 1
	}
	return e.Store.Pending(ctx, lane, now, limit)
}

func (e *early) Ahead(context.Context, int, time.Time, *store.Batch, int) (*store.Batch, error) {
	return nil, errors.New("blind")
}

func (e *early) BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error {
	if member == e.other {
		select {
		case <-e.goOn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return e.Store.BuildTrees(ctx, member, trees, last)
}

// What is built for a member has all that is decided of them when it begins, also when they went on since it
// was asked for, and came to be held again.
func TestBuiltIsAsOfWhenItBegins(t *testing.T) {
	w := newWorld(t, embedded(t))
	m := longHistories(w, 2)
	e := &early{Store: w.Store, member: m[0], other: m[1], goOn: make(chan struct{})}
	w.edit = func(c *worker.Config) { c.Store = e }
	wk := w.run()
	w.idle()
	w.activate(`id: asks
stage: retention
trigger: {event: member.left}
condition: sum(events("order.paid"), .amount) == 7505
actions: [{tag: regular}]
`)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.accept(happened("other left", m[1], "member.left"))
	wk.Wake(m[1])
	w.until("the other is held", func() bool {
		held, err := w.Held(w.ctx)
		return err == nil && len(held) == 1
	})
	w.accept(order("one more", m[0]), happened("left", m[0], "member.left"))
	wk.Wake(m[0])
	w.until("the member is held again", func() bool { return e.held.Load() == 2 })
	close(e.goOn)
	w.until("all is decided", func() bool {
		n := w.counts("asks")
		return n.Entered+n.Skipped["condition"] == 2
	})
	if n := w.counts("asks"); n.Entered != 1 {
		t.Errorf("the sum is right %d times", n.Entered)
	}
}
