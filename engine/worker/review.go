package worker

import (
	"context"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// review looks again at messages that were decided a while ago: those that may not go out now have
// an outcome, the others are to be attempted.
func (w *Worker) review(ctx context.Context, a *active, list []store.Attempted) (send []store.Attempted,
	outcomes []store.Outcome, err error,
) {
	now := w.now()
	list, outcomes = unreadable(list, now)
	var members []string
	for i := range list {
		if a.Reviews(&list[i].Delivery, now) {
			members = append(members, list[i].Member)
		}
	}
	if len(members) == 0 {
		return list, outcomes, nil
	}
	states, err := w.Store.States(ctx, members, nil)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		d := &list[i]
		if !a.Reviews(&d.Delivery, now) {
			send = append(send, *d)
			continue
		}
		var m *engine.Member
		if st := states[d.Member]; st != nil {
			m = st.Member
			if st.Unreadable() != "" { // who is held is asked again when they may have been released
				outcomes = append(outcomes, store.Outcome{
					Key: d.Key, State: store.DeliveryPending,
					NotBefore: now.Add(releaseInterval), At: now,
				})
				continue
			}
		}
		switch skip, until := a.Review(m, &d.Delivery, now); {
		case skip != "":
			outcomes = append(outcomes, store.Outcome{
				Key: d.Key, State: store.DeliveryDropped, Error: skip, At: now,
				Result: result(d, map[string]any{"status": "skipped", "reason": skip}),
			})
		case !until.IsZero():
			outcomes = append(outcomes, store.Outcome{Key: d.Key, State: store.DeliveryPending, NotBefore: until, At: now})
		default:
			send = append(send, *d)
		}
	}
	return send, outcomes, nil
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
