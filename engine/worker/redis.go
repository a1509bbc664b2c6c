package worker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Embedded starts a Redis inside this process, for installations without one. It keeps nothing over
// a restart, and need not: the database has all. stop ends it.
func Embedded() (opt asynq.RedisConnOpt, stop func(), err error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // its keys expire only when it is told that time has passed
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.FastForward(time.Second)
			case <-done:
				return
			}
		}
	})
	return asynq.RedisClientOpt{Addr: m.Addr()}, sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		m.Close()
	}), nil
}

// ParseRedis reads redis://, rediss://, redis-socket://, redis-sentinel:// and redis-cluster://
// addresses.
func ParseRedis(uri string) (asynq.RedisConnOpt, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, fmt.Errorf("read the Redis address: %w", err)
	}
	if u.Scheme == "redis-cluster" {
		opt := asynq.RedisClusterClientOpt{Addrs: strings.Split(u.Host, ",")}
		if u.User != nil {
			opt.Username = u.User.Username()
			opt.Password, _ = u.User.Password()
		}
		return opt, nil
	}
	opt, err := asynq.ParseRedisURI(uri)
	if err != nil {
		return nil, fmt.Errorf("read the Redis address: %w", err)
	}
	// The parser drops the user name of Redis' access lists.
	if c, ok := opt.(asynq.RedisClientOpt); ok && u.User != nil {
		c.Username = u.User.Username()
		opt = c
	}
	return opt, nil
}

// A lease tells processes that one of them is at a shard, a lane or the schedules already. It saves
// work and nothing depends on it: shards have epochs, occurrences and inputs are unique, deliveries
// are sent at least once under a key.
const (
	// leaseDuration is how long the lease of a process that was killed stands in the way.
	leaseDuration = 3 * time.Second
	// leaseRenewInterval leaves two more tries before the lease runs out.
	leaseRenewInterval = time.Second
)

func (w *Worker) leaseKey(key string) string { return "usher:at:" + key }

// lease takes the lease, or renews it; false when another process has it.
func (w *Worker) lease(ctx context.Context, key string) (bool, error) {
	taken, err := w.rdb.SetNX(ctx, w.leaseKey(key), w.process, leaseDuration).Result()
	if err != nil || taken {
		return taken, err
	}
	owner, err := w.rdb.Get(ctx, w.leaseKey(key)).Result()
	if errors.Is(err, redis.Nil) || err == nil && owner != w.process {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return w.rdb.PExpire(ctx, w.leaseKey(key), leaseDuration).Result()
}

// release gives the lease back, also when ctx has ended.
func (w *Worker) release(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	owner, err := w.rdb.Get(ctx, w.leaseKey(key)).Result()
	if err == nil && owner == w.process {
		err = w.rdb.Del(ctx, w.leaseKey(key)).Err()
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		w.Log.Debug("give back a lease", "key", key, "error", err)
	}
}
