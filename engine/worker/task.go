package worker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/usher-run/usher/engine/store"
)

const (
	// minBatchGap is how far apart batches begin at least: larger ones cost less an input.
	minBatchGap = 5 * time.Millisecond
	// busyBatchGap is how far apart they begin under load, so that more inputs share a commit.
	busyBatchGap = 60 * time.Millisecond
	// A lane is under load when a batch has so many inputs, and they come at its part of this rate: what
	// gathered while the disk or the machine stood still is no load.
	busyBatchInputs     = 10
	busyInputsPerSecond = 1600
	// fullBatchInputs is the size from which a batch needs no gathering: the next begins at once.
	fullBatchInputs = 120
	// lingerTime is how long a task that finds nothing waits for more, so that batches keep their
	// pace.
	lingerTime = 50 * time.Millisecond
	// maxTaskAge is the age at which a task hands over to a new one, so that processes share the work.
	maxTaskAge = time.Minute
	// minStaleBackoff doubles with each stale batch in a row, maxStaleDoublings times, to about a
	// second.
	minStaleBackoff   = 4 * time.Millisecond
	maxStaleDoublings = 8
)

// stepFunc does one batch and tells how much it did.
type stepFunc func(context.Context, *runner) (did int, err error)

var errLost = errors.New("another owner took over")

// task is one stay of a runner in its running states. Each state has a method, which does what is
// due in it and returns the event that ends it.
type task struct {
	r     *runner
	step  stepFunc
	begun time.Time

	started time.Time // the last batch
	before  time.Time // the start of the batch before it
	did     int       // inputs of the last batch
	err     error     // why it failed
}

// do does what is due in a state and returns the event that ends it.
func (t *task) do(ctx context.Context, s state) event {
	switch s {
	case draining:
		return t.drain(ctx)
	case backingOff:
		return t.backOff(ctx)
	case pacing:
		return t.pace(ctx)
	case lingering:
		return t.linger(ctx)
	}
	return t.fail(ctx, fmt.Errorf("a task has nothing to do in the state %s", s))
}

// leave moves the runner by the event that ended a state.
func (t *task) leave(e event) state {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	return t.r.move(e)
}

// fail notes why the task ends. When the process stops, everything fails, and that is no failure.
func (t *task) fail(ctx context.Context, err error) event {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return onCancelled
	}
	t.err = err
	return onFailed
}

func (t *task) old() bool { return time.Since(t.begun) > maxTaskAge }

// drain does one batch. Whose lane it is no more, by its fence, is lost.
func (t *task) drain(ctx context.Context) event {
	if ctx.Err() != nil {
		return onCancelled
	}
	t.started = time.Now()
	did, err := t.step(ctx, t.r)
	switch {
	case errors.Is(err, store.ErrStale):
		t.did = 1
		return onStale
	case errors.Is(err, errLost):
		return onLost
	case err != nil:
		return t.fail(ctx, err)
	case t.old():
		return onExpired
	case did > 0:
		t.did = did
		return onDrained
	}
	return onEmpty
}

// backOff waits after a stale batch. The next batch reports whether the lane was lost, or only a
// coupon block. Lanes that reclaim the last coupons of a pool from each other get out of step by
// waiting, each for a time of its own and longer each time.
func (t *task) backOff(ctx context.Context) event {
	if err := pause(ctx, staleBackoff(t.r.w.process, t.r.key, t.r.stale)); err != nil {
		return onCancelled
	}
	if t.old() {
		return onExpired
	}
	return onWaited
}

// staleBackoff returns how long to wait after a number of stale batches in a row: a part of the
// longest wait that is the process's and the key's own.
func staleBackoff(process, key string, times int) time.Duration {
	longest := minStaleBackoff << min(times, maxStaleDoublings)
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, process, key, times) // a hash takes everything
	return time.Duration(float64(longest) * float64(h.Sum32()) / float64(1<<32))
}

func (t *task) pace(ctx context.Context) event {
	wait := gap(t.did, t.r.brought, t.started.Sub(t.before), len(t.r.w.lanes)) - time.Since(t.started)
	if t.r.behind {
		wait = 0
	}
	if err := pause(ctx, wait); err != nil {
		return onCancelled
	}
	t.before = t.started
	return onWaited
}

// gap returns how far apart batches begin, by how large the last one was, how much of it jobs have
// brought, how long after the one before it began, and how many lanes share the load. What jobs
// bring is no load to gather for: the quota brings as much as there is, and a live event among it
// would wait.
func gap(did, brought int, after time.Duration, lanes int) time.Duration {
	live := did - brought
	switch {
	case did >= fullBatchInputs:
		return 0
	case live >= busyBatchInputs && float64(live*lanes) >= busyInputsPerSecond*after.Seconds():
		return busyBatchGap
	}
	return minBatchGap
}

// linger waits for a signal. It ends when none came for lingerTime.
func (t *task) linger(ctx context.Context) event {
	timer := time.NewTimer(lingerTime)
	defer timer.Stop()
	select {
	case <-t.r.signal:
		return onWoken
	case <-timer.C:
		return onLingered
	case <-ctx.Done():
		return onCancelled
	}
}

// pause waits, or returns why it did not.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
