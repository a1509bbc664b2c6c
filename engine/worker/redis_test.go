package worker_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/engine/worker/redistest"
)

func real(t *testing.T) (asynq.RedisClientOpt, *redis.Client) {
	t.Helper()
	addr := redistest.Start(t)
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return asynq.RedisClientOpt{Addr: addr}, c
}

// The Redis inside the process is for nobody else on the machine.
func TestEmbeddedRedisAsksForAPassword(t *testing.T) {
	opt := embedded(t).(asynq.RedisClientOpt)
	if host, _, err := net.SplitHostPort(opt.Addr); err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("it listens on %s", opt.Addr)
	}
	another := embedded(t).(asynq.RedisClientOpt).Password
	for _, password := range []string{"", "usher", another} {
		c := redis.NewClient(&redis.Options{Addr: opt.Addr, Password: password})
		if err := c.FlushAll(context.Background()).Err(); err == nil {
			t.Errorf("flushed with the password %q", password)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Redis loses everything again and again while events come in. Nothing is lost, nothing is decided
// twice and no message goes out twice.
func TestRedisIsFlushed(t *testing.T) { laned(t, testRedisIsFlushed) }

func testRedisIsFlushed(t *testing.T, lanes int) {
	opt, c := real(t)
	w := newLanedWorld(t, lanes, opt)
	w.activate(thanks, rescue)
	wk := w.run()
	w.sent.fail = func(engine.Delivery, int) error { // as long as a way through the network
		time.Sleep(time.Millisecond)
		return nil
	}
	const n = 400
	for i := range n {
		m := fmt.Sprint("m", i%60)
		w.accept(order(fmt.Sprint("e", i), m))
		if i%2 == 0 { // the others are the sweep's
			wk.Wake(m)
		}
		if err := c.FlushAll(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	flushed := func() bool { return c.FlushAll(context.Background()).Err() == nil }
	w.until("all runs", func() bool { return flushed() && w.state("rescue", engine.RunWaiting) == n })
	w.advance(5 * time.Hour)
	w.until("all messages", func() bool { distinct, _ := w.sent.keys(); return flushed() && distinct == 2*n })
	if got := w.state("thanks", engine.RunDone) + w.state("rescue", engine.RunDone); got != 2*n {
		t.Errorf("%d runs of %d events are done", got, n)
	}
	if distinct, all := w.sent.keys(); all != distinct {
		t.Errorf("%d messages were sent %d times", distinct, all)
	}
}

// Redis goes away and does not come back: events are decided, messages sent and waits come due.
func TestRedisIsGone(t *testing.T) {
	opt, stop, err := worker.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w := newWorld(t, opt)
	w.activate(rescue, thanks)
	wk := w.run()
	w.until("the workspace", func() bool { _, hash := wk.Workspace(); return hash != "" })
	stop()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("the wait", func() bool { return w.state("rescue", engine.RunWaiting) == 1 })
	w.advance(5 * time.Hour)
	w.until("both messages", func() bool { distinct, _ := w.sent.keys(); return distinct == 2 })
}

// Several installations have one Redis, each with members and playbooks of the same names.
func TestInstallationsShareARedis(t *testing.T) {
	opt, c := real(t)
	worlds := []*world{newWorld(t, opt), newWorld(t, opt)}
	const n = 100
	for i, w := range worlds {
		w.activate(thanks)
		w.run() // woken by the sweep, through Redis
		for j := range n {
			w.accept(order(fmt.Sprintf("%d-%d", i, j), fmt.Sprint("m", j%10)))
		}
	}
	for _, w := range worlds {
		w.until("all messages", func() bool { distinct, _ := w.sent.keys(); return distinct == n })
		if _, all := w.sent.keys(); all != n {
			t.Errorf("%d messages of %d events", all, n)
		}
	}
	queues, err := c.SMembers(context.Background(), "asynq:queues").Result()
	if err != nil || len(queues) != len(worlds) {
		t.Errorf("queues %v, %v", queues, err)
	}
}

// Somebody else has written whatever they like under every key that there is.
func TestForeignKeysStopNothing(t *testing.T) {
	opt, c := real(t)
	w := newWorld(t, opt)
	w.activate(rescue, thanks)
	wk := w.run()
	w.accept(order("first", "m"))
	wk.Wake("m")
	w.until("the first message", func() bool { distinct, _ := w.sent.keys(); return distinct == 1 })
	squat := func() bool {
		keys, err := c.Keys(w.ctx, "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for lane := range 8 {
			keys = append(keys, fmt.Sprint("usher:at:lane.", lane))
		}
		for _, q := range w.queues(c) {
			for _, list := range []string{"pending", "active", "lease", "scheduled", "retry"} {
				keys = append(keys, "asynq:{"+q+"}:"+list)
			}
		}
		for _, k := range keys {
			if err := c.Set(w.ctx, k, "somebody-else", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		return true
	}
	squat()
	const n = 20
	for i := range n {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	w.until("all runs", func() bool { return squat() && w.state("rescue", engine.RunWaiting) == n+1 })
	w.advance(5 * time.Hour)
	w.until("all messages", func() bool { distinct, _ := w.sent.keys(); return squat() && distinct == 2*(n+1) })
	if distinct, all := w.sent.keys(); all != distinct {
		t.Errorf("%d messages were sent %d times", distinct, all)
	}
}

// queues returns the names of the queues in a Redis.
func (w *world) queues(c *redis.Client) []string {
	w.Helper()
	list, err := c.Keys(w.ctx, "asynq:{*}:*").Result()
	if err != nil {
		w.Fatal(err)
	}
	var names []string
	for _, key := range list {
		_, rest, _ := strings.Cut(key, "{")
		if name, _, ok := strings.Cut(rest, "}"); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Two workers are at the lanes, neither of whom knows of the other, and a third only accepts. What
// keeps a member in one line is the lane's fence at the commit.
func TestTwoWorkersAndAFrontDoor(t *testing.T) { laned(t, testTwoWorkersAndAFrontDoor) }

func testTwoWorkersAndAFrontDoor(t *testing.T, lanes int) {
	opt, _ := real(t)
	w := newLanedWorld(t, lanes, opt)
	w.activate(`id: count
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - set: {level: "= string(len(events(\"order.paid\")))"}
  - message: {channel: shop, text: "thank you", class: transactional}
`)
	w.run()
	w.run()
	w.edit = func(c *worker.Config) { c.NoTasks = true }
	door := w.run()
	const n, members = 400, 20
	for i := range n {
		m := fmt.Sprint("m", i%members)
		w.accept(order(fmt.Sprint("e", i), m))
		door.Wake(m)
	}
	w.until("all messages", func() bool { distinct, _ := w.sent.keys(); return distinct == n })
	if got := w.state("count", engine.RunDone); got != n {
		t.Errorf("%d runs of %d events", got, n)
	}
	for i := range members {
		m, err := w.Member(w.ctx, fmt.Sprint("m", i))
		if err != nil || m.Attributes["level"] != fmt.Sprint(n/members) {
			t.Fatalf("member %d saw %v of %d events, %v", i, m.Attributes["level"], n/members, err)
		}
	}
}

// The tasks of a worker that was killed stay in Redis. Who only accepts gets past their ids.
func TestTasksOfTheDeadDoNotBlock(t *testing.T) {
	opt, c := real(t)
	w := newWorld(t, opt)
	w.activate(thanks)
	w.edit = func(c *worker.Config) { c.NoTasks = true }
	door := w.run()
	w.accept(order("e", "m"))
	door.Wake("m")
	ids := func() (n int) {
		for _, q := range w.queues(c) {
			pending, _ := c.LLen(w.ctx, "asynq:{"+q+"}:pending").Result()
			n += int(pending)
		}
		return n
	}
	w.until("the first task", func() bool { return ids() == 1 })
	w.until("another id", func() bool { door.Wake("m"); return ids() > 2 })
}
