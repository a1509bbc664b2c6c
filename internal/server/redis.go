package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/usher-run/usher/engine/worker"
)

// EmbeddedRedis is the setting for the Redis in the process itself.
const EmbeddedRedis = "embedded"

// openRedis returns how asynq reaches Redis, and what stops a Redis that was started for it.
func openRedis(address string) (asynq.RedisConnOpt, func(), error) {
	if address == EmbeddedRedis {
		return worker.Embedded()
	}
	opt, err := worker.ParseRedis(address)
	if meant := MeantURL(address); err != nil && meant != "" && !strings.Contains(address, "://") {
		return nil, nil, settingErrorf("--redis must be embedded or an address, got %q; write `redis://%s/0`",
			redacted(address), strings.TrimPrefix(meant, "http://"))
	}
	if err != nil {
		return nil, nil, settingErrorf("--redis must be embedded or an address like redis://127.0.0.1:6379/0, got %q",
			redacted(address))
	}
	return opt, func() {}, pingRedis(opt, address)
}

// taskCheck returns how often asynq looks for tasks. A look into the Redis in the process takes half
// a millisecond of processor time, and only waits that are due lie there.
func taskCheck(address string) time.Duration {
	if address == EmbeddedRedis {
		return 150 * time.Millisecond
	}
	return 0
}

// pingRedis finds a wrong address at the start. Later a Redis may come and go: nothing is kept in
// it alone.
func pingRedis(opt asynq.RedisConnOpt, address string) error {
	rdb, ok := opt.MakeRedisClient().(redis.UniversalClient)
	if !ok {
		return nil
	}
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := rdb.Ping(ctx).Err(); err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("no Redis answers at %s: start it, or leave --redis out for the one in the process",
				redacted(address))
		}
		return fmt.Errorf("ask the Redis at %s whether it is there: %w", redacted(address), err)
	}
	return nil
}

// redacted keeps a password in an address out of an error.
func redacted(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}
