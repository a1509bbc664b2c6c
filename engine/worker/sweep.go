package worker

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery bounds how long anything that is owed can lie, whatever became of the tasks.
const sweepEvery = time.Second

// sweep looks at the database for what is owed: once a second, and exactly when the next wait or
// delivery is due.
func (w *Worker) sweep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	at, ages := w.now(), &ages{lanes: make([]laneAge, len(w.lanes))}
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-w.soon:
			if t.Before(at) {
				at = t
				timer.Reset(max(0, t.Sub(w.now())))
			}
			continue
		case <-timer.C:
		}
		next, err := w.wakeOwed(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("sweep for what is owed", "error", err)
		}
		if err := ages.check(ctx, w); err != nil && ctx.Err() == nil {
			w.Log.Warn("look how old what is undecided is", "error", err)
		}
		at = w.now().Add(sweepEvery)
		if !next.IsZero() && next.Before(at) {
			at = next
		}
		timer.Reset(max(time.Millisecond, at.Sub(w.now())))
	}
}

func (w *Worker) wakeOwed(ctx context.Context) (next time.Time, err error) {
	now := w.now()
	lanes, run, err := w.Store.Owed(ctx, now)
	if err != nil {
		return next, err
	}
	for _, s := range lanes {
		w.owe(laneKey(s))
	}
	channels, delivery, err := w.Store.OwedDeliveries(ctx, now)
	if err != nil {
		return run, err
	}
	for _, c := range channels {
		w.deliveries.wake(c)
	}
	w.deliveries.forget()
	if run.IsZero() || !delivery.IsZero() && delivery.Before(run) {
		return delivery, nil
	}
	return run, nil
}

// expect tells the sweep that something is due at t.
func (w *Worker) expect(t time.Time) {
	if t.IsZero() || t.Sub(w.now()) > sweepEvery {
		return // the sweep finds it by itself
	}
	select {
	case w.soon <- t:
	default:
	}
}

// asynqLogger gives asynq's messages to slog.
type asynqLogger struct{ log *slog.Logger }

func (q asynqLogger) Debug(...any)      {}
func (q asynqLogger) Info(...any)       {}
func (q asynqLogger) Warn(args ...any)  { q.log.Warn("asynq", "message", args) }
func (q asynqLogger) Error(args ...any) { q.log.Error("asynq", "message", args) }
func (q asynqLogger) Fatal(args ...any) { q.log.Error("asynq", "message", args) }
