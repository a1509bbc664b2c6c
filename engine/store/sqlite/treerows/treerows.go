// Package treerows reads and writes the rows of trees over long histories.
package treerows

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Roots returns the roots of the trees of members, as far as they have any.
func Roots(c *sqlconn.Conn, members []string) (map[string]store.Trees, error) {
	found := map[string]store.Trees{}
	const roots = `SELECT s.id, t.event, t.tree, t.data FROM (SELECT 1 FROM trees LIMIT 1) CROSS JOIN json_each(?) j
			CROSS JOIN subjects s CROSS JOIN trees t
			WHERE s.kind = 'member' AND s.id = j.value AND t.subject = s.n AND t.level = ?`
	err := c.Query(roots, []any{sqlconn.List(members), engine.RootLevel}, func(r sqlconn.Row) error {
		of := found[r.Str(0)]
		if of == nil {
			of = store.Trees{}
			found[r.Str(0)] = of
		}
		if of[r.Str(1)] == nil {
			of[r.Str(1)] = map[string][]byte{}
		}
		of[r.Str(1)][r.Str(2)] = r.Bytes(3)
		return nil
	})
	return found, err
}

// Node returns a node of a tree over events of a member; nil: there is none.
func Node(c *sqlconn.Conn, member, event, tree string, level int, bucket int64) (data []byte, err error) {
	const node = `SELECT data FROM trees WHERE subject = (SELECT n FROM subjects WHERE kind = 'member' AND id = ?)
		AND level = ? AND event = ? AND tree = ? AND bucket = ?`
	_, err = c.One(node, []any{member, level, event, tree, bucket}, func(r sqlconn.Row) error {
		data = r.Bytes(0)
		return nil
	})
	return data, err
}

// Put stores what has changed of a tree, of a member who has a number.
func Put(c *sqlconn.Conn, subject int64, tree *engine.TreeChange) error {
	if tree.Gone {
		const remove = "DELETE FROM trees WHERE subject = ? AND level = ? AND event = ? AND tree = ?"
		for level := range engine.RootLevel + 1 {
			if _, err := c.Exec(remove, subject, level, tree.Event, tree.Tree); err != nil {
				return err
			}
		}
	}
	for _, n := range tree.Nodes {
		const put = "INSERT INTO trees VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
		if _, err := c.Exec(put, subject, n.Level, tree.Event, tree.Tree, n.Bucket, n.Data); err != nil {
			return err
		}
	}
	return nil
}
