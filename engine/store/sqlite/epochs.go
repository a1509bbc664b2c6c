package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
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

// Decided returns decided inputs.
func (d *db) Decided(ctx context.Context, lane int, part store.Lane, member string) (list []engine.Input, err error) {
	err = d.read(ctx, func(c *conn) error {
		const read = "SELECT " + inputColumns + ` FROM lanes s CROSS JOIN inbox i WHERE s.lane = ? AND i.lane = s.lane AND i.seq <= s.watermark
			AND i.hash BETWEEN ? AND ? AND (? = '' OR i.member = ?)
			AND i.kind NOT IN ('cascaded', 'poisoned') AND i.kind NOT LIKE '` + kindHeld + `%' ORDER BY i.seq`
		return c.query(read, []any{lane, part.First, part.Last, member, member}, func(r row) error {
			list = append(list, inputOf(r))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what lane %d has decided: %w", lane, err)
	}
	return list, nil
}

// Records returns what decisions did. Whose records there are is read without reading any of them.
func (d *db) Records(ctx context.Context, part store.Lane, member string) (list []store.Recorded, err error) {
	var subjects []int64
	err = d.read(ctx, func(c *conn) error {
		find, args := subjectOfMember+"?", []any{member}
		if member == "" {
			find = `SELECT s.n FROM (SELECT DISTINCT subject FROM records INDEXED BY records_subject) r CROSS JOIN subjects s
				WHERE s.n = r.subject AND s.hash BETWEEN ? AND ?`
			args = []any{part.First, part.Last}
		}
		err := c.query(find, args, func(r row) error {
			subjects = append(subjects, r.int(0))
			return nil
		})
		if err != nil {
			return err
		}
		for some := range slices.Chunk(subjects, 500) {
			const read = "SELECT " + trail.Columns + `, r.seq, r.epoch FROM json_each(?) j
				CROSS JOIN records r INDEXED BY records_subject WHERE r.subject = j.value ORDER BY r.n`
			err := c.query(read, []any{sqlconn.List(some)}, func(r row) error {
				rec, err := recorded(r)
				list = append(list, rec)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the records of the subjects from %d to %d: %w", part.First, part.Last, err)
	}
	return list, nil
}

func recorded(r row) (rec store.Recorded, err error) {
	data, _, err := records.Split(r.bytes(3))
	if err == nil {
		rec = store.Recorded{Data: bytes.Clone(data), Epoch: r.int(5)}
		rec.Record, err = records.Decode(rec.Data, r.str(1), instant(r.int(2)))
	}
	if err != nil {
		return rec, fmt.Errorf("%w: record %d: %w", store.ErrDamaged, r.int(0), err)
	}
	rec.Seq = r.int(4)
	return rec, nil
}
