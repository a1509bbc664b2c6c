package worker

import (
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// review looks at a delivery that is about to be attempted. One that cannot be read is given up on,
// and its run learns that it failed; on a message whose release was a while ago the core decides
// again, at the present instant.
func review(a *active, d *store.Attempted, now time.Time) (o store.Outcome, refused bool) {
	switch {
	case d.Unreadable != "":
		status := any("failed")
		if engine.IsWebhook(d.Channel) {
			status = 0
		}
		return store.Outcome{
			Key: d.Key, State: store.DeliveryArchived, Error: d.Unreadable, At: now,
			Result: result(d, map[string]any{"status": status, "reason": d.Unreadable}),
		}, true
	case a.Late(&d.Delivery, now):
		again := engine.ReleaseAgain(&d.Delivery)
		return store.Outcome{
			Key: d.Key, State: store.DeliveryDeferred, Error: d.Error, At: now, NotBefore: d.NotBefore, Result: &again,
		}, true
	}
	return store.Outcome{}, false
}
