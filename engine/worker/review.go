package worker

import (
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// review separates messages whose release was a while ago from those that are to be attempted: the
// core decides on them again, at the present instant.
func (w *Worker) review(a *active, list []store.Attempted) (send []store.Attempted, outcomes []store.Outcome) {
	now := w.now()
	list, outcomes = unreadable(list, now)
	for i := range list {
		d := &list[i]
		if !a.Late(&d.Delivery, now) {
			send = append(send, *d)
			continue
		}
		again := engine.ReleaseAgain(&d.Delivery)
		outcomes = append(outcomes, store.Outcome{
			Key: d.Key, State: store.DeliveryDeferred, Error: d.Error, At: now, NotBefore: d.NotBefore, Result: &again,
		})
	}
	return send, outcomes
}

// unreadable gives up on deliveries that cannot be read. Their runs learn that they failed.
func unreadable(list []store.Attempted, now time.Time) (rest []store.Attempted, outcomes []store.Outcome) {
	rest = slices.DeleteFunc(list, func(d store.Attempted) bool {
		if d.Unreadable == "" {
			return false
		}
		status := any("failed")
		if engine.IsWebhook(d.Channel) {
			status = 0
		}
		outcomes = append(outcomes, store.Outcome{
			Key: d.Key, State: store.DeliveryArchived, Error: d.Unreadable, At: now,
			Result: result(&d, map[string]any{"status": status, "reason": d.Unreadable}),
		})
		return true
	})
	return rest, outcomes
}
