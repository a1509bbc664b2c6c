package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/treerows"
)

// Trees reads the roots of the trees of members.
func (d *db) Trees(ctx context.Context, members []string) (map[string]store.Trees, error) {
	var found map[string]store.Trees
	err := d.read(ctx, func(c *conn) (err error) {
		found, err = treerows.Roots(c.Conn, members)
		return err
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
	s := inbox.Span{Member: a.member, Event: a.event, From: from, To: to, Watermark: a.watermark}
	read, begin, seq := s.Ascending, &s.From, int64(-1)
	if newest {
		read, begin, seq = s.Descending, &s.To, int64(1<<62)
	}
	for size := firstPage; ; size = nextPages {
		var page []engine.Input
		err := a.d.read(a.ctx, func(c *conn) (err error) {
			page, err = read(c.Conn, seq, size)
			return err
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
		*begin, seq = last.Time.UnixMilli(), last.Seq
	}
}

// Node reads one node.
func (a *archive) Node(tree string, level int, bucket int64) (data []byte, err error) {
	err = a.d.read(a.ctx, func(c *conn) (err error) {
		data, err = treerows.Node(c.Conn, a.member, a.event, tree, level, bucket)
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
	return treerows.Put(t.Conn, subject, c)
}
