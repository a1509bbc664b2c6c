package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/held"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Claim raises the lane's fence.
func (d *db) Claim(ctx context.Context, lane int) (fence int64, err error) {
	err = d.writeAgain(ctx, 1, func(t *tx) error {
		_, err := t.one("UPDATE lanes SET fence = fence + 1 WHERE lane = ? RETURNING fence", []any{lane},
			func(r row) error {
				fence = r.int(0)
				return nil
			})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claim lane %d: %w", lane, err)
	}
	return fence, nil
}

// Pending reads what the lane owes. The clock's stored instant is a horizon that always holds:
// whatever is accepted later, here or in another process, gets an instant that is not before it. It
// lags behind now when nothing is accepted; so when a wait is due beyond it, it is raised first,
// for everybody.
func (d *db) Pending(ctx context.Context, lane int, now time.Time, limit int) (*store.Batch, error) {
	for {
		err := d.journal.SettleFirst(ctx, lane, limit+1)
		if err != nil {
			return nil, fmt.Errorf("put what was taken for lane %d into the inbox: %w", lane, err)
		}
		b, next, err := d.pending(ctx, lane, now, &store.Batch{}, limit)
		if err == nil && !next.IsZero() && next.After(b.Horizon) && !next.After(now) && !b.More {
			// What is being taken may keep the clock back for a moment: then again.
			err = d.writeAgain(ctx, 1, func(t *tx) error { return t.raise(now.UnixMilli()) })
			if err == nil {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read what lane %d owes: %w", lane, err)
		}
		return b, nil
	}
}

// Ahead reads what the lane owes behind a batch.
func (d *db) Ahead(ctx context.Context, lane int, now time.Time, of *store.Batch, limit int) (*store.Batch, error) {
	b, _, err := d.pending(ctx, lane, now, of, limit)
	return b, err
}

// pending returns what is owed behind a batch, and when the first wait beyond its horizon is due.
func (d *db) pending(ctx context.Context, lane int, now time.Time, behind *store.Batch, limit int,
) (*store.Batch, time.Time, error) {
	b := &store.Batch{}
	var next time.Time
	err := d.read(ctx, func(c *conn) error {
		var earlier int64
		_, err := c.one("SELECT fence, watermark, at, earlier FROM lanes, clock WHERE lane = ?", []any{lane}, func(r row) error {
			b.Fence, b.Watermark, b.Horizon, earlier = r.int(0), r.int(1), instant(r.int(2)), r.int(3)
			return nil
		})
		if err != nil {
			return err
		}
		b.Watermark = max(b.Watermark, behind.Last())
		if now = now.Truncate(time.Millisecond); b.Horizon.After(now) {
			b.Horizon = now.UTC()
		}
		going, err := held.GoingOn(c.Conn, lane)
		if err != nil || len(going) > 0 && behind.Size() > 0 {
			return err // what is behind the batch moves with its commit
		}
		if err := c.pendingInputs(lane, limit, earlier, b); err != nil {
			return err
		}
		if err := c.pendingOfGoing(going, b); err != nil {
			return err
		}
		next, err = c.pendingDue(lane, limit, b, behind.Due)
		return err
	})
	return b, next, err
}

// pendingInputs reads the inputs of the batch. Up to earlier they may have been accepted before others
// that come first.
func (c *conn) pendingInputs(lane, limit int, earlier int64, b *store.Batch) error {
	// Parameters in a LIMIT, or beside the < of an index, make SQLite compile the statement anew each
	// time it runs.
	read := "SELECT " + inputColumns + " FROM inbox i WHERE i.lane = ? AND i.seq > (SELECT ?) AND i.kind <> 'cascaded' ORDER BY i.seq LIMIT " + strconv.Itoa(limit+1)
	b.Inputs = make([]engine.Input, 0, 16)
	err := c.query(read, []any{lane, b.Watermark}, func(r row) error {
		b.Inputs = append(b.Inputs, inputOf(r))
		return nil
	})
	if err != nil || len(b.Inputs) <= limit {
		return err
	}
	b.More = true
	b.Inputs = b.Inputs[:limit]
	// What is left behind has a lower bound: its first input that was accepted, and not made for an
	// occurrence.
	const behind = "FROM inbox WHERE lane = ? AND seq > (SELECT ?) AND kind NOT IN ('schedule', 'cascaded') "
	last, bounded := b.Inputs[limit-1].Seq, func(r row) error {
		if at := instant(r.int(0)); at.Before(b.Horizon) {
			b.Horizon = at
		}
		return nil
	}
	if _, err = c.one("SELECT at "+behind+"ORDER BY seq LIMIT 1", []any{lane, last}, bounded); err == nil && earlier > last {
		_, err = c.one("SELECT at "+behind+"AND seq <= ? ORDER BY at LIMIT 1", []any{lane, last, earlier}, bounded)
	}
	return err
}

// pendingOfGoing says which inputs are kept, of members who go on. What is left of some of them may have been
// accepted before what others have in the batch.
func (c *conn) pendingOfGoing(going []held.Member, b *store.Batch) error {
	if len(going) == 0 {
		return nil
	}
	b.Kept = held.Keeps(going, b.Inputs)
	for i := range going {
		at, bounded, err := going[i].Bound(c.Conn)
		if err != nil {
			return err
		}
		if bounded {
			if b.More = true; instant(at).Before(b.Horizon) {
				b.Horizon = instant(at)
			}
		}
	}
	return nil
}

// pendingDue reads who is due, but for those who are among others.
func (c *conn) pendingDue(lane, limit int, b *store.Batch, others []string) (next time.Time, err error) {
	const waits = `SELECT (SELECT id FROM subjects WHERE n = subject), due_at FROM runs WHERE lane = ? AND state = 'waiting' AND due_at > 0` + notHeld +
		`ORDER BY due_at`
	const reevaluations = `SELECT (SELECT id FROM subjects WHERE n = subject), at FROM reevaluations WHERE lane = ?` + notHeld +
		`ORDER BY at`
	seen := map[string]bool{}
	for _, member := range others {
		seen[member] = true
	}
	for _, due := range []string{waits, reevaluations} {
		err = c.query(due, []any{lane}, func(r row) error {
			at := instant(r.int(1))
			switch member := r.str(0); {
			case at.After(b.Horizon):
				if next.IsZero() || at.Before(next) {
					next = at
				}
				return inbox.ErrEnough
			case seen[member]:
			case len(b.Due) == limit:
				b.More = true
				return inbox.ErrEnough
			default:
				seen[member] = true
				b.Due = append(b.Due, member)
			}
			return nil
		})
		if err != nil && !errors.Is(err, inbox.ErrEnough) {
			return next, err
		}
	}
	return next, nil
}

// States reads members, their open runs, and the runs asked for.
func (d *db) States(ctx context.Context, members, runs []string) (map[string]*engine.State, error) {
	states := make(map[string]*engine.State, len(members))
	for _, id := range members {
		states[id] = &engine.State{}
	}
	err := d.read(ctx, func(c *conn) error {
		err := c.query(heldAmong, []any{sqlconn.List(members)}, func(r row) error {
			states[r.str(0)].SetUnreadable(r.str(1))
			return nil
		})
		if err != nil {
			return err
		}
		if err = c.states(states, members); err != nil || len(runs) == 0 {
			return err
		}
		return c.namedRuns(states, runs)
	})
	if err != nil {
		return nil, fmt.Errorf("load %d members: %w", len(members), err)
	}
	for _, s := range states {
		engine.SortRuns(s.Runs)
	}
	return states, nil
}

// states reads the members of a list and their open runs. Of what cannot be read the state says so.
func (c *conn) states(states map[string]*engine.State, list []string) error {
	subjects, err := c.members(states, list)
	if err != nil || len(subjects) == 0 {
		return err
	}
	return runrows.Waiting(c.Conn, subjects, func(r *runrows.Stored) { addRun(states[r.Member], r) })
}

// namedRuns adds runs to the states of their members, those that are open already apart.
func (c *conn) namedRuns(states map[string]*engine.State, runs []string) error {
	found := map[string]bool{}
	wanted := func(id, member string) bool {
		found[id] = true
		s := states[member]
		return s != nil && !slices.ContainsFunc(s.Runs, func(open *engine.Run) bool { return open.ID == id })
	}
	err := runrows.Named(c.Conn, runs, wanted, func(r *runrows.Stored) { addRun(states[r.Member], r) })
	if err != nil {
		return err
	}
	for _, id := range runs { // those that ended where they began
		if found[id] {
			continue
		}
		found[id] = true
		begun, err := runrows.Beginning(c.Conn, id)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		if begun == nil {
			continue
		}
		if s := states[begun.Run.Member]; s != nil {
			s.Runs = append(s.Runs, begun.Run)
		}
	}
	return nil
}

func addRun(s *engine.State, r *runrows.Stored) {
	if r.Damage != nil {
		s.SetUnreadable(fmt.Sprintf("%v: %v", store.ErrDamaged, r.Damage))
		return
	}
	s.Runs = append(s.Runs, &r.Run)
}

const owedInputs = "SELECT 1 FROM inbox WHERE lane = ? AND seq > ? AND kind <> 'cascaded' LIMIT 1"

// Undecided reads the first undecided inputs of each lane.
func (d *db) Undecided(ctx context.Context) (first []store.Undecided, err error) {
	first = make([]store.Undecided, len(d.lanes))
	const read = `SELECT i.at, i.seq FROM lanes s CROSS JOIN inbox i WHERE s.lane = ? AND i.lane = s.lane AND i.seq > s.watermark AND i.kind `
	err = d.read(ctx, func(c *conn) error {
		for lane := range first {
			_, err := c.one(read+"NOT IN ('schedule', 'cascaded') ORDER BY i.seq LIMIT 1", []any{lane}, func(r row) error {
				first[lane].Accepted = instant(r.int(0))
				return nil
			})
			if err != nil {
				return err
			}
			_, err = c.one(read+"= 'schedule' ORDER BY i.seq LIMIT 1", []any{lane}, func(r row) error {
				first[lane].Occurrence = r.int(1)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for the oldest undecided inputs: %w", err)
	}
	for lane, at := range d.journal.Oldest() {
		if first[lane].Accepted.IsZero() {
			first[lane].Accepted = at
		}
	}
	return first, nil
}

// Owed lists the lanes that have something to do.
func (d *db) Owed(ctx context.Context, now time.Time) (lanes []int, next time.Time, err error) {
	if err := d.journal.Settle(ctx, journal.AnyLane, 0); err != nil {
		return nil, time.Time{}, fmt.Errorf("put what was taken into the inbox: %w", err)
	}
	err = d.read(ctx, func(c *conn) error {
		for lane := range d.lanes {
			owed, err := c.owes(lane, now, &next)
			if err != nil {
				return err
			}
			if owed {
				lanes = append(lanes, lane)
			}
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look for lanes that owe something: %w", err)
	}
	return lanes, next, nil
}

func (c *conn) owes(lane int, now time.Time, next *time.Time) (bool, error) {
	var watermark int64
	_, err := c.one("SELECT watermark FROM lanes WHERE lane = ?", []any{lane}, func(r row) error {
		watermark = r.int(0)
		return nil
	})
	if err != nil {
		return false, err
	}
	owed, err := c.one(owedInputs, []any{lane, watermark}, func(row) error { return nil })
	if err != nil {
		return false, err
	}
	// The first bound of a column is the one that SQLite seeks by: by the other it would go through all
	// that is due.
	const waits = `SELECT due_at FROM runs WHERE lane = ? AND state = 'waiting' AND due_at > ? AND due_at > 0` +
		notHeld + `ORDER BY due_at LIMIT 1`
	const reevaluations = `SELECT at FROM reevaluations WHERE lane = ? AND at > ?` + notHeld + `ORDER BY at LIMIT 1`
	for _, due := range []string{waits, reevaluations} {
		for _, after := range []int64{0, now.UnixMilli()} {
			_, err = c.one(due, []any{lane, after}, func(r row) error {
				switch at := instant(r.int(0)); {
				case !at.After(now):
					owed = true
				case next.IsZero() || at.Before(*next):
					*next = at
				}
				return nil
			})
			if err != nil {
				return false, err
			}
		}
	}
	return owed, nil
}

// DecidedUpTo reports whether all before an instant is decided.
func (d *db) DecidedUpTo(ctx context.Context, before, now time.Time) (decided bool, err error) {
	if now.Before(before) {
		return false, nil
	}
	err = d.journal.Settle(ctx, journal.AnyLane, 0)
	if err == nil { // what is accepted from now on is not before it
		err = d.writeAgain(ctx, 1, func(t *tx) error { return t.raise(now.UnixMilli()) })
	}
	if err == nil {
		err = d.read(ctx, func(c *conn) (err error) {
			decided, err = c.decidedUpTo(before.UnixMilli())
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("look whether all is decided up to %s: %w", before, err)
	}
	return decided, nil
}

func (c *conn) decidedUpTo(before int64) (bool, error) {
	if taken, err := c.one("SELECT 1 FROM clock WHERE at < ?", []any{before}, func(row) error { return nil }); err != nil || taken {
		return false, err // something is being taken that is not in the inbox yet
	}
	for _, owed := range []string{
		"SELECT 1 FROM lanes l CROSS JOIN inbox i WHERE i.lane = l.lane AND i.seq > l.watermark AND i.kind <> 'cascaded' AND i.at < ? LIMIT 1",
		"SELECT 1 FROM lanes l CROSS JOIN runs r WHERE r.lane = l.lane AND r.state = 'waiting' AND r.due_at > 0 AND r.due_at < ?" +
			notGivenUp + "LIMIT 1",
		"SELECT 1 FROM lanes l CROSS JOIN reevaluations r WHERE r.lane = l.lane AND r.at < ?" + notGivenUp + "LIMIT 1",
		`SELECT 1 FROM held h CROSS JOIN inbox i WHERE h.building = 1 AND i.hash = (SELECT hash FROM subjects s WHERE s.n = h.subject)
			AND i.kind >= 'held ' AND i.kind < 'held!' AND i.at < ? LIMIT 1`,
		"SELECT 1 FROM jobs WHERE state = 'open' AND kind <> 'trigger' AND at < ? LIMIT 1",
	} {
		some, err := c.one(owed, []any{before}, func(row) error { return nil })
		if err != nil || some {
			return false, err
		}
	}
	return true, nil
}
