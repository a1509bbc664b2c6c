package worker_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/worker"
)

// granting counts what is asked of pools, and fails some commits, as a process that dies before them.
type granting struct {
	worker.Store
	reads, reservations, commits atomic.Int64
	failEvery                    int64 // 0: none fails
}

var errDied = errors.New("the process died")

func (g *granting) Pools(ctx context.Context, lane int, asks []engine.Ask) (map[string]engine.PoolState, error) {
	g.reads.Add(1)
	return g.Store.Pools(ctx, lane, asks)
}

func (g *granting) Reserve(ctx context.Context, lane int, asks []engine.Ask) (map[string]engine.PoolState, error) {
	g.reservations.Add(1)
	return g.Store.Reserve(ctx, lane, asks)
}

func (g *granting) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	if n := g.commits.Add(1); g.failEvery > 0 && n%g.failEvery == 1 {
		return errDied
	}
	return g.Store.Commit(ctx, lane, fence, watermark, c)
}

func (w *world) orders(from, to int, amounts int) (members []string) {
	var list []engine.Input
	for i := from; i < to; i++ {
		in := order(fmt.Sprint("o", i), fmt.Sprint("m", i))
		in.Properties = map[string]any{"amount": float64(i % amounts)}
		list, members = append(list, in), append(members, in.Member)
	}
	w.accept(list...)
	return members
}

// eight starts eight workers on one database, and returns what wakes them.
func (w *world) eight() (wake func(members ...string)) {
	var all []*worker.Worker
	for range 8 {
		all = append(all, w.run())
	}
	return func(members ...string) {
		for _, wk := range all {
			wk.Wake(members...)
		}
	}
}

const (
	hundred = "id: all\nstage: activation\ntrigger: {event: order.paid}\nquota: {max: 100, per: day}\nactions: [{tag: x}]\n"
	byValue = "id: each\nstage: activation\ntrigger: {event: order.paid}\nquota: {max: 20, per: day, by: = trigger.amount}\nactions: [{tag: y}]\n"
)

// However many workers there are, and whatever of their work is lost, a quota is never exceeded and used to the last.
func TestQuotasUnderManyWorkers(t *testing.T) {
	laned(t, func(t *testing.T, lanes int) {
		w := newLanedWorld(t, lanes, embedded(t))
		w.edit = func(c *worker.Config) { c.Store = &granting{Store: c.Store, failEvery: 4} }
		w.activate(hundred, byValue)
		wake := w.eight()
		for i := 0; i < 240; i += 12 {
			wake(w.orders(i, i+12, 7)...)
		}
		w.idle()
		for book, want := range map[string]int{"all": 100, "each": 140} {
			if n := w.counts(book); n.Entered != want {
				t.Errorf("%s: %d entered, want %d", book, n.Entered, want)
			}
		}
		if differences := w.replayed(""); len(differences) > 0 {
			t.Errorf("decided again: %v", differences[:1])
		}
	})
}

// However many workers there are, and whatever of their work is lost, a pool gives as many a day as it may, and in all as
// many as its budget says or as there are codes, to the last.
func TestPoolsUnderManyWorkers(t *testing.T) {
	laned(t, func(t *testing.T, lanes int) {
		declare(t, "coupons:\n", "coupons:\n  daily: {prefix: DAY, budget: 150, quota: {max: 100, per: day}}\n"+
			"  loaded: {codes: imported}\n")
		w := newLanedWorld(t, lanes, embedded(t))
		w.edit = func(c *worker.Config) { c.Store = &granting{Store: c.Store, failEvery: 4} }
		w.activate("id: gives\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\n" +
			"actions: [{coupon: daily}, {coupon: ten}, {coupon: loaded}]\n")
		var codes []string
		for i := range 90 {
			codes = append(codes, fmt.Sprint("C-", i))
		}
		if _, err := w.LoadCodes(w.ctx, "loaded", codes); err != nil {
			t.Fatal(err)
		}
		w.advance(12*time.Hour - time.Duration(w.now().UnixNano())%(12*time.Hour) + time.Hour) // never at the end of a day
		wake := w.eight()
		for day, want := range []map[string]int{{"daily": 100, "ten": 100, "loaded": 90}, {"daily": 150, "ten": 100, "loaded": 90}} {
			for i := day * 132; i < (day+1)*132; i += 12 {
				wake(w.orders(i, i+12, 7)...)
			}
			w.idle()
			if got := w.counts("gives").Coupons; !maps.Equal(got, want) {
				t.Errorf("day %d: issued %v, want %v", day+1, got, want)
			}
			w.advance(24 * time.Hour)
		}
		if differences := w.replayed(""); len(differences) > 0 {
			t.Errorf("decided again: %v", differences[:1])
		}
	})
}

// What a batch needs of many values is had at once: it is decided anew once, and not once a value.
func TestManyValuesAreAskedForAtOnce(t *testing.T) {
	w := newWorld(t, embedded(t))
	g := &granting{}
	w.edit = func(c *worker.Config) { g.Store, c.Store = c.Store, g }
	w.activate(byValue)
	w.orders(0, 50, 50)
	wk := w.run()
	wk.Wake("m1")
	w.until("all have entered", func() bool { return w.counts("each").Entered == 50 })
	if g.reads.Load() != 1 || g.reservations.Load() != 1 {
		t.Errorf("%d reads of pools, %d reservations", g.reads.Load(), g.reservations.Load())
	}
}

// The period is that of the event, however late it is decided.
func TestQuotaOfTheDayThatWas(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(hundred)
	w.advance(12*time.Hour - time.Duration(w.now().UnixNano())%(12*time.Hour) + time.Hour) // never at the end of a day
	w.orders(0, 120, 7)
	w.advance(24 * time.Hour)
	w.orders(120, 240, 7)
	w.advance(72 * time.Hour)
	w.orders(240, 250, 7)
	w.run().Wake("m1")
	w.idle()
	if n := w.counts("all"); n.Entered != 210 {
		t.Errorf("%d entered", n.Entered)
	}
}

// What is kept of a part of a quota goes a week after it is over, and the part grants nothing more.
func TestPartsThatAreOverAreForgotten(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(hundred)
	taken := map[string]int{}
	w.edit = func(c *worker.Config) { c.Store = &taking{Store: c.Store, taken: taken} }
	wk, stop := w.start()
	w.orders(0, 1, 7)
	wk.Wake("m0")
	w.until("one has entered", func() bool { return w.counts("all").Entered == 1 })
	stop()
	part := slices.Collect(maps.Keys(taken))[0]
	end := w.now().Add(48 * time.Hour).Truncate(24 * time.Hour)
	state := func() engine.PoolState {
		list, err := w.Pools(w.ctx, 0, []engine.Ask{{Pool: part, Most: 100, Until: end}})
		if err != nil {
			t.Fatal(err)
		}
		return list[part]
	}
	if st := state(); st.Free == 0 || st.Dry {
		t.Errorf("it has %+v", st)
	}
	w.advance(10 * 24 * time.Hour)
	_, stop = w.start()
	defer stop()
	w.until("it is forgotten", func() bool { return reflect.DeepEqual(state(), engine.PoolState{Dry: true}) })
}

// taking notes what is taken of pools.
type taking struct {
	worker.Store
	taken map[string]int
}

func (s *taking) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	maps.Copy(s.taken, c.Taken)
	return s.Store.Commit(ctx, lane, fence, watermark, c)
}
