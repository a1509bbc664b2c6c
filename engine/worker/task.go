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
	minBatchGap = 10 * time.Millisecond
	// busyBatchGap is how far apart they begin under load, so that more inputs share a commit.
	busyBatchGap = 60 * time.Millisecond
	// A shard is under load when a batch has so many inputs, and they come at this rate: what gathered
	// while the disk or the machine stood still is no load.
	busyBatchInputs     = 10
	busyInputsPerSecond = 400
	// fullBatchInputs is the size from which a batch needs no gathering: the next begins at once.
	fullBatchInputs = 120
	// lingerTime is how long a task that finds nothing waits for more. To begin a new one costs a way
	// through Redis.
	lingerTime = 50 * time.Millisecond
	// lingerPollInterval is how often it looks for what other processes brought, of which no signal
	// tells.
	lingerPollInterval = 10 * time.Millisecond
	// maxTaskAge is the age at which a task hands over to a new one, so that processes share the work.
	maxTaskAge = time.Minute
	// minStaleBackoff doubles with each stale batch in a row, maxStaleDoublings times, to about a
	// second.
	minStaleBackoff   = 4 * time.Millisecond
	maxStaleDoublings = 8
)

// stepFunc does one batch and tells how much it did.
type stepFunc func(context.Context, *runner) (did int, err error)

var errLost = errors.New("another process took over")

// task is one stay of a runner in its running states. Each state has a method, which does what is
// due in it and returns the event that ends it.
type task struct {
	r     *runner
	step  stepFunc
	begun time.Time

	renewed   time.Time // the lease
	started   time.Time // the last batch
	before    time.Time // the start of the batch before it
	did       int       // inputs of the last batch
	idleSince time.Time // nothing was found since then; zero: something was
	err       error     // why it failed
}

// do does what is due in a state and returns the event that ends it.
func (t *task) do(ctx context.Context, s state) event {
	switch s {
	case acquiring:
		return t.acquire(ctx)
	case draining:
		return t.drain(ctx)
	case backingOff:
		return t.backOff(ctx)
	case pacing:
		return t.pace(ctx)
	case lingering:
		return t.linger(ctx)
	case rechecking:
		return t.recheck(ctx)
	}
	return t.fail(ctx, fmt.Errorf("a task has nothing to do in the state %s", s))
}

// leave moves the runner by the event that ended a state. The lease is given back before the state
// changes: a task that begins then has one of its own.
func (t *task) leave(ctx context.Context, from state, e event) state {
	if from.leased() && !transitions[from][e].leased() {
		t.r.w.release(ctx, t.r.key)
	}
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

func (t *task) acquire(ctx context.Context) event {
	ok, err := t.r.w.lease(ctx, t.r.key)
	if err != nil {
		return t.fail(ctx, err)
	}
	if !ok {
		return onRefused
	}
	t.renewed, t.before, t.idleSince = time.Now(), t.begun, time.Time{}
	return onAcquired
}

// drain does one batch. Whoever has the lease no more, in Redis or by the shard's epoch, is lost.
func (t *task) drain(ctx context.Context) event {
	if ctx.Err() != nil {
		return onCancelled
	}
	if time.Since(t.renewed) > leaseRenewInterval {
		ok, err := t.r.w.lease(ctx, t.r.key)
		if err != nil {
			return t.fail(ctx, err)
		}
		if !ok {
			return onLost
		}
		t.renewed = time.Now()
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

// backOff waits after a stale batch. The next batch reports whether the shard was lost, or only a
// coupon block. Shards that reclaim the last coupons of a pool from each other get out of step by
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
	if err := pause(ctx, gap(t.did, t.r.brought, t.started.Sub(t.before))-time.Since(t.started)); err != nil {
		return onCancelled
	}
	t.before, t.idleSince = t.started, time.Time{}
	return onWaited
}

// gap returns how far apart batches begin, by how large the last one was, how much of it jobs have
// brought, and how long after the one before it began. What jobs bring is no load to gather for: the
// quota brings as much as there is, and a live event among it would wait.
func gap(did, brought int, after time.Duration) time.Duration {
	live := did - brought
	switch {
	case did >= fullBatchInputs:
		return 0
	case live >= busyBatchInputs && float64(live) >= busyInputsPerSecond*after.Seconds():
		return busyBatchGap
	}
	return minBatchGap
}

// linger waits for a signal, or for the time to look by itself. It ends when nothing was found for
// lingerTime.
func (t *task) linger(ctx context.Context) event {
	if t.idleSince.IsZero() {
		t.idleSince = time.Now()
	} else if time.Since(t.idleSince) > lingerTime {
		return onLingered
	}
	timer := time.NewTimer(lingerPollInterval)
	defer timer.Stop()
	select {
	case <-t.r.signal:
		t.idleSince = time.Time{}
	case <-timer.C:
	case <-ctx.Done():
		return onCancelled
	}
	return onPolled
}

// recheck looks once more without the lease: whoever found it taken went away, and left this task
// what it brought.
func (t *task) recheck(ctx context.Context) event {
	if t.old() {
		return onExpired
	}
	found, err := t.r.w.owes(ctx, t.r.key)
	switch {
	case err != nil:
		return t.fail(ctx, err)
	case found || len(t.r.signal) > 0: // a signal is left to wait
		return onOwed
	}
	return onNothing
}

// owes only looks: to act takes the lease.
func (w *Worker) owes(ctx context.Context, key string) (bool, error) {
	if w.active.Load() == nil {
		return false, nil
	}
	shard, lane, err := workOf(key)
	if err != nil {
		return false, err
	}
	if lane.Channel != "" {
		list, err := w.Store.Deliveries(ctx, lane.Channel, lane.Lane, w.now(), 1)
		return len(list) > 0, err
	}
	found, err := w.Store.Pending(ctx, shard, w.now(), 1)
	if err != nil {
		return false, err
	}
	return len(found.Inputs)+len(found.Due) > 0, nil
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
