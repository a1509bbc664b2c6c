package worker

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// runner is what this process knows of a shard or a lane: its state, and the generation of the next
// task's id. The generation rises when a task begins, so a wake-up that comes while one finishes
// has an id of its own.
type runner struct {
	w      *Worker
	key    string
	signal chan struct{} // holds a token when the runner was woken while its task runs

	mu         sync.Mutex
	state      state
	gen        int
	enqueuedAt time.Time
	conflict   time.Time // since when the next task's id is taken

	// Of the running task only.
	epoch int64 // of the shard, as this process claimed it last
	owned bool  // the task has seen that the epoch is the shard's
	stale int   // batches in a row that were stale

	brought int // inputs of the last batch that jobs have brought
}

func (w *Worker) runner(key string) *runner {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.runners[key]
	if r == nil {
		r = &runner{w: w, key: key, signal: make(chan struct{}, 1), state: idle}
		w.runners[key] = r
	}
	return r
}

// put leaves a token in a channel of one; one that is there already is enough.
func put(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// move moves the runner by an event, and sees to it that one that is wanted is enqueued. Nothing
// else sets the state. A wake-up that the task has not seen when it ends makes the runner wanted.
// The caller holds mu.
func (r *runner) move(e event) state {
	to, ok := transitions[r.state][e]
	if !ok { // the sweep finds what it owes
		r.w.Log.Error("a runner is told what its state knows nothing of", "key", r.key, "state", r.state, "event", e)
		to = idle
	}
	if r.state.running() && !to.running() {
		select {
		case <-r.signal:
			to = wanted
		default:
		}
	}
	r.state = to
	if to == wanted {
		put(r.w.wanted)
	}
	return to
}

// wake makes sure that the database is looked at for the key from now on: by the task that runs
// here, or by a new one.
func (w *Worker) wake(key string) {
	r := w.runner(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state.running():
		put(r.signal)
	case r.state == idle:
		r.move(onWoken)
	}
}

// wakeHere is wake for a task that has made work for another runner: that one begins at once beside
// it, instead of lying in Redis until asynq looks again. When this process ends before it does, the
// sweep of another finds what is left.
func (w *Worker) wakeHere(key string) {
	r := w.runner(key)
	r.mu.Lock()
	running := r.state.running()
	r.mu.Unlock()
	if running {
		w.wake(key)
		return
	}
	w.underWay.Go(func() {
		if err := w.run(w.root, key); err != nil && w.root.Err() == nil {
			w.Log.Warn("work beside a task failed; the sweep wakes it again", "key", key, "error", err)
		}
	})
}

// begin reports whether the runner was not running. When it was, its task is told to look again.
func (r *runner) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gen++
	if r.state.running() {
		put(r.signal)
		return false
	}
	r.move(onBegun)
	r.owned = false
	return true
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
	t := &task{r: r, step: step, begun: time.Now()}
	for at := acquiring; at.running(); {
		at = t.leave(ctx, at, t.do(ctx, at))
	}
	return t.err
}
