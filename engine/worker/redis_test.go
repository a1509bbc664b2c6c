package worker_test

import (
	"context"
	"fmt"
	"net"
	"testing"

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

// Redis loses everything again and again while events come in. Nothing is lost, and nothing is
// decided twice.
func TestRedisIsFlushed(t *testing.T) {
	opt, c := real(t)
	w := newWorld(t, opt)
	w.activate(thanks)
	wk := w.run()
	const n = 400
	for i := range n {
		m := fmt.Sprint("m", i%60)
		w.accept(order(fmt.Sprint("e", i), m))
		wk.Wake(m)
		if i%20 == 0 {
			if err := c.FlushAll(context.Background()).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.until("all messages", func() bool { distinct, _ := w.sent.keys(); return distinct == n })
	if got := w.state("thanks", engine.RunDone); got != n {
		t.Errorf("%d runs of %d events", got, n)
	}
}

// Two processes share the shards, and a third only accepts.
func TestTwoWorkersAndAFrontDoor(t *testing.T) {
	opt, _ := real(t)
	w := newWorld(t, opt)
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
	if distinct, all := w.sent.keys(); all != distinct {
		t.Errorf("%d messages were sent %d times though Redis kept its locks", distinct, all)
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
	ids := func() int { n, _ := c.LLen(w.ctx, "asynq:{usher}:pending").Result(); return int(n) }
	w.until("the first task", func() bool { return ids() == 1 })
	w.until("another id", func() bool { door.Wake("m"); return ids() > 2 })
}

// What a process wrote before it was killed is found by another: here the locks of one that is
// gone.
func TestLocksOfTheDeadExpire(t *testing.T) {
	opt, c := real(t)
	w := newWorld(t, opt)
	w.activate(thanks)
	for shard := range 8 {
		if err := c.Set(w.ctx, fmt.Sprint("usher:at:shard.", shard), "gone", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := c.PExpire(w.ctx, fmt.Sprint("usher:at:shard.", shard), 1e9).Err(); err != nil {
			t.Fatal(err)
		}
	}
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("the message", func() bool { n, _ := w.sent.keys(); return n == 1 })
}
