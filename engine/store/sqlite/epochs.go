package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// BeginEpoch numbers an epoch, and makes it the present one.
func (d *db) BeginEpoch(ctx context.Context, e store.Epoch) (n int64, err error) {
	data, err := json.Marshal(&e)
	if err != nil {
		return 0, fmt.Errorf("encode an epoch: %w", err)
	}
	known := func(c *conn) (present bool, err error) {
		_, err = c.one("SELECT n, n = (SELECT value FROM meta WHERE key = 'epoch') FROM epochs WHERE data = ?",
			[]any{string(data)}, func(r row) error {
				n, present = r.int(0), r.int(1) == 1
				return nil
			})
		return present, err
	}
	present := false
	err = d.read(ctx, func(c *conn) (err error) {
		present, err = known(c)
		return err
	})
	if err == nil && !present {
		err = d.write(ctx, 2, func(t *tx) error {
			if _, err := t.exec("INSERT INTO epochs (data) VALUES (?) ON CONFLICT DO NOTHING", string(data)); err != nil {
				return err
			}
			if _, err := known(t.conn); err != nil {
				return err
			}
			_, err := t.exec("INSERT INTO meta VALUES ('epoch', ?) ON CONFLICT DO UPDATE SET value = excluded.value", n)
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("begin an epoch: %w", err)
	}
	return n, nil
}

// Epoch returns an epoch.
func (d *db) Epoch(ctx context.Context, n int64) (e store.Epoch, err error) {
	err = d.read(ctx, func(c *conn) error {
		found, err := c.one("SELECT data FROM epochs WHERE n = ?", []any{n}, func(r row) error {
			return json.Unmarshal(r.bytes(0), &e)
		})
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return e, fmt.Errorf("epoch %d: %w", n, err)
	}
	return e, nil
}

// endEpoch ends the present epoch: what decisions depend on has changed.
func (t *tx) endEpoch() error {
	_, err := t.exec("DELETE FROM meta WHERE key = 'epoch'")
	return err
}

// isPresent reports whether an epoch is not over; 0 is none.
func (t *tx) isPresent(epoch int64) (present bool, err error) {
	if epoch == 0 {
		return true, nil
	}
	return t.one("SELECT 1 FROM meta WHERE key = 'epoch' AND value = ?", []any{epoch}, func(row) error { return nil })
}

// spanEpoch notes that what lies behind a seq is decided under an epoch, when that is another.
func (t *tx) spanEpoch(lane int, seq, epoch int64) error {
	var last int64
	_, err := t.one("SELECT epoch FROM spans WHERE lane = ? ORDER BY seq DESC LIMIT 1", []any{lane}, func(r row) error {
		last = r.int(0)
		return nil
	})
	if err != nil || last == epoch {
		return err
	}
	_, err = t.exec("INSERT INTO spans VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch", lane, seq, epoch)
	return err
}

// Spans returns the epochs of a lane.
func (d *db) Spans(ctx context.Context, lane int) (list []store.Span, err error) {
	err = d.read(ctx, func(c *conn) error {
		return c.query("SELECT seq, epoch FROM spans WHERE lane = ? ORDER BY seq", []any{lane}, func(r row) error {
			list = append(list, store.Span{Seq: r.int(0), Epoch: r.int(1)})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the epochs of lane %d: %w", lane, err)
	}
	return list, nil
}

// Extent returns the last numbers that were given out.
func (d *db) Extent(ctx context.Context) (n int64, err error) {
	err = d.read(ctx, func(c *conn) error {
		_, err := c.one("SELECT seq + (SELECT COALESCE(max(n), 0) FROM records) FROM clock", nil, func(r row) error {
			n = r.int(0)
			return nil
		})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count what was decided: %w", err)
	}
	return n, nil
}

// Decided goes through decided inputs.
func (d *db) Decided(ctx context.Context, lane int, member string) iter.Seq2[engine.Input, error] {
	return alone(ctx, d, fmt.Sprintf("read what lane %d has decided", lane), func(c *conn, each func(engine.Input) error) error {
		return inbox.Decided(c.Conn, lane, member, each)
	})
}

// Records goes through what decisions did.
func (d *db) Records(ctx context.Context, lane int, member string) iter.Seq2[store.Recorded, error] {
	return alone(ctx, d, fmt.Sprintf("read the records of lane %d", lane), func(c *conn, each func(store.Recorded) error) error {
		return trail.Decided(c.Conn, d.lanes[lane], member, each)
	})
}

// alone reads on a connection of its own, for as long as who goes through what is read may take. What
// is sorted spills into files.
func alone[T any](ctx context.Context, d *db, what string, read func(*conn, func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := ctx.Err()
		var p pool
		if err == nil {
			p, err = d.newPool(d.dsn+sqlconn.Spilling, 1)
		}
		if err == nil {
			err = d.readOn(ctx, p, func(c *conn) error {
				return read(c, func(one T) error {
					if !yield(one, nil) {
						return inbox.ErrEnough
					}
					return ctx.Err()
				})
			})
			err = errors.Join(err, p.close(1))
		}
		if err != nil && !errors.Is(err, inbox.ErrEnough) {
			var none T
			yield(none, fmt.Errorf("%s: %w", what, err))
		}
	}
}
