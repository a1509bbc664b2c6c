package worker_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// sighted counts the batches that are looked at ahead, cuts all to a size, and can be blind.
type sighted struct {
	worker.Store
	most  int
	blind bool
	n     atomic.Int64
}

func (s *sighted) Pending(ctx context.Context, lane int, now time.Time, limit int) (*store.Batch, error) {
	return s.Store.Pending(ctx, lane, now, min(limit, s.most))
}

func (s *sighted) Ahead(ctx context.Context, lane int, now time.Time, of *store.Batch, limit int) (*store.Batch, error) {
	if s.blind {
		return nil, errors.New("blind")
	}
	s.n.Add(1)
	return s.Store.Ahead(ctx, lane, now, of, min(limit, s.most))
}

// aheadBooks depend on what their members did just before, on waits that end between inputs and on a
// budget that runs out.
var aheadBooks = []string{
	"id: next\nstage: activation\ntrigger: {event: order.paid}\nactions:\n" +
		"  - {id: more, wait: {event: order.paid, if: event.amount > trigger.amount, timeout: 90m}}\n  - points: 10\n",
	"id: told\nstage: activation\ntrigger: {event: order.paid, if: event.amount == 7}\nmode: parallel\n" +
		"actions: [{emit: {event: member.left, member: m0}}]\n",
	"id: left\nstage: activation\ntrigger: {event: member.left}\nmode: parallel\nactions: [{points: 100}]\n",
}

// decidedAhead has 600 inputs of 60 members decided in batches of 40 and returns what became of each.
func decidedAhead(t *testing.T, pool string, blind bool) (lives []string, looked int64) {
	w := newWorld(t, embedded(t))
	w.activate(append(slices.Clone(aheadBooks), "id: third\nstage: activation\n"+
		"trigger: {event: order.paid, if: len(events(\"order.paid\")) % 3 == 0}\nmode: parallel\n"+
		"actions: [{points: 1}, {coupon: {pool: "+pool+"}}]\n")...)
	sight := &sighted{Store: w.Store, most: 40, blind: blind}
	w.edit = func(c *worker.Config) { c.Store = sight }
	members := make([]string, 60)
	for i := range members {
		members[i] = fmt.Sprint("m", i)
	}
	var list []engine.Input
	for i := range 600 {
		in := order(fmt.Sprint("o", i), members[(i*17+i/13*5)%len(members)])
		in.Payload.Properties["amount"] = float64(i % 11)
		list = append(list, in)
	}
	w.accept(list[:300]...)
	w.advance(2 * time.Hour)
	w.accept(list[300:]...)
	wk := w.run()
	wk.Wake(members...)
	w.until("all is decided", func() bool {
		lanes, _, err := w.Owed(w.ctx, w.now())
		return err == nil && len(lanes) == 0
	})
	if differences := w.replayed(""); len(differences) > 0 {
		t.Errorf("decided again:\n%s", strings.Join(differences, "\n"))
	}
	coupons, third := 0, w.counts("third")
	for _, m := range members {
		state, err := w.Member(w.ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		coupons += state.Coupons[pool]
		lives = append(lives, fmt.Sprintf("%s has %v points", m, state.Points))
	}
	want := third.Entered
	if pool == "ten" {
		want = 100 // the budget
	}
	if coupons != want || third.Coupons[pool] != want || third.Entered < 120 {
		t.Errorf("%d coupons for %d runs, %v counted, want %d", coupons, third.Entered, third.Coupons, want)
	}
	return lives, sight.n.Load()
}

// Deciding a batch while the one before it is committed changes nothing.
func TestDecidedAheadIsDecidedAlike(t *testing.T) {
	for _, pool := range []string{"ten", "many"} {
		ahead, looked := decidedAhead(t, pool, false)
		if looked < 5 {
			t.Errorf("%d batches were looked at ahead", looked)
		}
		if after, _ := decidedAhead(t, pool, true); !slices.Equal(ahead, after) {
			t.Errorf("ahead:\n%s\none after the other:\n%s", strings.Join(ahead, "\n"), strings.Join(after, "\n"))
		}
	}
}

// slowAhead lets nobody see what is behind a batch until it is told to.
type slowAhead struct {
	sighted
	looks, goOn chan struct{}
}

func (s *slowAhead) Ahead(ctx context.Context, lane int, now time.Time, of *store.Batch, limit int) (*store.Batch, error) {
	s.looks <- struct{}{}
	select {
	case <-s.goOn:
		return s.sighted.Ahead(ctx, lane, now, of, limit)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// What a batch leads to does not wait for the next one, however long that is decided: it is counted and
// followed when it is stored.
func TestABatchIsFollowedWhileTheNextIsDecided(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	slow := &slowAhead{
		sighted: sighted{Store: w.Store, most: 10}, looks: make(chan struct{}, 3), goOn: make(chan struct{}),
	}
	w.edit = func(c *worker.Config) { c.Store = slow }
	for i := range 30 {
		w.accept(order(fmt.Sprint("o", i), fmt.Sprint("m", i)))
	}
	wk := w.run()
	wk.Wake("m0")
	<-slow.looks
	w.until("the batch is counted", func() bool { return gauge(t, wk, "usher_inputs_decided_total") == 10 })
	close(slow.goOn)
	w.until("all are decided", func() bool { return gauge(t, wk, "usher_inputs_decided_total") == 30 })
}

// pausing is a store in which a playbook is paused and goes on again while the first batch of waits is
// committed, when the next one was loaded.
type pausing struct {
	sighted
	looked, loaded atomic.Bool // ahead
	paused         atomic.Int32
	pause          func()
}

func (p *pausing) States(ctx context.Context, members, runs []string) (map[string]*engine.State, error) {
	defer func() { p.loaded.Store(p.looked.Load()) }()
	return p.sighted.States(ctx, members, runs)
}

func (p *pausing) Ahead(ctx context.Context, lane int, now time.Time, of *store.Batch, limit int) (*store.Batch, error) {
	p.looked.Store(true)
	return p.sighted.Ahead(ctx, lane, now, of, limit)
}

func (p *pausing) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	if len(c.Coupons) > 0 && p.paused.Add(1) == 1 {
		for !p.loaded.Load() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		p.pause()
	}
	return p.sighted.Commit(ctx, lane, fence, watermark, c)
}

// Runs that were loaded ahead are decided by what knows their revisions, also when the workspace came into use
// anew meanwhile.
func TestAheadKnowsTheRevisionsItHasLoaded(t *testing.T) {
	w := newWorld(t, embedded(t))
	late := "id: late\nstage: activation\ntrigger: {event: order.paid}\nactions: [{wait: 1h}, {coupon: {pool: ten}}"
	w.activate(late + "]\n")
	p := &pausing{sighted: sighted{Store: w.Store, most: 3}}
	w.edit = func(c *worker.Config) { c.Store = p }
	wk, stop := w.start()
	p.pause = func() {
		for _, paused := range []bool{true, false} {
			if err := errors.Join(w.SetPaused(w.ctx, "late", paused, w.now()), wk.Refresh(w.ctx)); err != nil {
				t.Error(err)
			}
		}
	}
	var members []string
	for i := range 9 {
		members = append(members, fmt.Sprint("m", i))
		w.accept(order(fmt.Sprint("o", i), members[i]))
	}
	wk.Wake(members...)
	w.until("all wait", func() bool { return w.counts("late").Waiting == len(members) })
	stop()
	w.activate(late + ", {tag: x}]\n")
	w.advance(2 * time.Hour)
	for _, m := range members { // with an input what is due of a member is decided, too
		w.accept(happened("l"+m, m, "member.left"))
	}
	p.looked.Store(false)
	p.loaded.Store(false)
	wk, stop = w.start()
	defer stop()
	wk.Wake(members...)
	w.until("all are done", func() bool { return w.counts("late").Done == len(members) })
	if p.paused.Load() < 2 {
		t.Error("nothing was decided ahead")
	}
}

// While waits alone are due nothing is decided ahead: an event that comes in meanwhile is in the next batch.
func TestWaitsAreNotDecidedAhead(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate("id: w\nstage: activation\ntrigger: {event: order.paid}\nactions: [{wait: 5d}, {tag: x}]\n")
	sight := &sighted{Store: w.Store, most: 40}
	w.edit = func(c *worker.Config) { c.Store = sight }
	wk, stop := w.start()
	for i := range 200 {
		w.accept(order(fmt.Sprint("o", i), fmt.Sprint("m", i)))
	}
	wk.Wake("m0")
	w.until("all wait", func() bool { return w.counts("w").Waiting == 200 })
	stop()
	sight.n.Store(0)
	w.advance(6 * 24 * time.Hour)
	wk, stop = w.start()
	defer stop()
	wk.Wake("m0")
	w.until("all waits are over", func() bool { return w.counts("w").Done == 200 })
	if n := sight.n.Load(); n > 0 {
		t.Errorf("%d batches were looked at ahead", n)
	}
}

// dependentBooks depend on what was decided of their member just before. What they emit to another is
// accepted when its batch is stored, so it goes to somebody who is in no batch but for that.
var dependentBooks = []string{
	aheadBooks[0],
	strings.Replace(aheadBooks[1], "member: m0", "member: sink", 1),
	aheadBooks[2],
	"id: once\nstage: activation\ntrigger: {event: order.paid}\ngoal: {event: order.paid, within: 3h}\nactions:\n" +
		"  - {id: more, wait: {event: order.paid, if: event.amount > trigger.amount, timeout: 30m}}\n" +
		"  - {if: not actions.more.timed_out, tag: more}\n",
	"id: self\nstage: activation\ntrigger: {event: order.paid, if: event.amount == 5}\nmode: parallel\n" +
		"actions: [{emit: {event: visit, properties: {n: 3}}}]\n",
	"id: seen\nstage: activation\ntrigger: {event: visit}\nmode: parallel\n" +
		"actions: [{wait: 1h}, {points: '= len(events(\"visit\", \"2h\"))'}]\n",
	"id: sum\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions:\n" +
		"  - wait: 45m\n  - points: = int(sum(events(\"order.paid\", \"2h\"), .amount))\n  - coupon: {pool: many}\n" +
		"  - message: {channel: shop, text: hi, class: transactional}\n",
	crossing("enter", "lapsed"), crossing("exit", "lapsed"), crossing("enter", "buyers"),
}

// Whatever the batches in which it is decided, and whether they are decided ahead: members have the
// same life, and replay finds no difference.
func TestBatchesAheadChangeNothing(t *testing.T) {
	declareOrdersOfGroups(t)
	declare(t, "  member.left: {}\n", "  member.left: {}\n  visit: {n: number}\n")
	redis := embedded(t)
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue { // two databases and workers each
		if err := flag.Set("rapid.checks", "10"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", checks.DefValue) }()
	}
	rapid.Check(t, func(rt *rapid.T) {
		all := []string{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"}
		members := all[:rapid.IntRange(1, len(all)).Draw(rt, "members")]
		groups := []string{naming.ObjectID("group", "g1"), naming.ObjectID("group", "g2")}
		subjects := slices.Concat(members, groups)
		limits := rapid.SliceOfN(rapid.IntRange(1, 8), 1, 6).Draw(rt, "batches")
		var steps []step
		for i := range rapid.IntRange(10, 60).Draw(rt, "inputs") {
			s := step{after: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 100, 4000}).Draw(rt, "gap")) * time.Minute}
			name, property := "order.paid", "amount"
			if rapid.IntRange(0, 3).Draw(rt, "visits") == 0 {
				name, property = "visit", "n"
			}
			n := float64(rapid.SampledFrom([]int{1, 2, 5, 7, 9}).Draw(rt, "n"))
			s.Input = engine.Input{
				Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: rapid.SampledFrom(members).Draw(rt, "member"), Name: name,
				Payload: &engine.Payload{Properties: map[string]any{property: n}},
			}
			s.ofGroup(rt, groups)
			s.drain = rapid.IntRange(0, 15).Draw(rt, "drain") == 0
			steps = append(steps, s)
		}
		world := func(l *limited) *poisonedWorld {
			w := newLimitedWorld(t, 1, redis, l, slices.Concat(dependentBooks, poisonOfGroups)...)
			w.live(steps, subjects, func(*step) bool { return true }, "")
			if differences := w.replayed(""); len(differences) > 0 {
				rt.Fatalf("decided again:\n%s", strings.Join(differences, "\n"))
			}
			return w
		}
		ahead := world(&limited{limits: limits})
		defer ahead.close()
		after := world(&limited{limits: []int{1000}, blind: true})
		defer after.close()
		for _, m := range subjects {
			if a, b := ahead.lifeOf(m, nil), after.lifeOf(m, nil); a != b {
				rt.Fatalf("%s, ahead:\n%s\none after the other:\n%s", m, a, b)
			}
		}
		if a, b := ahead.counts("left"), after.counts("left"); a.Done != b.Done || a.Done != ahead.counts("told").Done {
			rt.Fatalf("%d runs by events of others ahead, %d one after the other", a.Done, b.Done)
		}
	})
}
