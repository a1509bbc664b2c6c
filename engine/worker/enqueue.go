package worker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
)

const (
	taskType = "usher:run"

	// taskCheckInterval is how long a task may lie while asynq sleeps, when nothing else is set.
	taskCheckInterval = 20 * time.Millisecond
	// minEnqueueInterval is how far apart the tasks of a runner are enqueued at least: one task does
	// what many wake-ups ask.
	minEnqueueInterval = 20 * time.Millisecond
	// deadTaskIDAfter is how long a task may be in the way before its id is given up. That of a worker
	// that was killed stays, active or archived, and this process may never begin a task itself.
	deadTaskIDAfter = 5 * time.Second
	// taskTimeout is when asynq cancels a task. It is never reached by one that is well: see
	// maxTaskAge.
	taskTimeout = 2 * maxTaskAge
	// sentPatience is how long asynq may take to bring what the database owes.
	sentPatience = 200 * time.Millisecond
	// noHurry is how long the enqueuer sleeps when nothing is to be sent: it is woken by a token.
	noHurry = time.Hour
)

// queueOf returns the name of an installation's queue. It is the database's own, so that several
// installations can share a Redis.
func queueOf(secret []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("installation"))
	return "usher-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// enqueueUnsent turns runners that are to be sent into tasks.
func (w *Worker) enqueueUnsent(ctx context.Context) {
	timer := time.NewTimer(noHurry)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.unsent:
		case <-timer.C:
		}
		w.mu.Lock()
		list := make([]*runner, 0, len(w.runners))
		for _, r := range w.runners {
			list = append(list, r)
		}
		w.mu.Unlock()
		wait := noHurry
		for _, r := range list {
			wait = min(wait, w.enqueueOne(ctx, r))
		}
		timer.Reset(wait)
	}
}

// enqueueOne enqueues the runner's task when it is wanted, and returns how long to wait when it is
// too early.
func (w *Worker) enqueueOne(ctx context.Context, r *runner) (wait time.Duration) {
	r.mu.Lock()
	if r.state != sending {
		r.mu.Unlock()
		return noHurry
	}
	if early := minEnqueueInterval - time.Since(r.enqueuedAt); early > 0 {
		r.mu.Unlock()
		return early
	}
	r.move(onEnqueued)
	r.enqueuedAt = time.Now()
	gen := r.gen
	r.mu.Unlock()

	// A conflict says that a task with this id waits, or runs in another process and may have looked
	// already. The next id settles it: if that one is there too, at least one of the two begins after
	// now.
	for i := range 2 {
		_, err := w.client.EnqueueContext(ctx, asynq.NewTask(taskType, []byte(r.key)), asynq.Queue(w.queue),
			asynq.MaxRetry(0),
			asynq.TaskID(fmt.Sprintf("%s:%s:%d", r.key, w.process, gen+i)), asynq.Timeout(taskTimeout))
		if err == nil {
			r.noteConflict(i > 0)
			return noHurry
		}
		if !errors.Is(err, asynq.ErrTaskIDConflict) && ctx.Err() == nil {
			w.Log.Warn("enqueue a task; it begins without", "key", r.key, "error", err)
			if !w.NoTasks {
				w.wake(r.key)
			}
			return noHurry
		}
	}
	r.noteConflict(true)
	return noHurry
}

// noteConflict notes whether the runner's task id was taken.
func (r *runner) noteConflict(conflict bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !conflict:
		r.conflict = time.Time{}
	case r.conflict.IsZero():
		r.conflict = time.Now()
	case time.Since(r.conflict) > deadTaskIDAfter:
		r.gen, r.conflict = r.gen+2, time.Time{}
	}
}

func (w *Worker) handler() asynq.Handler {
	return asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		if !w.enter() {
			return nil
		}
		defer w.underWay.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(w.root, cancel)() // tasks end with Run
		key := string(t.Payload())
		if err := w.run(ctx, key); err != nil && ctx.Err() == nil {
			w.Log.Warn("a task failed; the sweep wakes it again", "key", key, "error", err)
		}
		return nil // a failed task would be archived, and its id taken for weeks
	})
}

// enter counts a task as under way, because asynq does not wait for a handler that takes too long.
// It returns false when the worker has not begun, or has stopped.
func (w *Worker) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.root == nil || w.stopped {
		return false
	}
	w.underWay.Add(1)
	return true
}

// finish waits for the tasks that are under way, and lets no other begin.
func (w *Worker) finish() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.underWay.Wait()
}

func (w *Worker) serverConfig(ctx context.Context) asynq.Config {
	return asynq.Config{
		Concurrency: w.Concurrency, Queues: map[string]int{w.queue: 1}, TaskCheckInterval: w.TaskCheck,
		DelayedTaskCheckInterval: time.Second, ShutdownTimeout: StopGrace + 5*time.Second,
		// A context that ended with Run would be a failure to asynq, which it logs and archives: see
		// handler.
		BaseContext: func() context.Context { return context.WithoutCancel(ctx) },
		Logger:      asynqLogger{w.Log}, LogLevel: asynq.WarnLevel,
	}
}
