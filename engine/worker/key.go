package worker

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine/store"
)

// A key names what a runner works on: a shard.

func shardKey(shard int) string { return "shard." + strconv.Itoa(shard) }

// shardOf reads a key.
func shardOf(key string) (int, error) {
	number, isShard := strings.CutPrefix(key, "shard.")
	if n, err := strconv.Atoi(number); isShard && err == nil && n >= 0 && n < store.Shards {
		return n, nil
	}
	return 0, errors.New("there is no such work")
}

func (w *Worker) stepOf(key string) (stepFunc, error) {
	shard, err := shardOf(key)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *runner) (int, error) { return w.drain(ctx, r, shard) }, nil
}
