package worker

import (
	"context"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// review looks again at messages that were decided a while ago: those that may not go out now have an outcome, the others are to
// be attempted.
func (w *Worker) review(ctx context.Context, a *active, list []store.Attempted) (send []store.Attempted, outcomes []store.Outcome, err error) {
	now := w.now()
	var members []string
	for i := range list {
		if a.Reviews(&list[i].Delivery, now) {
			members = append(members, list[i].Member)
		}
	}
	if len(members) == 0 {
		return list, nil, nil
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
		}
		switch skip, until := a.Review(m, &d.Delivery, now); {
		case skip != "":
			outcomes = append(outcomes, store.Outcome{
				Key: d.Key, State: store.DeliveryDropped, Error: skip, At: now, Result: result(d, map[string]any{"status": "skipped", "reason": skip}),
			})
		case !until.IsZero():
			outcomes = append(outcomes, store.Outcome{Key: d.Key, State: store.DeliveryPending, NotBefore: until, At: now})
		default:
			send = append(send, *d)
		}
	}
	return send, outcomes, nil
}
