package worker

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// runner is what this process knows of a lane: its state, and the generation of the next
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
	sent       time.Time // when asynq was told last that something is owed; zero: a task has begun since
	conflict   time.Time // since when the next task's id is taken

	// Of the running task only.
	fence int64 // of the lane, as this process claimed it last
	owned bool  // the task has seen that the fence is the lane's
	stale int   // batches in a row that were stale

	size    size // of a batch
	brought int  // inputs of the last batch that jobs have brought
	behind  bool // it has left inputs behind, or waits that are due
	ahead   *ahead
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

// move moves the runner by an event, and sees to it that one that is wanted begins and that one
// that is to be sent is enqueued. Nothing else sets the state. A wake-up that the task has not seen
// when it ends makes the runner wanted. The caller holds mu.
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
	if to == wanted && !r.w.start(r.key) {
		to = idle
	}
	r.state = to
	if to == sending {
		put(r.w.unsent)
	}
	return to
}

// wake makes sure that the database is looked at for the key from now on: by the task that runs
// here, or by a new one. A process that begins none tells the others.
func (w *Worker) wake(key string) {
	r := w.runner(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state.running():
		put(r.signal)
	case w.NoTasks && r.state == idle:
		r.move(onOwed)
	case !w.NoTasks && r.state != wanted:
		r.move(onWoken)
	}
}

// owe is wake for what the sweep finds in the database: asynq brings it. What asynq does not bring
// soon begins here, whatever has become of Redis.
func (w *Worker) owe(key string) {
	r := w.runner(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state.running():
		put(r.signal)
	case r.state == idle && r.sent.IsZero():
		r.sent = time.Now()
		r.move(onOwed)
	case r.state != wanted && time.Since(r.sent) > sentPatience:
		r.move(onWoken)
	}
}

// start begins a task of this process; false when it has not begun to work, or stops.
func (w *Worker) start(key string) bool {
	if !w.enter() {
		return false
	}
	go func() {
		defer w.underWay.Done()
		if err := w.run(w.root, key); err != nil && w.root.Err() == nil {
			w.Log.Warn("a task failed; the sweep wakes it again", "key", key, "error", err)
		}
	}()
	return true
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
	r.owned, r.sent, r.ahead = false, time.Time{}, nil
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
	now := time.Now()
	t := &task{r: r, step: step, begun: now, before: now}
	for at := draining; at.running(); {
		at = t.leave(t.do(ctx, at))
	}
	return t.err
}
