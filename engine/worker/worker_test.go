package worker_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

func TestEventToMessage(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	wk := w.run()
	w.until("the workspace", func() bool { _, hash := wk.Workspace(); return hash != "" })
	var took []time.Duration
	for i := range 30 {
		start := time.Now()
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
		wk.Wake(fmt.Sprint("m", i))
		w.until("the message", func() bool { n, _ := w.sent.keys(); return n > i })
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("from Accept to Send: p50 %v, p90 %v", took[15], took[27])
	w.until("settled", func() bool {
		channels, _, err := w.OwedDeliveries(w.ctx, time.Now())
		return err == nil && len(channels) == 0
	})
	if _, all := w.sent.keys(); all != 30 {
		t.Errorf("%d messages of 30 events", all)
	}
	if n := w.state("thanks", engine.RunDone); n != 30 {
		t.Errorf("%d runs are done, of 30", n)
	}
}

// Whoever accepted was killed before it could wake anybody.
func TestKilledBetweenCommitAndWake(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	w.run()
	w.accept(order("e1", "m1"), order("e2", "m2"))
	w.until("the messages", func() bool { n, _ := w.sent.keys(); return n == 2 })
}

func TestOneMemberOneLine(t *testing.T) { laned(t, testOneMemberOneLine) }

func testOneMemberOneLine(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(`id: count
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - set: {level: "= string(len(events(\"order.paid\")))"}
`)
	wk := w.run()
	for i := range 100 {
		w.accept(order(fmt.Sprint("e", i), "m"))
		wk.Wake("m")
	}
	w.until("all runs", func() bool { return w.state("count", engine.RunDone) == 100 })
	m, err := w.Member(w.ctx, "m")
	if err != nil || m.Attributes["level"] != "100" {
		t.Fatalf("the last decision saw %v events of 100, %v", m.Attributes["level"], err)
	}
}

const rescue = `id: rescue
stage: conversion
trigger: {event: order.paid}
mode: parallel
actions:
  - wait: 4h
  - message: {channel: shop, text: "still there?", class: transactional}
`

func TestWaitComesDue(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(rescue)
	w.run()
	w.accept(order("e1", "m1"))
	w.until("the wait", func() bool { return w.state("rescue", engine.RunWaiting) == 1 })
	w.advance(4*time.Hour + time.Second)
	w.until("the end", func() bool { return w.state("rescue", engine.RunDone) == 1 })
	w.until("the message", func() bool { n, _ := w.sent.keys(); return n == 1 })
}

// A run keeps the revision it began with, also when the worker that goes on with it has never seen
// that.
func TestRunKeepsItsRevision(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(rescue)
	wk := w.run()
	w.accept(order("e1", "m1"))
	w.until("the wait", func() bool { return w.state("rescue", engine.RunWaiting) == 1 })
	w.activate(`id: rescue
stage: conversion
trigger: {event: order.paid}
actions:
  - wait: 1d
`)
	_, old := wk.Workspace()
	w.until("the new workspace", func() bool { _, hash := wk.Workspace(); return hash != old })
	w.advance(5 * time.Hour)
	w.until("the message of the old revision", func() bool { n, _ := w.sent.keys(); return n == 1 })
}

func TestBadWorkspaceChangesNothing(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	wk := w.worker()
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	_, good := wk.Workspace()
	bad := store.Bundle{Hash: "bad", Files: map[string][]byte{"usher.yaml": []byte("usher: [")}}
	if err := w.Activate(w.ctx, bad, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := wk.Refresh(w.ctx); err == nil {
		t.Error("a workspace with a mistake was taken")
	}
	if _, hash := wk.Workspace(); hash != good {
		t.Errorf("workspace %q is in use", hash)
	}
}

// One poisoned event is set aside with its error; its member's others, and other members, go on.
func TestPoisonedInputIsSetAside(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	wk := w.run()
	w.accept(order("good-1", "m"), engine.Input{Kind: "nonsense", ID: "bad", Member: "m"}, order("good-2", "m"),
		order("other", "m2"))
	wk.Wake("m", "m2")
	w.until("the runs", func() bool { return w.state("thanks", engine.RunDone) == 3 })
	list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != "bad" {
		t.Fatalf("failures %+v, %v", list, err)
	}
}

func TestPanicIsOneMembers(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	w.edit = func(c *worker.Config) {
		send, first := c.Effects["message"], true
		c.Effects["message"] = func(a *engine.Act) error {
			if first {
				panic("broken")
			}
			return send(a)
		}
		c.Concurrency = 1
	}
	w.run()
	w.accept(order("a", "m1"))
	w.until("the failure", func() bool {
		list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 10})
		return err == nil && len(list) == 1
	})
}

func TestPoolIsNeverOverdrawn(t *testing.T) { laned(t, testPoolIsNeverOverdrawn) }

func testPoolIsNeverOverdrawn(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(`id: gift
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - coupon: {pool: ten}
`)
	a, b := w.run(), w.run()
	for i := range 150 {
		m := fmt.Sprint("m", i%40)
		w.accept(order(fmt.Sprint("e", i), m))
		a.Wake(m)
		b.Wake(m)
	}
	w.until("all runs", func() bool { return w.state("gift", engine.RunDone) == 150 })
	if n := w.counts("gift").Coupons["ten"]; n != 100 {
		t.Errorf("%d coupons of a budget of 100", n)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	w.sent.fail = func(_ engine.Delivery, attempt int) error {
		if attempt < 3 {
			return errBusy
		}
		return nil
	}
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	for range 2 {
		w.until("a retry is planned", func() bool {
			_, next, err := w.OwedDeliveries(w.ctx, w.now())
			return err == nil && !next.IsZero()
		})
		w.advance(time.Minute)
	}
	w.until("the message", func() bool { n, _ := w.sent.keys(); return n == 1 })
	w.until("it is settled, and the run says that it came out of turn", func() bool {
		runs, _, err := w.Runs(w.ctx, store.RunFilter{Limit: 1})
		if err != nil || len(runs) != 1 {
			t.Fatal(runs, err)
		}
		rec, err := w.Store.Run(w.ctx, runs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return rec.Deliveries[0].State == store.DeliverySent && rec.Deliveries[0].OutOfTurn()
	})
}

// lockedText is a log that is read while it is written.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestPermanentErrorIsArchivedAndLogged(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	log := new(lockedText)
	w.edit = func(c *worker.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) }
	w.sent.fail = func(engine.Delivery, int) error { return &channel.PermanentError{Err: errBusy} }
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("the failure", func() bool {
		list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 10})
		return err == nil && len(list) == 1 && list[0].What == "delivery"
	})
	w.until("the line in the log", func() bool { return strings.Count(log.String(), "a delivery was given up on") == 1 })
}

// A message that its provider's limit puts off is not tried: it may wait as often as it has to.
func TestPutOffIsNoAttempt(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	asked := 0
	w.sent.fail = func(_ engine.Delivery, attempt int) error {
		if asked++; attempt != 1 {
			return fmt.Errorf("it is attempt %d", attempt)
		}
		if asked <= 25 {
			return &channel.PutOffError{After: time.Millisecond}
		}
		return nil
	}
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("it is sent", func() bool { n, _ := w.sent.keys(); return n == 1 })
	list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 10})
	if err != nil || len(list) > 0 {
		t.Errorf("failures %+v, %v", list, err)
	}
}

func TestParseRedis(t *testing.T) {
	for uri, want := range map[string]asynq.RedisConnOpt{
		"redis://u:p@h:1/2": asynq.RedisClientOpt{Addr: "h:1", Username: "u", Password: "p", DB: 2},
		"redis-cluster://u:p@h:1,i:2": asynq.RedisClusterClientOpt{
			Addrs: []string{"h:1", "i:2"}, Username: "u",
			Password: "p",
		},
		"redis-sentinel://h:1?master=m": asynq.RedisFailoverClientOpt{MasterName: "m", SentinelAddrs: []string{"h:1"}},
	} {
		got, err := worker.ParseRedis(uri)
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
	if _, err := worker.ParseRedis("http://h"); err == nil {
		t.Error("http is no Redis")
	}
}
