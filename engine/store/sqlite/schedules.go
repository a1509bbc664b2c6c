package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

func occurrenceOf(r row) store.Occurrence {
	return store.Occurrence{Playbook: r.str(0), At: instant(r.int(1)), Cursor: r.str(2), Done: r.int(3) != 0}
}

// LastOccurrence returns the newest occurrence of a playbook.
func (d *db) LastOccurrence(ctx context.Context, playbook string) (o store.Occurrence, err error) {
	err = d.read(ctx, func(c *conn) error {
		const read = "SELECT playbook, at, cursor, done FROM occurrences WHERE playbook = ? ORDER BY at DESC LIMIT 1"
		found, err := c.one(read, []any{playbook}, func(r row) error {
			o = occurrenceOf(r)
			return nil
		})
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return o, fmt.Errorf("last occurrence of playbook %s: %w", playbook, err)
	}
	return o, nil
}

// RecordOccurrence stores an occurrence once.
func (d *db) RecordOccurrence(ctx context.Context, o store.Occurrence) (first bool, err error) {
	err = d.write(ctx, 1, func(t *tx) error {
		n, err := t.exec("INSERT INTO occurrences VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", o.Playbook, millis(o.At),
			o.Cursor, o.Done)
		first = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record an occurrence of playbook %s: %w", o.Playbook, err)
	}
	return first, nil
}

// OpenOccurrences lists what is still to be fanned out.
func (d *db) OpenOccurrences(ctx context.Context) (list []store.Occurrence, err error) {
	err = d.read(ctx, func(c *conn) error {
		const read = "SELECT playbook, at, cursor, done FROM occurrences WHERE done = 0 ORDER BY at, playbook"
		return c.query(read, nil, func(r row) error {
			list = append(list, occurrenceOf(r))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list open occurrences: %w", err)
	}
	return list, nil
}

// FanOut stores inputs of an occurrence with how far it got.
func (d *db) FanOut(ctx context.Context, o store.Occurrence, inputs []engine.Input) error {
	data, err := payloads(inputs)
	if err != nil {
		return err
	}
	err = d.write(ctx, 1+inputRows*len(inputs), func(t *tx) error {
		for i := range inputs {
			in := inputs[i]
			if _, err := t.accept(&in, data[i]); err != nil {
				return fmt.Errorf("store input %s: %w", in.ID, err)
			}
		}
		// A second scheduler that is behind must not move the cursor back.
		const move = "UPDATE occurrences SET cursor = max(cursor, ?), done = max(done, ?) WHERE playbook = ? AND at = ?"
		_, err := t.exec(move, o.Cursor, o.Done, o.Playbook, millis(o.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("fan out playbook %s: %w", o.Playbook, err)
	}
	return nil
}

// Backlog counts undecided inputs of a kind.
func (d *db) Backlog(ctx context.Context, kind engine.InputKind) (n int, err error) {
	if err := d.settle(ctx, anyShard, 0); err != nil {
		return 0, fmt.Errorf("put what was taken into the inbox: %w", err)
	}
	err = d.read(ctx, func(c *conn) error {
		const count = `SELECT count(*) FROM shards s CROSS JOIN inbox i
			WHERE i.shard = s.shard AND i.seq > s.watermark AND i.kind = ?`
		_, err := c.one(count, []any{string(kind)}, func(r row) error {
			n = int(r.int(0))
			return nil
		})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count undecided inputs: %w", err)
	}
	return n, nil
}

// MembersAfter returns the next page of members by id.
func (d *db) MembersAfter(ctx context.Context, cursor string, limit int) (list []store.ListedMember, err error) {
	err = d.read(ctx, func(c *conn) error {
		return c.query("SELECT a.id, m.state FROM members a INDEXED BY members_all CROSS JOIN members m WHERE a.name = '' AND a.id > ? AND m.id = a.id AND m.name = '' ORDER BY a.id LIMIT ?", []any{cursor, limit}, func(r row) error {
			l := store.ListedMember{ID: r.str(0)}
			m, err := readMember(l.ID, r.bytes(1))
			if err != nil {
				l.Unreadable = err.Error()
			} else {
				l.Member = m
			}
			list = append(list, l)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("page over members: %w", err)
	}
	return list, nil
}
