package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const deliveryColumns = `d.key, (SELECT id FROM subjects WHERE n = d.subject), d.playbook, d.run, d.step, d.channel, d.not_before, d.at, d.state, d.attempts,
	d.settle_at, d.error, d.message, d.released_at, d.n,
	d.provider_id `

func deliveryOf(r row) store.Attempted {
	a := store.Attempted{
		Delivery: engine.Delivery{
			Key: r.str(0), Member: r.str(1), Playbook: r.str(2), Run: r.str(3), Step: r.str(4), Channel: r.str(5),
			NotBefore: instant(r.int(6)), At: instant(r.int(7)), ReleasedAt: instant(r.int(13)),
		},
		N: r.int(14), State: store.DeliveryState(r.str(8)), Attempts: int(r.int(9)), SettleAt: instant(r.int(10)),
		Error: r.str(11), ProviderID: r.str(15),
	}
	if err := json.Unmarshal(r.bytes(12), &a.Message); err != nil {
		a.Unreadable = fmt.Sprintf("the stored delivery cannot be read: %v", err)
	}
	return a
}

// Deliveries reads what is due of a channel, and brings what decided it to the disk.
func (d *db) Deliveries(ctx context.Context, channel string, now time.Time, held []int64, limit int) (
	list []store.Attempted, err error,
) {
	numbers, err := json.Marshal(append([]int64{}, held...)) // never null, which would be in no list, nor out of one
	if err != nil {
		return nil, err
	}
	err = d.readOn(ctx, d.sends, func(c *conn) (err error) {
		due := `FROM deliveries d INDEXED BY deliveries_pending
			WHERE d.channel = ? AND d.state = 'pending' AND d.not_before <= (SELECT ?)
				AND d.n NOT IN (SELECT value FROM json_each(?)) `
		args := []any{channel, now.UnixMilli(), string(numbers)}
		oldest := "SELECT " + deliveryColumns + due + "ORDER BY d.not_before, d.n LIMIT "
		if list, err = c.deliveries(oldest+strconv.Itoa(limit), args); err != nil || len(list) < limit { // see pendingInputs
			return err
		}
		n := limit / store.NewestShare
		newest := "SELECT " + deliveryColumns + "FROM (SELECT * " + due + "ORDER BY d.not_before DESC, d.n DESC LIMIT " +
			strconv.Itoa(4*n) + `) d WHERE NOT EXISTS (SELECT 1 FROM deliveries p INDEXED BY deliveries_subject
				WHERE p.subject = d.subject AND p.state IN ('pending', 'deferred') AND p.state = 'pending'
					AND p.channel = d.channel AND (p.not_before, p.n) < (d.not_before, d.n)) LIMIT ` + strconv.Itoa(n)
		young, err := c.deliveries(newest, args)
		list = mixed(young, list, limit)
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

func (c *conn) deliveries(read string, args []any) (list []store.Attempted, err error) {
	err = c.query(read, args, func(r row) error {
		list = append(list, deliveryOf(r))
		return nil
	})
	return list, err
}

// mixed returns the newest deliveries and behind them as many of the oldest as there is room for, each
// once.
func mixed(newest, oldest []store.Attempted, limit int) []store.Attempted {
	list := newest
	for i := range oldest {
		is := func(d store.Attempted) bool { return d.N == oldest[i].N }
		if len(list) < limit && !slices.ContainsFunc(newest, is) {
			list = append(list, oldest[i])
		}
	}
	return list
}

// Delivery reads a delivery by its key.
func (d *db) Delivery(ctx context.Context, key string) (a store.Attempted, err error) {
	found := false
	err = d.read(ctx, func(c *conn) (err error) {
		const read = "SELECT " + deliveryColumns + " FROM deliveries d WHERE d.key = ?"
		found, err = c.one(read, []any{key}, func(r row) error {
			a = deliveryOf(r)
			return nil
		})
		return err
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
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
	tried := 1
	if o.State == store.DeliveryDeferred || o.State == store.DeliveryPending && o.Error == "" {
		tried = 0 // put off, not tried
	}
	const update = `UPDATE deliveries SET state = ?, error = ?, attempts = attempts + ?, settle_at = ?,
		not_before = CASE ? WHEN 'pending' THEN ? ELSE not_before END, provider_id = ? WHERE key = ? AND state = 'pending'`
	n, err := t.exec(update, string(o.State), o.Error, tried, millis(o.At), string(o.State), millis(o.NotBefore),
		o.ProviderID, o.Key)
	if err != nil || n == 0 {
		return err // settled by another worker already
	}
	if o.State == store.DeliveryArchived {
		if err := t.fail(millis(o.At), store.FailedDelivery, o.Key, o.Error); err != nil {
			return err
		}
	}
	if o.Result == nil {
		return nil
	}
	if o.State == store.DeliverySent {
		const open = "SELECT 1 FROM deliveries d JOIN runs r ON r.id = d.run WHERE d.key = ? AND r.state = 'waiting'"
		found, err := t.one(open, []any{o.Key}, func(row) error { return nil })
		if err != nil || !found {
			return err
		}
	}
	in := *o.Result
	_, err = t.accept(&in, data)
	return err
}

// OwedDeliveries looks at the index of what is pending: a few seeks a channel, whatever is in it.
func (d *db) OwedDeliveries(ctx context.Context, now time.Time) (channels []string, next time.Time, err error) {
	err = d.readOn(ctx, d.sends, func(c *conn) error {
		channel := ""
		for {
			more, err := c.nextChannel(&channel)
			if err != nil || !more {
				return err
			}
			owed, err := c.owesDelivery(channel, now.UnixMilli(), &next)
			if err != nil {
				return err
			}
			if owed {
				channels = append(channels, channel)
			}
		}
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look for deliveries that are due: %w", err)
	}
	return channels, next, nil
}

func (c *conn) nextChannel(channel *string) (bool, error) {
	const after = "SELECT channel FROM deliveries INDEXED BY deliveries_pending WHERE state = 'pending' AND channel > ? ORDER BY channel LIMIT 1"
	return c.one(after, []any{*channel}, func(r row) error {
		*channel = r.str(0)
		return nil
	})
}

func (c *conn) owesDelivery(channel string, now int64, next *time.Time) (owed bool, err error) {
	const first = `SELECT not_before FROM deliveries INDEXED BY deliveries_pending
		WHERE state = 'pending' AND channel = ? AND not_before > ? ORDER BY not_before LIMIT 1`
	for _, after := range []int64{-1, now} {
		_, err := c.one(first, []any{channel, after}, func(r row) error {
			switch at := r.int(0); {
			case at <= now:
				owed = true
			case next.IsZero() || at < next.UnixMilli():
				*next = instant(at)
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return owed, nil
}
