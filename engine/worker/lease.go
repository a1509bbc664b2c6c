package worker

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

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
