package sqlite

import (
	"context"
	"fmt"
	"strconv"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Trees reads the roots of the trees of members.
func (d *db) Trees(ctx context.Context, members []string) (map[string]store.Trees, error) {
	found := map[string]store.Trees{}
	err := d.read(ctx, func(c *conn) error {
		const roots = `SELECT s.id, t.event, t.tree, t.data FROM (SELECT 1 FROM trees LIMIT 1) CROSS JOIN json_each(?) j
			CROSS JOIN subjects s CROSS JOIN trees t
			WHERE s.kind = 'member' AND s.id = j.value AND t.subject = s.n AND t.level = ?`
		return c.query(roots, []any{sqlconn.List(members), engine.RootLevel}, func(r row) error {
			of := found[r.str(0)]
			if of == nil {
				of = store.Trees{}
				found[r.str(0)] = of
			}
			if of[r.str(1)] == nil {
				of[r.str(1)] = map[string][]byte{}
			}
			of[r.str(1)][r.str(2)] = r.bytes(3)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look for trees of %d members: %w", len(members), err)
	}
	return found, nil
}

// Archive returns what reads a long history, in parts.
func (d *db) Archive(ctx context.Context, member, event string, watermark int64) engine.Archive {
	return &archive{d, ctx, member, event, watermark}
}

// archive reads for one decision, whose context it has.
type archive struct {
	d             *db
	ctx           context.Context
	member, event string
	watermark     int64
}

// Pages of events: the first is small, for who asks for little.
const (
	firstPage = 80
	nextPages = 1000
)

// Events reads page by page, so that no transaction stays open while they are worked on.
func (a *archive) Events(from, to int64, newest bool, f func(*engine.Happened) bool) error {
	const columns = "SELECT " + inputColumns + ` FROM inbox i INDEXED BY inbox_history WHERE i.hash = ? AND i.name = ?`
	const decided = ` AND i.kind IN ('event', 'cascaded') AND i.member = ? AND (i.seq <= ? OR i.kind = 'cascaded')`
	const up = columns + ` AND (i.time, i.seq) > (?, ?) AND i.time <= ?` + decided + " ORDER BY i.time, i.seq LIMIT "
	const down = columns + ` AND (i.time, i.seq) < (?, ?) AND i.time >= ?` + decided + " ORDER BY i.time DESC, i.seq DESC LIMIT "
	read, time, seq, end := up, from, int64(-1), to
	if newest {
		read, time, seq, end = down, to, int64(1<<62), from
	}
	for size := firstPage; ; size = nextPages {
		page := make([]engine.Input, 0, size)
		err := a.d.read(a.ctx, func(c *conn) error {
			return c.query(read+strconv.Itoa(size), []any{
				store.HashOf(store.SubjectMember, a.member), a.event, time, seq, end, a.member, a.watermark,
			}, func(r row) error {
				page = append(page, inputOf(r))
				return nil
			})
		})
		if err != nil {
			return fmt.Errorf("read events of member %s: %w", a.member, err)
		}
		for i := range page {
			h := page[i].Happened()
			if !f(&h) {
				return nil
			}
		}
		if len(page) < size {
			return nil
		}
		last := &page[size-1]
		time, seq = last.Time.UnixMilli(), last.Seq
	}
}

// Node reads one node.
func (a *archive) Node(tree string, level int, bucket int64) (data []byte, err error) {
	const node = "SELECT data FROM trees WHERE subject = (" + subjectOfMember + "?) AND level = ? AND event = ? AND tree = ? AND bucket = ?"
	err = a.d.read(a.ctx, func(c *conn) error {
		_, err := c.one(node, []any{a.member, level, a.event, tree, bucket}, func(r row) error {
			data = r.bytes(0)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a tree over events of member %s: %w", a.member, err)
	}
	return data, nil
}

// putTree stores what has changed of a tree.
func (t *tx) putTree(c *engine.TreeChange) error {
	subject, err := t.subject(c.Member)
	if err != nil {
		return err
	}
	if c.Gone {
		const remove = "DELETE FROM trees WHERE subject = ? AND level = ? AND event = ? AND tree = ?"
		for level := range engine.RootLevel + 1 {
			if _, err := t.exec(remove, subject, level, c.Event, c.Tree); err != nil {
				return err
			}
		}
	}
	for _, n := range c.Nodes {
		const put = "INSERT INTO trees VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
		if _, err := t.exec(put, subject, n.Level, c.Event, c.Tree, n.Bucket, n.Data); err != nil {
			return err
		}
	}
	return nil
}
