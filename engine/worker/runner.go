package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/usher-run/usher/engine/store"
)

const (
	queueName = "usher"
	taskType  = "usher:run"

	taskCheck = 20 * time.Millisecond // how long a task may lie while asynq sleeps; each look costs half a millisecond in-process
	pace      = 10 * time.Millisecond // batches of a hot runner begin at least so far apart: larger ones cost less an input
	busyPace  = 60 * time.Millisecond // and so far when they are not small any more
	busyBatch = 10
	busyRate  = 400                   // and come at this many a second: what gathered while the disk or the machine stood still is no load
	linger    = 50 * time.Millisecond // a runner that finds nothing waits so long before it ends
	look      = 10 * time.Millisecond // and looks so often for what other processes brought
	enqueue   = 20 * time.Millisecond // a runner is enqueued at most so often
	fullBatch = 120                   // a batch of this size needs no gathering
	longest   = time.Minute           // a task hands over to a new one after this, so that processes share the work
)

// runner is what this process knows of a shard or a lane: whether a task of it runs here (hot), and the generation of the
// next task's id. The generation rises when a task begins, so a wake-up that comes while one finishes has an id of its own.
type runner struct {
	key    string
	signal chan struct{} // for the hot task

	mu       sync.Mutex
	hot      bool
	gen      int
	flag     bool // to be enqueued
	enqueued time.Time
	conflict time.Time // since when the next task's id is taken

	// Of the hot task only.
	epoch int64 // of the shard, as this process claimed it last
	owned bool  // the hot task has seen that the epoch is the shard's
	stale int   // batches in a row that were stale
}

func shardKey(shard int) string { return "shard." + strconv.Itoa(shard) }

func laneKey(l store.ChannelLane) string { return "lane." + strconv.Itoa(l.Lane) + "." + l.Channel }

func (w *Worker) runner(key string) *runner {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.runners[key]
	if r == nil {
		r = &runner{key: key, signal: make(chan struct{}, 1)}
		w.runners[key] = r
	}
	return r
}

// wake makes sure that the database is looked at for the key from now on: by the task that runs here, or by a new one.
func (w *Worker) wake(key string) {
	r := w.runner(key)
	r.mu.Lock()
	hot, flagged := r.hot, r.flag
	if hot {
		select {
		case r.signal <- struct{}{}:
		default:
		}
	} else {
		r.flag = true
	}
	r.mu.Unlock()
	if !hot && !flagged {
		select {
		case w.flagged <- struct{}{}:
		default:
		}
	}
}

// enqueueFlagged turns flags into tasks.
func (w *Worker) enqueueFlagged(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.flagged:
		case <-timer.C:
		}
		w.mu.Lock()
		list := make([]*runner, 0, len(w.runners))
		for _, r := range w.runners {
			list = append(list, r)
		}
		w.mu.Unlock()
		wait := time.Hour
		for _, r := range list {
			wait = min(wait, w.enqueueOne(ctx, r))
		}
		timer.Reset(wait)
	}
}

// enqueueOne enqueues the runner's task when it is flagged, and gives how long to wait when it is too early.
func (w *Worker) enqueueOne(ctx context.Context, r *runner) (wait time.Duration) {
	r.mu.Lock()
	if !r.flag || r.hot {
		r.flag = false
		r.mu.Unlock()
		return time.Hour
	}
	if early := enqueue - time.Since(r.enqueued); early > 0 {
		r.mu.Unlock()
		return early
	}
	r.flag, r.enqueued = false, time.Now()
	gen := r.gen
	r.mu.Unlock()

	// A conflict says that a task with this id waits, or runs in another process and may have looked already. The next id
	// settles it: if that one is there too, at least one of the two begins after now.
	for i := range 2 {
		_, err := w.client.EnqueueContext(ctx, asynq.NewTask(taskType, []byte(r.key)), asynq.Queue(queueName), asynq.MaxRetry(0),
			asynq.TaskID(fmt.Sprintf("%s:%s:%d", r.key, w.process, gen+i)), asynq.Timeout(2*longest))
		if err == nil {
			r.met(i > 0)
			return time.Hour
		}
		if !errors.Is(err, asynq.ErrTaskIDConflict) && ctx.Err() == nil {
			w.Log.Warn("enqueue a task; the sweep tries again", "key", r.key, "error", err)
			return time.Hour
		}
	}
	r.met(true)
	return time.Hour
}

// blocked is how long a task may be in the way before its id is given up: that of a worker that was killed stays, active or
// archived, and this process may never begin a task itself.
const blocked = 5 * time.Second

// met notes whether the runner's task id was taken.
func (r *runner) met(conflict bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !conflict:
		r.conflict = time.Time{}
	case r.conflict.IsZero():
		r.conflict = time.Now()
	case time.Since(r.conflict) > blocked:
		r.gen, r.conflict = r.gen+2, time.Time{}
	}
}

// begin makes the runner hot; false when it is, and then its task is told to look again.
func (r *runner) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gen++
	if r.hot {
		select {
		case r.signal <- struct{}{}:
		default:
		}
		return false
	}
	r.hot, r.flag, r.owned = true, false, false
	return true
}

// end makes the runner cold. A signal that came meanwhile becomes a flag.
func (r *runner) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.signal:
		r.flag = true
	default:
	}
	r.hot = false
}

func (w *Worker) handler() asynq.Handler {
	return asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		if !w.enter() {
			return nil
		}
		defer w.underWay.Done()
		key := string(t.Payload())
		if err := w.run(ctx, key); err != nil && ctx.Err() == nil {
			w.Log.Warn("a task failed; the sweep wakes it again", "key", key, "error", err)
		}
		return nil // a failed task would be archived, and its id taken for weeks
	})
}

// enter counts a task as under way, because asynq does not wait for a handler whose context has ended; false when the worker has stopped.
func (w *Worker) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.underWay.Add(1)
	}
	return !w.stopped
}

// finish waits for the tasks that are under way, and lets no other begin.
func (w *Worker) finish() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.underWay.Wait()
}

// run is one task: it does what the key owes until nothing is left, and lingers a moment for more.
func (w *Worker) run(ctx context.Context, key string) error {
	step, err := w.stepOf(key)
	if err != nil {
		return fmt.Errorf("task %q: %w", key, err)
	}
	r := w.runner(key)
	if !r.begin() {
		return nil
	}
	begun := time.Now()
	for {
		over, err := w.hold(ctx, r, step, begun)
		if err == nil && !over {
			continue
		}
		r.end()
		w.rewake(r)
		if errors.Is(err, errLost) || errors.Is(err, context.Canceled) {
			err = nil
		}
		return err
	}
}

// hold works under the lock until nothing is left. Who finds the lock taken goes away, so once it is given up there is one
// more look at what was brought meanwhile; over is true when that found nothing either.
func (w *Worker) hold(ctx context.Context, r *runner, step stepFunc, begun time.Time) (over bool, err error) {
	locked, err := w.lock(ctx, r.key)
	if err != nil || !locked {
		return true, err
	}
	err = w.loop(ctx, r, step, begun)
	w.unlock(ctx, r.key)
	if err != nil {
		return true, err
	}
	if time.Since(begun) > longest {
		w.reflag(r)
		return true, nil
	}
	owed, err := w.owes(ctx, r.key)
	return !owed && !r.signalled(), err
}

// owes only looks: to act takes the lock.
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

// signalled tells whether a signal waits, and leaves it to wait.
func (r *runner) signalled() bool { return len(r.signal) > 0 }

// rewake wakes a runner anew that ended with a flag.
func (w *Worker) rewake(r *runner) {
	r.mu.Lock()
	flag := r.flag
	r.flag = false
	r.mu.Unlock()
	if flag {
		w.wake(r.key)
	}
}

// wakeHere is wake for a task that has made work for another runner: that one begins at once beside it, instead of lying in
// Redis until asynq looks again. When this process ends before it does, the sweep of another finds what is left.
func (w *Worker) wakeHere(key string) {
	r := w.runner(key)
	r.mu.Lock()
	hot := r.hot
	r.mu.Unlock()
	if hot {
		w.wake(key)
		return
	}
	w.underWay.Go(func() {
		if err := w.run(w.root, key); err != nil && w.root.Err() == nil {
			w.Log.Warn("work beside a task failed; the sweep wakes it again", "key", key, "error", err)
		}
	})
}

// stepFunc does one batch and tells how much it did.
type stepFunc func(context.Context, *runner) (did int, err error)

var errLost = errors.New("another process took over")

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

func (w *Worker) loop(ctx context.Context, r *runner, step stepFunc, begun time.Time) error {
	renewed, idle, before := time.Now(), time.Time{}, begun
	timer := time.NewTimer(look)
	defer timer.Stop()
	for ctx.Err() == nil {
		if time.Since(renewed) > lockRenew {
			if locked, err := w.lock(ctx, r.key); err != nil || !locked {
				return cmp.Or(err, errLost)
			}
			renewed = time.Now()
		}
		started := time.Now()
		did, err := step(ctx, r)
		if err != nil {
			return err
		}
		if time.Since(begun) > longest {
			return nil
		}
		if did > 0 {
			idle = time.Time{}
			if err := pause(ctx, gap(did, started.Sub(before))-time.Since(started)); err != nil {
				return err
			}
			before = started
			continue
		}
		if idle.IsZero() {
			idle = time.Now()
		} else if time.Since(idle) > linger {
			return nil
		}
		timer.Reset(look)
		select {
		case <-r.signal:
			idle = time.Time{}
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// gap is how far batches lie apart, by how large the last one was and how long after the one before it began.
func gap(did int, after time.Duration) time.Duration {
	switch {
	case did >= fullBatch:
		return 0
	case did >= busyBatch && float64(did) >= busyRate*after.Seconds():
		return busyPace
	}
	return pace
}

func (w *Worker) reflag(r *runner) {
	r.mu.Lock()
	r.flag = true
	r.mu.Unlock()
}

func (w *Worker) serverConfig(ctx context.Context) asynq.Config {
	return asynq.Config{
		Concurrency: w.Concurrency, Queues: map[string]int{queueName: 1}, TaskCheckInterval: taskCheck,
		DelayedTaskCheckInterval: time.Second, ShutdownTimeout: StopGrace + 5*time.Second,
		BaseContext: func() context.Context { return ctx }, // tasks end with Run
		Logger:      quiet{w.Log}, LogLevel: asynq.WarnLevel,
	}
}
