package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// What keeps the waits and re-evaluations of members that are held from coming due.
const notHeld = " AND subject NOT IN (SELECT subject FROM held) "

// keepInputs keeps the undecided inputs of a member, up to a seq.
const keepInputs = "UPDATE inbox SET kind = '" + kindHeld + `' || kind WHERE lane = ? AND seq > (SELECT ?) AND seq <= ?
	AND member = ? AND kind NOT IN ('cascaded', 'poisoned')`

const heldColumns = "s.id, h.error, h.building FROM held h CROSS JOIN subjects s WHERE s.n = h.subject"

// heldAmong selects those of a list who are held, and looks for none of them while nobody is.
const heldAmong = `SELECT s.id, h.error FROM (SELECT 1 FROM held LIMIT 1) CROSS JOIN json_each(?) j
	CROSS JOIN subjects s CROSS JOIN held h WHERE s.kind = 'member' AND s.id = j.value AND h.subject = s.n`

// hold holds members on whom nothing can be decided, and keeps the inputs of the batch that are theirs
// behind the watermark.
func (b *batch) hold(t *tx) error {
	if len(b.Held) == 0 {
		return nil
	}
	if err := t.load(); err != nil {
		return err
	}
	for _, h := range b.Held {
		_, err := t.exec(keepInputs, b.lane, b.before, b.watermark, h.Member)
		if err != nil {
			return fmt.Errorf("keep the inputs of member %s: %w", h.Member, err)
		}
		subject, err := t.subject(h.Member)
		n := 0
		if err == nil {
			n, err = t.exec("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", subject, b.lane, t.clock.at,
				h.Error, b.before, h.Building)
		}
		if err == nil && n == 1 && !h.Building {
			err = t.fail(t.clock.at, store.FailedMember, h.Member, h.Error)
		}
		if err != nil {
			return fmt.Errorf("hold member %s: %w", h.Member, err)
		}
	}
	return nil
}

func (c *conn) isHeld(member string) (bool, error) {
	return c.one("SELECT "+heldColumns+" AND s.kind = 'member' AND s.id = ?", []any{member}, func(row) error { return nil })
}

// Held lists the members that are held.
func (d *db) Held(ctx context.Context) (list []engine.Held, err error) {
	err = d.read(ctx, func(c *conn) error {
		return c.query("SELECT "+heldColumns+" ORDER BY s.id", nil, func(r row) error {
			list = append(list, engine.Held{Member: r.str(0), Error: r.str(1), Building: r.int(2) == 1})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list the members that are held: %w", err)
	}
	return list, nil
}

// Release lets members go on of whom everything can be read again.
func (d *db) Release(ctx context.Context) (released []string, err error) {
	held, err := d.Held(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		if h.Building {
			continue
		}
		why := ""
		err := d.read(ctx, func(c *conn) (err error) {
			why, err = c.unreadable(h.Member)
			return err
		})
		if err == nil && why == "" {
			err = d.writeAgain(ctx, 1, func(t *tx) error { return t.release(h.Member, acceptedNow) })
			released = append(released, h.Member)
		}
		if err != nil {
			return nil, fmt.Errorf("release member %s: %w", h.Member, err)
		}
	}
	return released, nil
}

// HoldToBuild holds a member to build trees.
func (d *db) HoldToBuild(ctx context.Context, member, why string) (watermark int64, err error) {
	err = d.writeAgain(ctx, 3, func(t *tx) error {
		err := t.tick()
		subject, lane := int64(0), t.lanes.OfMember(member)
		if err == nil {
			subject, err = t.subject(member)
		}
		const put = `INSERT INTO held SELECT ?, lane, ?, ?, watermark, 1 FROM lanes WHERE lane = ? ON CONFLICT DO NOTHING`
		n := 0
		if err == nil {
			n, err = t.exec(put, subject, t.clock.at, why, lane)
		}
		if err == nil && n > 0 {
			err = t.lookAgain(lane)
		}
		building := false
		if err == nil {
			_, err = t.one("SELECT seq, building FROM held WHERE subject = ?", []any{subject}, func(r row) error {
				watermark, building = r.int(0), r.int(1) == 1
				return nil
			})
		}
		if err == nil && !building {
			err = store.ErrStale
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("hold member %s to build trees: %w", member, err)
	}
	return watermark, nil
}

// lookAgain makes whoever is deciding a lane look again: what they have read is not so any more.
func (t *tx) lookAgain(lane int) error {
	_, err := t.exec("UPDATE lanes SET fence = fence + 1 WHERE lane = ?", lane)
	return err
}

// BuildTrees stores parts of trees of a member who is held for them.
func (d *db) BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error {
	rows := 1
	for i := range trees {
		rows += len(trees[i].Nodes)
	}
	err := d.writeAgain(ctx, rows, func(t *tx) error {
		held, err := t.one("SELECT "+heldColumns+" AND s.kind = 'member' AND s.id = ? AND h.building = 1", []any{member},
			func(row) error { return nil })
		if err == nil && !held {
			err = store.ErrStale
		}
		for i := range trees {
			if err == nil {
				err = t.putTree(&trees[i])
			}
		}
		if err == nil && last {
			err = t.release(member, acceptedThen)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store trees of member %s: %w", member, err)
	}
	return nil
}

// unreadable returns what of a member cannot be read: their state, an open run, or an event of
// their history.
func (c *conn) unreadable(member string) (why string, err error) {
	state := &engine.State{}
	states := map[string]*engine.State{member: state}
	if err := c.states(states, []string{member}); err != nil || state.Unreadable() != "" {
		return state.Unreadable(), err
	}
	err = c.query(decidedEvents, ofHistory(member), func(r row) error {
		in := inputOf(r)
		if _, bad := in.Decode(); bad != nil && why == "" {
			why = engine.UnreadableEvent(in.ID, bad).Error()
		}
		return nil
	})
	return why, err
}

// acceptance says as of when an input that is put back counts as accepted.
type acceptance int

const (
	acceptedNow  acceptance = iota
	acceptedThen            // when it was: nothing of its member was decided since
)

// release puts the inputs that were kept behind everything that is in the inbox, in their order,
// and before those of the member that came since. Whoever is deciding the lane looks again.
func (t *tx) release(member string, accepted acceptance) error {
	if err := t.tick(); err != nil {
		return err
	}
	lane := t.lanes.OfMember(member)
	type kept struct {
		seq      int64
		kind, id string
	}
	var list []kept
	const read = `SELECT seq, kind, id FROM inbox WHERE lane = ? AND seq > (SELECT h.seq FROM subjects s CROSS JOIN held h
			WHERE s.kind = 'member' AND s.id = ? AND h.subject = s.n) AND member = ? AND (kind LIKE '` + kindHeld + `%'
		OR seq > (SELECT watermark FROM lanes s WHERE s.lane = inbox.lane) AND kind NOT IN ('cascaded', 'poisoned')) ORDER BY seq`
	err := t.query(read, []any{lane, member, member}, func(r row) error {
		list = append(list, kept{r.int(0), strings.TrimPrefix(r.str(1), kindHeld), r.str(2)})
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range list {
		if err := t.putBack(engine.InputKind(k.kind), k.id, lane, k.seq, accepted); err != nil {
			return err
		}
	}
	if _, err := t.exec("DELETE FROM held WHERE subject = ("+subjectOfMember+"?)", member); err != nil {
		return err
	}
	const settled = "UPDATE failures SET outcome = 'retried', settled_at = ? WHERE outcome = '' AND what = 'member' AND id = ?"
	if _, err := t.exec(settled, t.clock.at, member); err != nil {
		return err
	}
	if accepted == acceptedThen && len(list) > 0 {
		if _, err := t.exec("UPDATE lanes SET earlier = ? WHERE lane = ?", t.clock.seq, lane); err != nil {
			return err
		}
	}
	return t.lookAgain(lane)
}
