package sqlite

import (
	"context"
	"fmt"
	"sync"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// When a member was last seen changes with every event. To store the member for that alone would
// double what an event costs that nobody listens to. So it is read from the events: what a row of
// subjects says holds up to an event, which the row of the shard names, and the decided events after
// it say the rest. They are folded into a map that is kept and grows with the watermark. When that
// has become large, it is brought to the subjects.
const (
	// mostUnseen is how many subjects of a shard may know too little: so many are written in one
	// transaction.
	mostUnseen = 1000
	// mostSeenEvents is how many events may have to be read at a start.
	mostSeenEvents = 25_000
)

// seenEvents is that map, of each shard.
type seenEvents struct {
	mu     sync.Mutex
	shards [store.Shards]seenOfShard
}

// seenOfShard is folded from the decided events of a shard that lie behind the one and up to the
// other.
type seenOfShard struct {
	from, to int64
	last     map[string]seenEvent
	unseen   int // those that are not stored
}

// seenEvent is the last event of a member.
type seenEvent struct {
	at, seq int64
	stored  bool // the state of the member says so
}

// lastSeen returns when members were last seen, as far as their subjects do not know it.
func (c *conn) lastSeen(ids []string) (map[string]int64, error) {
	if c.seen == nil {
		return nil, nil
	}
	var shards [store.Shards][]string
	for _, id := range ids {
		shards[store.ShardOf(id)] = append(shards[store.ShardOf(id)], id)
	}
	seen := map[string]int64{}
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	for shard, ids := range shards {
		if len(ids) == 0 {
			continue
		}
		s, err := c.seen.of(c, shard)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if e, has := s.last[id]; has {
				seen[id] = e.at
			}
		}
	}
	return seen, nil
}

// of returns the events of a shard up to the watermark that the connection sees. The caller holds mu.
func (e *seenEvents) of(c *conn, shard int) (*seenOfShard, error) {
	var from, to int64
	_, err := c.one("SELECT seen, watermark FROM shards WHERE shard = ?", []any{shard}, func(r row) error {
		from, to = r.int(0), r.int(1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &e.shards[shard]
	switch {
	case from < s.from: // the connection sees what was before the subjects knew
		s = &seenOfShard{from: from, to: from}
	case from > s.to:
		*s = seenOfShard{from: from, to: from}
	case from > s.from:
		s.forget(from)
	}
	return s, s.read(c, shard, to)
}

// forget leaves out what subjects know by now.
func (s *seenOfShard) forget(from int64) {
	for id, e := range s.last {
		if e.seq > from {
			continue
		}
		if !e.stored {
			s.unseen--
		}
		delete(s.last, id)
	}
	s.from = from
}

// read folds the events up to one.
func (s *seenOfShard) read(c *conn, shard int, to int64) error {
	if s.last == nil {
		s.last = map[string]seenEvent{}
	}
	if to <= s.to {
		return nil
	}
	const read = `SELECT member, at, seq FROM inbox WHERE shard = ? AND seq > ? AND seq <= ? AND seen = 1 AND kind = 'event' ORDER BY seq`
	err := c.query(read, []any{shard, s.to, to}, func(r row) error {
		id := r.str(0)
		if e, has := s.last[id]; !has || e.stored {
			s.unseen++
		}
		s.last[id] = seenEvent{at: r.int(1), seq: r.int(2)}
		return nil
	})
	if err != nil {
		*s = seenOfShard{from: s.from, to: s.from} // what was folded of it must not count as the whole
		return fmt.Errorf("read when members were last seen: %w", err)
	}
	s.to = to
	return nil
}

// noteStored says of members whose state was stored that it knows when they were last seen. When too
// much is known from events alone, it is brought to the subjects.
func (d *db) noteStored(ctx context.Context, shard int, members []*engine.Member) error {
	var list map[string]int64
	var to int64
	err := d.read(ctx, func(c *conn) error {
		d.seen.mu.Lock()
		defer d.seen.mu.Unlock()
		s, err := d.seen.of(c, shard)
		if err != nil {
			return err
		}
		for _, m := range members {
			if e, has := s.last[m.ID]; has && !e.stored && millis(m.LastSeenAt) >= e.at {
				e.stored = true
				s.last[m.ID] = e
				s.unseen--
			}
		}
		if s.unseen < mostUnseen && s.to-s.from < mostSeenEvents {
			return nil
		}
		list, to = make(map[string]int64, s.unseen), s.to
		for id, e := range s.last {
			if !e.stored {
				list[id] = e.at
			}
		}
		return nil
	})
	if err != nil || list == nil {
		return err
	}
	return d.writeAgain(ctx, len(list), func(t *tx) error {
		for id, at := range list {
			const put = "UPDATE subjects SET seen = max(seen, ?) WHERE kind = 'member' AND id = ?"
			if _, err := t.exec(put, at, id); err != nil {
				return err
			}
		}
		_, err := t.exec("UPDATE shards SET seen = max(seen, ?) WHERE shard = ?", to, shard)
		return err
	})
}
