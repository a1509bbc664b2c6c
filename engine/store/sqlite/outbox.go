package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/deliveryrows"
)

// Deliveries reads what is due of a channel, and brings what decided it to the disk.
func (d *db) Deliveries(ctx context.Context, channel string, now time.Time, held []int64, limit int) (
	list []store.Attempted, err error,
) {
	err = d.readOn(ctx, d.sends, func(c *conn) (err error) {
		list, err = deliveryrows.Due(c.Conn, channel, now, held, limit)
		return err
	})
	if err == nil && len(list) > 0 {
		err = d.w.disk.Await(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is due of channel %s: %w", channel, err)
	}
	return list, nil
}

// Delivery reads a delivery by its key.
func (d *db) Delivery(ctx context.Context, key string) (a store.Attempted, err error) {
	err = d.read(ctx, func(c *conn) (err error) {
		a, err = deliveryrows.Delivery(c.Conn, key)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("read delivery %s: %w", key, err)
	}
	return a, nil
}

// Settle stores outcomes, and their results as inputs of the runs that still wait.
func (d *db) Settle(ctx context.Context, outcomes []store.Outcome) error {
	data := make([][]byte, len(outcomes))
	for i := range outcomes {
		if outcomes[i].Result == nil {
			continue
		}
		list, err := payloads([]engine.Input{*outcomes[i].Result})
		if err != nil {
			return err
		}
		data[i] = list[0]
	}
	err := d.write(ctx, 2*len(outcomes), func(t *tx) error {
		for i := range outcomes {
			if err := t.settle(&outcomes[i], data[i]); err != nil {
				return fmt.Errorf("delivery %s: %w", outcomes[i].Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle %d deliveries: %w", len(outcomes), err)
	}
	return nil
}

func (t *tx) settle(o *store.Outcome, data []byte) error {
	settled, err := deliveryrows.Settle(t.Conn, o)
	if err != nil || !settled {
		return err
	}
	if o.State == store.DeliveryArchived {
		if err := t.fail(o.At, store.FailedDelivery, o.Key, o.Error); err != nil {
			return err
		}
	}
	if o.Result == nil {
		return nil
	}
	if o.State == store.DeliverySent {
		awaited, err := deliveryrows.IsAwaited(t.Conn, o.Key)
		if err != nil || !awaited {
			return err
		}
	}
	in := *o.Result
	_, err = t.accept(&in, data)
	return err
}

// OwedDeliveries looks at the index of what is pending: a few seeks a channel, whatever is in it.
func (d *db) OwedDeliveries(ctx context.Context, now time.Time) (channels []string, next time.Time, err error) {
	err = d.readOn(ctx, d.sends, func(c *conn) (err error) {
		channels, next, err = deliveryrows.Owed(c.Conn, now)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look for deliveries that are due: %w", err)
	}
	return channels, next, nil
}
