// Package deliveryrows reads and writes the rows of deliveries.
package deliveryrows

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

const columns = `SELECT d.key, (SELECT id FROM subjects WHERE n = d.subject), d.playbook, d.run, d.step, d.channel, d.not_before,
	d.at, d.state, d.attempts, d.settle_at, d.error, d.message, d.released_at, d.n, d.provider_id `

func of(r sqlconn.Row) store.Attempted {
	a := store.Attempted{
		Delivery: engine.Delivery{
			Key: r.Str(0), Member: r.Str(1), Playbook: r.Str(2), Run: r.Str(3), Step: r.Str(4), Channel: r.Str(5),
			NotBefore: r.Instant(6), At: r.Instant(7), ReleasedAt: r.Instant(13),
		},
		N: r.Int(14), State: store.DeliveryState(r.Str(8)), Attempts: int(r.Int(9)), SettleAt: r.Instant(10),
		Error: r.Str(11), ProviderID: r.Str(15),
	}
	if err := json.Unmarshal(r.Bytes(12), &a.Message); err != nil {
		a.Unreadable = fmt.Sprintf("the stored delivery cannot be read: %v", err)
	}
	return a
}

// read returns the deliveries d of a selection, which begins with FROM.
func read(c *sqlconn.Conn, selection string, args ...any) (list []store.Attempted, err error) {
	err = c.Query(columns+selection, args, func(r sqlconn.Row) error {
		list = append(list, of(r))
		return nil
	})
	return list, err
}

// one returns the only delivery of a selection; ErrNotFound: there is none.
func one(c *sqlconn.Conn, selection string, args ...any) (a store.Attempted, err error) {
	list, err := read(c, selection, args...)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return a, err
	}
	return list[0], nil
}

// Delivery returns a delivery by its key; ErrNotFound: there is none.
func Delivery(c *sqlconn.Conn, key string) (store.Attempted, error) {
	return one(c, "FROM deliveries d WHERE d.key = ?", key)
}

// Deferred returns a delivery that was put off; ErrNotFound: there is none under the key.
func Deferred(c *sqlconn.Conn, key string) (store.Attempted, error) {
	return one(c, "FROM deliveries d WHERE d.key = ? AND d.state = 'deferred'", key)
}

// Deliveries returns those of the keys, in their own order.
func Deliveries(c *sqlconn.Conn, keys []string) ([]store.Attempted, error) {
	return read(c, "FROM json_each(?) j CROSS JOIN deliveries d WHERE d.key = j.value ORDER BY d.n", sqlconn.List(keys))
}

// Pending returns what is still to go out to a member.
func Pending(c *sqlconn.Conn, member string) ([]store.Attempted, error) {
	const pending = `FROM deliveries d INDEXED BY deliveries_subject
		WHERE d.subject = (SELECT n FROM subjects WHERE kind = 'member' AND id = ?) AND d.state IN ('pending', 'deferred')
		ORDER BY d.not_before, d.n`
	return read(c, pending, member)
}

// RunOf returns the run that a delivery is of, and its step there; both are empty where there is no
// such delivery.
func RunOf(c *sqlconn.Conn, key string) (run, step string, err error) {
	_, err = c.One("SELECT run, step FROM deliveries WHERE key = ?", []any{key}, func(r sqlconn.Row) error {
		run, step = r.Str(0), r.Str(1)
		return nil
	})
	return run, step, err
}

// IsAwaited reports whether the run of a delivery still waits.
func IsAwaited(c *sqlconn.Conn, key string) (bool, error) {
	const open = "SELECT 1 FROM deliveries d JOIN runs r ON r.id = d.run WHERE d.key = ? AND r.state = 'waiting'"
	return c.One(open, []any{key}, func(sqlconn.Row) error { return nil })
}

// Add stores a delivery under a number, of a member who has one. One that is known by its key stays as
// it is.
func Add(c *sqlconn.Conn, n, subject int64, d *engine.Delivery, message []byte) error {
	state := store.DeliveryPending
	if d.ReleasedAt.IsZero() {
		state = store.DeliveryDeferred
	}
	const insert = `INSERT INTO deliveries
			(n, key, subject, playbook, run, step, channel, state, not_before, at, message, released_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`
	_, err := c.Exec(insert, n, d.Key, subject, d.Playbook, d.Run, d.Step, d.Channel, string(state),
		sqlconn.Millis(d.NotBefore), sqlconn.Millis(d.At), message, sqlconn.Millis(d.ReleasedAt))
	return err
}

// Release stores what was decided of a message that was decided before. One that goes out keeps its
// place in the queue, and the error of its last attempt.
func Release(c *sqlconn.Conn, r *engine.Release) error {
	var released, settled int64
	switch r.State {
	case store.DeliveryPending:
		released = sqlconn.Millis(r.At)
	case store.DeliveryDropped:
		settled = sqlconn.Millis(r.At)
	}
	const update = `UPDATE deliveries SET state = ?, not_before = CASE ? WHEN 'deferred' THEN ? ELSE not_before END,
		released_at = ?, settle_at = ?, error = CASE ? WHEN '' THEN error ELSE ? END WHERE key = ? AND state = 'deferred'`
	_, err := c.Exec(update, string(r.State), string(r.State), sqlconn.Millis(r.NotBefore), released, settled, r.Reason,
		r.Reason, r.Key)
	return err
}

// Settle stores the outcome of an attempt; false: another worker has settled the delivery already.
func Settle(c *sqlconn.Conn, o *store.Outcome) (bool, error) {
	tried := 1
	if o.State == store.DeliveryDeferred || o.State == store.DeliveryPending && o.Error == "" {
		tried = 0 // put off, not tried
	}
	const update = `UPDATE deliveries SET state = ?, error = ?, attempts = attempts + ?, settle_at = ?,
		not_before = CASE ? WHEN 'pending' THEN ? ELSE not_before END, provider_id = ? WHERE key = ? AND state = 'pending'`
	n, err := c.Exec(update, string(o.State), o.Error, tried, sqlconn.Millis(o.At), string(o.State),
		sqlconn.Millis(o.NotBefore), o.ProviderID, o.Key)
	return n > 0, err
}

// Again makes a delivery pending that was given up on, after a failure of that number; false: it is not
// given up on any more. Its place under the frequency caps was given back: it is released at no
// instant, and none that another retry gave it.
func Again(c *sqlconn.Conn, key string, failure int64, now time.Time) (bool, error) {
	const again = `UPDATE deliveries SET state = 'pending', attempts = 0, settle_at = 0, not_before = ?,
			released_at = CASE released_at WHEN 0 THEN 0 ELSE ? END WHERE key = ? AND state = 'archived'`
	n, err := c.Exec(again, sqlconn.Millis(now), -failure, key)
	return n > 0, err
}

// Drop drops a delivery of a state; false: it is not in that state any more.
func Drop(c *sqlconn.Conn, key string, from store.DeliveryState, now time.Time) (bool, error) {
	const end = "UPDATE deliveries SET state = 'dropped', settle_at = ? WHERE key = ? AND state = ?"
	n, err := c.Exec(end, sqlconn.Millis(now), key, string(from))
	return n > 0, err
}
