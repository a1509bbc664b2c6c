package sqlite

import (
	"context"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/lastseen"
)

// lastSeen returns the events by which members were last seen, as far as their subjects do not know it.
func (c *conn) lastSeen(ids []string) (map[string]lastseen.Event, error) {
	if c.seen == nil {
		return nil, nil
	}
	lanes := make([][]string, len(c.lanes))
	for _, id := range ids {
		lane := c.lanes.OfMember(id)
		lanes[lane] = append(lanes[lane], id)
	}
	seen := map[string]lastseen.Event{}
	for lane, ids := range lanes {
		if len(ids) == 0 {
			continue
		}
		err := c.seen.Of(seenView{c}, lane, func(s *lastseen.Lane) {
			for _, id := range ids {
				if last, later := s.At(id); later {
					seen[id] = last
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// seenView is what a connection sees of when members were last seen.
type seenView struct{ *conn }

func (v seenView) Bounds(lane int) (from, to int64, err error) {
	_, err = v.one("SELECT seen, watermark FROM lanes WHERE lane = ?", []any{lane}, func(r row) error {
		from, to = r.int(0), r.int(1)
		return nil
	})
	return from, to, err
}

func (v seenView) Seen(lane int, from, to int64, each func(member string, at, seq int64)) error {
	const read = `SELECT member, at, seq FROM inbox WHERE lane = ? AND seq > ? AND seq <= ? AND seen = 1 AND kind = 'event' ORDER BY seq`
	return v.query(read, []any{lane, from, to}, func(r row) error {
		each(r.str(0), r.int(1), r.int(2))
		return nil
	})
}

// noteStored says of members whose state a commit has stored that it knows when they were last seen.
// When too much is known from events alone, it is brought to the subjects.
func (d *db) noteStored(ctx context.Context, lane int, members []*engine.Member, decided int64) error {
	stored := make(map[string]int64, len(members))
	for _, m := range members {
		stored[m.ID] = millis(m.LastSeenAt)
	}
	if d.seen.Behind(lane, decided) {
		err := d.read(ctx, func(c *conn) error { return c.seen.Of(seenView{c}, lane, func(*lastseen.Lane) {}) })
		if err != nil {
			return err
		}
	}
	list, to := d.seen.Stored(lane, stored, decided)
	if list == nil {
		return nil
	}
	err := d.writeAgain(ctx, len(list), func(t *tx) error {
		for id, last := range list {
			const put = "UPDATE subjects SET seen = max(seen, ?) WHERE kind = 'member' AND id = ? AND seen > -?"
			if _, err := t.exec(put, last.At, id, last.Seq); err != nil {
				return err
			}
		}
		_, err := t.exec("UPDATE lanes SET seen = max(seen, ?) WHERE lane = ?", to, lane)
		return err
	})
	if err == nil {
		d.seen.Brought(lane, list, to)
	}
	return err
}
