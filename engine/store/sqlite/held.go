package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/held"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
)

// What keeps the waits and re-evaluations of members that are held from coming due. Of those who go on
// they are decided with what is put back.
const notHeld = " AND subject NOT IN (SELECT subject FROM held) "

// notGivenUp is the same but for those whose trees are being built.
const notGivenUp = " AND subject NOT IN (SELECT subject FROM held WHERE building = 0) "

// keepInputs keeps the undecided inputs of a member, up to a seq.
const keepInputs = "UPDATE inbox SET kind = '" + kindHeld + `' || kind WHERE lane = ? AND seq > (SELECT ?) AND seq <= ?
	AND member = ? AND kind NOT IN ('cascaded', 'poisoned')`

const heldMembers = "SELECT s.id, h.error, h.building FROM held h CROSS JOIN subjects s WHERE s.n = h.subject AND h.going = 0"

// heldAmong selects those of a list who are held, and looks for none of them while nobody is.
const heldAmong = `SELECT s.id, h.error FROM (SELECT 1 FROM held LIMIT 1) CROSS JOIN json_each(?) j
	CROSS JOIN subjects s CROSS JOIN held h WHERE s.kind = 'member' AND s.id = j.value AND h.subject = s.n AND h.going = 0`

// hold holds members on whom nothing can be decided, and keeps the inputs of the batch that are theirs
// behind the watermark; and those of who goes on that are not of the part that was put back.
func (b *batch) hold(t *tx) error {
	going, err := held.GoingOn(t.Conn, b.lane)
	if b.going = going; err == nil && len(going) > 0 {
		err = held.Keep(t.Conn, b.lane, b.before, b.watermark)
	}
	if err != nil {
		return fmt.Errorf("keep the inputs of members who go on: %w", err)
	}
	for i := range b.Held {
		h := &b.Held[i]
		if _, err := t.exec(keepInputs, b.lane, b.before, b.watermark, h.Member); err != nil {
			return fmt.Errorf("keep the inputs of member %s: %w", h.Member, err)
		}
		if _, err := t.hold(h, b.lane); err != nil {
			return fmt.Errorf("hold member %s: %w", h.Member, err)
		}
	}
	return nil
}

// hold holds a member who is not held, which it reports.
func (t *tx) hold(h *engine.Held, lane int) (now bool, err error) {
	if err := t.load(); err != nil {
		return false, err
	}
	subject, err := t.subject(h.Member)
	n := 0
	if err == nil {
		n, err = t.exec(`INSERT INTO held (subject, lane, at, error, building) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
			SET error = excluded.error, building = excluded.building, going = 0 WHERE going > 0`,
			subject, lane, t.clock.at, h.Error, h.Building)
	}
	if err == nil && n == 1 && !h.Building {
		err = t.fail(instant(t.clock.at), store.FailedMember, h.Member, h.Error)
	}
	return n == 1, err
}

func (c *conn) isHeld(member string, building bool) (bool, error) {
	return c.one(heldMembers+" AND s.kind = 'member' AND s.id = ? AND h.building = ?", []any{member, building},
		func(row) error { return nil })
}

// Held lists the members that are held.
func (d *db) Held(ctx context.Context) (list []engine.Held, err error) {
	err = d.read(ctx, func(c *conn) error {
		return c.query(heldMembers+" ORDER BY s.id", nil, func(r row) error {
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
	list, err := d.Held(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		now := d.clock.Now()
		event, due := d.looks.Due(h.Member, now)
		if h.Building || !due {
			continue
		}
		why, event, err := d.unreadable(ctx, h.Member, event)
		if err == nil && why != "" {
			d.looks.Again(h.Member, event, now)
			continue
		}
		if err == nil {
			err = d.letGo(ctx, h.Member)
			released = append(released, h.Member)
		}
		if err != nil {
			return nil, fmt.Errorf("release member %s: %w", h.Member, err)
		}
	}
	for lane := range d.lanes { // who went on when a process died
		if err := d.goOn(ctx, lane, true); err != nil {
			return nil, fmt.Errorf("release members of lane %d: %w", lane, err)
		}
	}
	return released, nil
}

// partRows is what a transaction counts in which a part of what was kept is put back.
const partRows = 4 + inputRows*held.Part

// letGo lets a member go on of whom everything can be read.
func (d *db) letGo(ctx context.Context, member string) error {
	d.looks.Forget(member)
	return d.writeAgain(ctx, partRows, func(t *tx) error { return t.letGo(member, false) })
}

// HoldToBuild holds a member to build trees.
func (d *db) HoldToBuild(ctx context.Context, member, why string) (watermark int64, err error) {
	err = d.writeAgain(ctx, 3, func(t *tx) error {
		lane := t.lanes.OfMember(member)
		now, err := t.hold(&engine.Held{Member: member, Error: why, Building: true}, lane)
		if err == nil && now {
			err = t.lookAgain(lane)
		}
		building := false
		if err == nil {
			building, err = t.isHeld(member, true)
		}
		if err == nil && !building {
			err = store.ErrStale
		}
		if err == nil {
			_, err = t.one("SELECT watermark FROM lanes WHERE lane = ?", []any{lane}, func(r row) error {
				watermark = r.int(0)
				return nil
			})
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
	if last {
		rows += partRows
	}
	err := d.writeAgain(ctx, rows, func(t *tx) error {
		held, err := t.isHeld(member, true)
		if err == nil && !held {
			err = store.ErrStale
		}
		for i := range trees {
			if err == nil {
				err = t.putTree(&trees[i])
			}
		}
		if err == nil && last {
			err = t.letGo(member, true)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store trees of member %s: %w", member, err)
	}
	return nil
}

// unreadable returns what of a member cannot be read: their state, an open run, or an event of their
// history, and which one that is. It begins with an event that could not; 0: any.
func (d *db) unreadable(ctx context.Context, member string, event int64) (why string, which int64, err error) {
	err = d.read(ctx, func(c *conn) (err error) {
		why, which, err = c.unreadable(member, event)
		return err
	})
	return why, which, err
}

func (c *conn) unreadable(member string, event int64) (why string, which int64, err error) {
	state := &engine.State{}
	states := map[string]*engine.State{member: state}
	if err := c.states(states, []string{member}); err != nil || state.Unreadable() != "" {
		return state.Unreadable(), 0, err
	}
	look := func(in engine.Input) error {
		if _, bad := in.Decode(); bad != nil {
			why, which = engine.UnreadableEvent(in.ID, bad).Error(), in.Seq
			return inbox.ErrEnough
		}
		return nil
	}
	if event != 0 {
		const first = "SELECT " + inputColumns + " FROM inbox i WHERE i.lane = ? AND i.seq = ?"
		err = c.query(first, []any{c.lanes.OfMember(member), event}, func(r row) error { return look(inputOf(r)) })
	}
	if err == nil {
		err = inbox.OfMember(c.Conn, member, look)
	}
	if errors.Is(err, inbox.ErrEnough) {
		err = nil
	}
	return why, which, err
}

// acceptance says as of when an input that is put back counts as accepted.
type acceptance int

const (
	acceptedNow  acceptance = iota
	acceptedThen            // when it was: nothing of its member was decided since
)

// letGo lets a member go on who is held, for trees that are built by now or for something that can be read
// again. Whoever is deciding the lane looks again.
func (t *tx) letGo(member string, built bool) error {
	if err := t.tick(); err != nil {
		return err
	}
	m, err := held.Begin(t.Conn, member, built)
	if err != nil || m == nil {
		return err
	}
	const settled = "UPDATE failures SET outcome = 'retried', settled_at = ? WHERE outcome = '' AND what = 'member' AND id = ?"
	if _, err := t.exec(settled, t.clock.at, member); err != nil {
		return err
	}
	if _, err := t.putBackPart(m); err != nil {
		return err
	}
	return t.lookAgain(m.Lane)
}

// goOn puts back the next part of what was kept of a member of a lane, if all is decided that was put back of
// them before. The owner of the lane, who does not decide ahead then, need not look again.
func (d *db) goOn(ctx context.Context, lane int, lookAgain bool) error {
	ready := func(c *conn) (list []held.Member, err error) {
		if list, err = held.GoingOn(c.Conn, lane); err != nil || len(list) == 0 {
			return nil, err
		}
		_, err = c.one("SELECT watermark FROM lanes WHERE lane = ?", []any{lane}, func(r row) error {
			for n := range list {
				if list[n].Last > r.int(0) {
					list = list[:n]
					break
				}
			}
			return nil
		})
		return list, err
	}
	some := false
	err := d.read(ctx, func(c *conn) error {
		list, err := ready(c)
		some = len(list) > 0
		return err
	})
	if err != nil || !some {
		return err
	}
	return d.writeAgain(ctx, partRows, func(t *tx) error {
		list, err := ready(t.conn)
		if err == nil && len(list) > 0 {
			err = t.tick()
		}
		for n, put := 0, 0; err == nil && put == 0 && n < min(len(list), held.Part); n++ {
			put, err = t.putBackPart(&list[n])
		}
		if err == nil && len(list) > 0 && lookAgain {
			err = t.lookAgain(lane)
		}
		return err
	})
}

// putBackPart puts the next part of what was kept of a member behind everything that is in the inbox, in
// order. It returns how many inputs that is. With the last one the member is as any other.
func (t *tx) putBackPart(m *held.Member) (n int, err error) {
	list, all, err := m.Next(t.Conn, t.clock.seq)
	if err != nil {
		return 0, err
	}
	first, accepted := t.clock.seq+1, acceptedNow
	if m.Then {
		accepted = acceptedThen
	}
	for _, in := range list {
		if err := t.putBack(in.Kind, in.ID, m.Lane, in.Seq, accepted); err != nil {
			return 0, err
		}
	}
	if m.Then && len(list) > 0 {
		if _, err := t.exec("UPDATE lanes SET earlier = ? WHERE lane = ?", t.clock.seq, m.Lane); err != nil {
			return 0, err
		}
	}
	if all {
		_, err = t.exec("DELETE FROM held WHERE subject = ?", m.Subject)
	} else {
		_, err = t.exec("UPDATE held SET first = ?, last = ? WHERE subject = ?", first, t.clock.seq, m.Subject)
	}
	return len(list), err
}
