package worker

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine/store"
)

// A key names what a runner works on: a shard or a lane of a channel.

func shardKey(shard int) string { return "shard." + strconv.Itoa(shard) }

func laneKey(l store.ChannelLane) string { return "lane." + strconv.Itoa(l.Lane) + "." + l.Channel }

// workOf reads a key: a lane when its channel is set, else a shard.
func workOf(key string) (shard int, lane store.ChannelLane, err error) {
	kind, rest, _ := strings.Cut(key, ".")
	number, name, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return 0, lane, err
	case kind == "shard" && n >= 0 && n < store.Shards:
		return n, lane, nil
	case kind == "lane" && name != "":
		return 0, store.ChannelLane{Channel: name, Lane: n}, nil
	}
	return 0, lane, errors.New("there is no such work")
}

func (w *Worker) stepOf(key string) (stepFunc, error) {
	shard, lane, err := workOf(key)
	if err != nil {
		return nil, err
	}
	if lane.Channel != "" {
		return func(ctx context.Context, r *runner) (int, error) { return w.deliver(ctx, lane) }, nil
	}
	return func(ctx context.Context, r *runner) (int, error) { return w.drain(ctx, r, shard) }, nil
}
