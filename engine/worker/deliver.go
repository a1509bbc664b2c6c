package worker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const (
	laneBatch   = 100              // deliveries that are read at once
	laneSenders = 8                // of a lane at once
	sendTimeout = 30 * time.Second // for one attempt
	firstRetry  = 5 * time.Second
	lastRetry   = time.Hour

	// A sender settles what it has attempted before it goes on, so that a kill sends again no more
	// than what was on the wire. What takes less time than a commit is settled together.
	settleAfter = 5 * time.Millisecond
	settleMost  = 16

	// StopGrace is how long an attempt on the wire may still take when the worker is told to stop.
	StopGrace = 15 * time.Second
)

// deliver attempts what is due of a lane, and settles each outcome soon after it is known. A kill
// between the two sends again, under the same key: at least once.
func (w *Worker) deliver(ctx context.Context, lane store.ChannelLane) (did int, err error) {
	a := w.active.Load()
	if a == nil {
		return 0, nil
	}
	if err := w.settleOwed(ctx, lane); err != nil {
		return 0, err
	}
	list, err := w.Store.Deliveries(ctx, lane.Channel, lane.Lane, w.now(), laneBatch)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	wire, release := onTheWire(ctx)
	defer release()
	list, outcomes := w.review(a, list)
	if err := w.settle(ctx, lane, outcomes); err != nil {
		return 0, err
	}
	begun, err := w.attemptAll(ctx, wire, lane, w.carrier(a, lane), list)
	return len(outcomes) + begun, err
}

// onTheWire returns the context of attempts: it outlives ctx by [StopGrace].
func onTheWire(ctx context.Context) (context.Context, context.CancelFunc) {
	wire, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(StopGrace, cancel)
		context.AfterFunc(wire, func() { timer.Stop() })
	})
	return wire, func() {
		stop()
		cancel()
	}
}

// attemptAll attempts the deliveries, a few at once, until ctx ends: what is on the wire then is
// seen to its end. It gives how many it began. After an outcome that could not be settled nothing
// more is begun.
func (w *Worker) attemptAll(ctx, wire context.Context, lane store.ChannelLane, carry carrier,
	list []store.Attempted,
) (begun int, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var wg sync.WaitGroup
	var n atomic.Int64
	for _, part := range bySender(list, laneSenders) {
		wg.Go(func() {
			did, err := w.send(ctx, wire, lane, carry, part)
			n.Add(int64(did))
			if err != nil {
				fail(err)
			}
		})
	}
	wg.Wait()
	return int(n.Load()), context.Cause(ctx)
}

// bySender spreads deliveries over senders, each member's to one: a member has one message of a
// channel in flight, so that first attempts arrive in their order.
func bySender(list []store.Attempted, senders int) [][]*store.Attempted {
	parts := make([][]*store.Attempted, senders)
	of := make(map[string]int, len(list))
	for i := range list {
		d := &list[i]
		k, known := of[d.Member]
		if !known {
			k = len(of) % senders
			of[d.Member] = k
		}
		parts[k] = append(parts[k], d)
	}
	return slices.DeleteFunc(parts, func(p []*store.Attempted) bool { return len(p) == 0 })
}

// send attempts deliveries one after the other, until ctx ends. It gives how many it began.
func (w *Worker) send(ctx, wire context.Context, lane store.ChannelLane, carry carrier, list []*store.Attempted,
) (begun int, err error) {
	var outcomes []store.Outcome
	var since time.Time
	for _, d := range list {
		if ctx.Err() != nil {
			break
		}
		if len(outcomes) == 0 {
			since = time.Now()
		}
		begun++
		outcomes = append(outcomes, w.attempt(wire, carry, d))
		if len(outcomes) < settleMost && time.Since(since) < settleAfter {
			continue
		}
		if err := w.settle(wire, lane, outcomes); err != nil {
			return begun, err
		}
		outcomes = nil
	}
	return begun, w.settle(wire, lane, outcomes)
}

// settle stores outcomes, also when the worker is being stopped. Those that cannot be stored now
// are kept: the lane stores them before it does anything else, and sends nothing meanwhile.
func (w *Worker) settle(ctx context.Context, lane store.ChannelLane, outcomes []store.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	if err := w.Store.Settle(context.WithoutCancel(ctx), outcomes); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.unsettled[lane] = append(w.unsettled[lane], outcomes...)
		return err
	}
	for i := range outcomes {
		o := &outcomes[i]
		w.Metrics.deliveries.WithLabelValues(channelOf(lane), string(o.State)).Inc()
		switch o.State {
		case store.DeliveryPending:
			w.expect(o.NotBefore)
		case store.DeliveryArchived:
			w.Log.Warn("a delivery was given up on; GET /v1/failures lists it", "channel", channelOf(lane), "key", o.Key,
				"error", o.Error)
		}
		if o.Result != nil {
			w.wake(shardKey(store.ShardOf(o.Result.Member)))
		}
	}
	return nil
}

// settleOwed stores the outcomes that could not be stored before.
func (w *Worker) settleOwed(ctx context.Context, lane store.ChannelLane) error {
	w.mu.Lock()
	outcomes := w.unsettled[lane]
	delete(w.unsettled, lane)
	w.mu.Unlock()
	return w.settle(ctx, lane, outcomes)
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
		o.State, o.Result = store.DeliveryArchived,
			result(d, map[string]any{"status": failedStatus(d), "reason": err.Error()})
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

// carrier returns who carries out the deliveries of a lane.
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
