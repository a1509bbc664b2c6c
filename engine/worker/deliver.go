package worker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const (
	sendTimeout = 30 * time.Second // for one attempt
	firstRetry  = 5 * time.Second
	lastRetry   = time.Hour
)

// settled follows what was stored of attempts.
func (w *Worker) settled(channel string, outcomes []store.Outcome) {
	for i := range outcomes {
		o := &outcomes[i]
		w.Metrics.deliveries.WithLabelValues(channelOf(channel), string(o.State)).Inc()
		switch o.State {
		case store.DeliveryPending:
			w.expect(o.NotBefore)
		case store.DeliveryArchived:
			w.Log.Warn("a delivery was given up on; GET /v1/failures lists it", "channel", channelOf(channel), "key", o.Key,
				"error", o.Error)
		}
		if o.Result != nil {
			w.Wake(o.Result.Member)
		}
	}
}

// attempt tries once and returns what becomes of the delivery, and whether the channel fails.
func (w *Worker) attempt(ctx context.Context, a *active, d *store.Attempted) (o store.Outcome, failing bool) {
	values, providerID, err := w.carry(ctx, a, d)
	o = store.Outcome{Key: d.Key, At: w.now()}
	var permanent *channel.PermanentError
	var later *channel.RetryAfterError
	var putOff *channel.PutOffError
	switch {
	case err == nil:
		o.State, o.ProviderID = store.DeliverySent, providerID
		if values == nil {
			values = map[string]any{"status": "sent", "delivered_at": o.At.Format(time.RFC3339Nano)}
		}
		o.Result = result(d, values)
		return o, false
	case errors.As(err, &putOff):
		o.State, o.NotBefore = store.DeliveryPending, o.At.Add(max(putOff.After, time.Millisecond)) // not tried
		return o, false
	case ctx.Err() != nil:
		o.State, o.NotBefore = store.DeliveryPending, o.At // stopped, not failed
		return o, false
	case errors.As(err, &permanent), d.Attempts+1 >= w.MaxAttempts:
		o.State, o.Result = store.DeliveryArchived,
			result(d, map[string]any{"status": failedStatus(d), "reason": err.Error()})
	case errors.As(err, &later):
		o.State, o.NotBefore = store.DeliveryPending, o.At.Add(max(later.After, time.Second))
	default:
		o.State, o.NotBefore = store.DeliveryPending, o.At.Add(backoff(d.Key, d.Attempts))
	}
	o.Error = err.Error()
	return o, permanent == nil
}

// carry makes one attempt. It returns what the run learns, nil: that the message was sent, and what
// the receiver calls it.
func (w *Worker) carry(ctx context.Context, a *active, d *store.Attempted) (values map[string]any, providerID string,
	err error,
) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the channel broke off: %v", p)
		}
	}()
	if d.Message.Webhook != nil {
		values, err = a.webhooks.Call(ctx, d.Delivery, d.Attempts+1)
		return values, "", err
	}
	s := a.senders[d.Channel]
	if s == nil {
		return nil, "", fmt.Errorf("there is no channel %s at present", d.Channel)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	providerID, err = s.Send(ctx, d.Delivery, d.Attempts+1)
	return nil, providerID, err
}

// failedStatus is the status of a delivery that was given up on, as its action declares it.
func failedStatus(d *store.Attempted) any {
	if d.Message.Webhook != nil {
		return 0
	}
	return "failed"
}

// channelOf is how metrics name a channel: all webhooks together.
func channelOf(channel string) string {
	if engine.IsWebhook(channel) {
		return engine.KeyWebhook
	}
	return channel
}

// result is what the run learns of its delivery: values under actions.<id>.
func result(d *store.Attempted, values map[string]any) *engine.Input {
	in := engine.ResultOf(&d.Delivery, values)
	return &in
}

// backoff doubles from 5 s to an hour. Its jitter is a hash of the key, so that a burst that failed
// together does not come back together, and a test can say when.
func backoff(key string, attempts int) time.Duration {
	d := min(firstRetry<<min(attempts, 20), lastRetry)
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s:%d", key, attempts) // a hash takes everything
	return d + time.Duration(float64(d)*0.5*float64(h.Sum32())/float64(1<<32))
}
