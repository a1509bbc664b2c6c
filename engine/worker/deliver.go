package worker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const (
	laneBatch   = 100              // deliveries that are settled in one commit
	laneSenders = 8                // of a lane at once
	sendTimeout = 30 * time.Second // for one attempt
	firstRetry  = 5 * time.Second
	lastRetry   = time.Hour
)

// deliver attempts what is due of a lane and settles it in one commit. A kill between the two sends again, under the same
// key: at least once.
func (w *Worker) deliver(ctx context.Context, lane store.ChannelLane) (did int, err error) {
	a := w.active.Load()
	if a == nil {
		return 0, nil
	}
	list, err := w.Store.Deliveries(ctx, lane.Channel, lane.Lane, w.now(), laneBatch)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	defer w.holdLane(ctx, lane)()
	list, outcomes, err := w.review(ctx, a, list)
	if err != nil {
		return 0, err
	}
	outcomes = append(outcomes, w.attemptAll(ctx, w.carrier(a, lane), list)...)
	if len(outcomes) == 0 {
		return 0, ctx.Err()
	}
	// What was sent is settled even when the worker is being stopped.
	if err := w.Store.Settle(context.WithoutCancel(ctx), outcomes); err != nil {
		return 0, err
	}
	for i := range outcomes {
		o := &outcomes[i]
		w.Metrics.deliveries.WithLabelValues(channelOf(lane), string(o.State)).Inc()
		switch o.State {
		case store.DeliveryPending:
			w.expect(o.NotBefore)
		case store.DeliveryArchived:
			w.Log.Warn("a delivery was given up on; GET /v1/failures lists it", "channel", channelOf(lane), "key", o.Key, "error", o.Error)
		}
		if o.Result != nil {
			w.wake(shardKey(store.ShardOf(o.Result.Member)))
		}
	}
	return len(outcomes), nil
}

// attemptAll attempts the deliveries, a few at once. What was not begun when ctx ends has no outcome.
func (w *Worker) attemptAll(ctx context.Context, carry carrier, list []store.Attempted) []store.Outcome {
	outcomes := make([]store.Outcome, len(list))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(laneSenders, len(list)) {
		wg.Go(func() {
			for i := range next {
				outcomes[i] = w.attempt(ctx, carry, &list[i])
			}
		})
	}
	begun := 0
	for i := range list {
		if ctx.Err() != nil {
			break
		}
		next <- i
		begun++
	}
	close(next)
	wg.Wait()
	return outcomes[:begun]
}

// attempt tries once and gives what becomes of the delivery.
func (w *Worker) attempt(ctx context.Context, carry carrier, d *store.Attempted) store.Outcome {
	values, err := carry(ctx, d)
	o := store.Outcome{Key: d.Key, At: w.now()}
	var permanent *channel.PermanentError
	var later *channel.RetryAfterError
	switch {
	case err == nil:
		o.State = store.DeliverySent
		if values == nil {
			values = map[string]any{"status": "sent", "delivered_at": o.At.Format(time.RFC3339Nano)}
		}
		o.Result = result(d, values)
		return o
	case ctx.Err() != nil:
		o.State, o.NotBefore = store.DeliveryPending, o.At // stopped, not failed
		return o
	case errors.As(err, &permanent), d.Attempts+1 >= w.MaxAttempts:
		o.State, o.Result = store.DeliveryArchived, result(d, map[string]any{"status": failedStatus(d), "reason": err.Error()})
	case errors.As(err, &later):
		o.State, o.NotBefore = store.DeliveryPending, o.At.Add(max(later.After, time.Second))
	default:
		o.State, o.NotBefore = store.DeliveryPending, o.At.Add(backoff(d.Key, d.Attempts))
	}
	o.Error = err.Error()
	return o
}

// carrier makes one attempt. It gives what the run learns; nil: that the message was sent.
type carrier func(context.Context, *store.Attempted) (map[string]any, error)

// carrier gives who carries out the deliveries of a lane.
func (w *Worker) carrier(a *active, lane store.ChannelLane) carrier {
	return func(ctx context.Context, d *store.Attempted) (values map[string]any, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the channel broke off: %v", p)
			}
		}()
		if d.Message.Webhook != nil {
			return a.webhooks.Call(ctx, d.Delivery, d.Attempts+1)
		}
		s := a.senders[lane.Channel]
		if s == nil {
			return nil, fmt.Errorf("there is no channel %s at present", lane.Channel)
		}
		ctx, cancel := context.WithTimeout(ctx, sendTimeout)
		defer cancel()
		return nil, s.Send(ctx, d.Delivery, d.Attempts+1)
	}
}

// failedStatus is the status of a delivery that was given up on, as its action declares it.
func failedStatus(d *store.Attempted) any {
	if d.Message.Webhook != nil {
		return 0
	}
	return "failed"
}

// channelOf is how metrics name a lane: all webhooks together.
func channelOf(lane store.ChannelLane) string {
	if engine.IsWebhook(lane.Channel) {
		return engine.KeyWebhook
	}
	return lane.Channel
}

// holdLane keeps the lane's lock while attempts are under way, which may take long, so that no other process begins them too.
func (w *Worker) holdLane(ctx context.Context, lane store.ChannelLane) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(lockRenew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if _, err := w.lock(ctx, laneKey(lane)); err != nil && ctx.Err() == nil {
				w.Log.Debug("keep the lock of a lane", "lane", laneKey(lane), "error", err)
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// result is what the run learns of its delivery: values under actions.<id>.
func result(d *store.Attempted, values map[string]any) *engine.Input {
	values["step"] = d.Step
	return &engine.Input{
		Kind: engine.InputResult, ID: "result:" + d.Key, Member: d.Member, Name: d.Run,
		Payload: &engine.Payload{Properties: values},
	}
}

// backoff doubles from 5 s to an hour. Its jitter is a hash of the key, so that a burst that failed together does not come
// back together, and a test can say when.
func backoff(key string, attempts int) time.Duration {
	d := min(firstRetry<<min(attempts, 20), lastRetry)
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s:%d", key, attempts) // a hash takes everything
	return d + time.Duration(float64(d)*0.5*float64(h.Sum32())/float64(1<<32))
}
