package worker

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// A key names what a runner works on: a lane.

func laneKey(lane int) string { return "lane." + strconv.Itoa(lane) }

// laneOf reads a key.
func (w *Worker) laneOf(key string) (int, error) {
	number, isLane := strings.CutPrefix(key, "lane.")
	if n, err := strconv.Atoi(number); isLane && err == nil && n >= 0 && n < len(w.lanes) {
		return n, nil
	}
	return 0, errors.New("there is no such work")
}

func (w *Worker) stepOf(key string) (stepFunc, error) {
	lane, err := w.laneOf(key)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *runner) (int, error) { return w.drain(ctx, r, lane) }, nil
}
