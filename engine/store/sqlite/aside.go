package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/failurerows"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// errTried ends a transaction that was only to be tried.
var errTried = errors.New("it was only tried")

// Try writes the changes and takes them back.
func (d *db) Try(ctx context.Context, lane int, c *engine.Changes) error {
	b, err := newBatch(c)
	if err == nil {
		b.lane = lane
		err = d.writeAgain(ctx, b.rows(), func(t *tx) error {
			if err := b.put(t); err != nil {
				return err
			}
			return errTried
		})
	}
	if errors.Is(err, errTried) {
		return nil
	}
	return fmt.Errorf("try a batch of lane %d: %w", lane, err)
}

// of says whose content an error is about when it is about content: see [store.Unstorable].
func of(member string, err error) error {
	var known *store.Unstorable
	if err == nil || errors.As(err, &known) || !sqlconn.Refused(err) {
		return err
	}
	return &store.Unstorable{Member: member, Err: err}
}

// setAside keeps what could not be decided where it can be found, and out of everybody's way.
func (b *batch) setAside(t *tx) error {
	for _, p := range b.Poisoned {
		f := failurerows.Failed{What: store.FailedInput, At: instant(millis(p.At)), Text: p.Error, Playbook: p.Playbook}
		var err error
		switch {
		case p.Seq != 0:
			f.Lane, f.Seq = b.lane, p.Seq
			_, err = t.one("SELECT id, at, kind FROM inbox WHERE lane = ? AND seq = ?", []any{b.lane, p.Seq},
				func(r row) error {
					f.ID, f.At, f.Kind = r.str(0), instant(r.int(1)), r.str(2)
					return nil
				})
			if err == nil {
				_, err = t.exec("UPDATE inbox SET kind = ? WHERE lane = ? AND seq = ?", kindPoisoned, b.lane, p.Seq)
			}
		case p.Run != "":
			f.What, f.ID = store.FailedWait, p.Run
		default:
			f.What, f.ID = store.FailedReevaluation, p.Member
		}
		if err == nil && p.Run != "" {
			f.At, f.Member, err = t.failWait(p, f.At)
		}
		if err == nil {
			err = t.note(f)
		}
		if err != nil {
			return fmt.Errorf("set aside %s %s: %w", f.What, f.ID, err)
		}
	}
	return nil
}

// failWait ends a run whose wait, or the result that it holds for, cannot be decided: at the instant
// that it waited for, which it returns with the run's member.
func (t *tx) failWait(p engine.Poisoned, at time.Time) (ended time.Time, member string, err error) {
	r, err := runrows.Run(t.Conn, p.Run)
	if err != nil || r == nil {
		return at, "", err
	}
	if r.State != engine.RunWaiting {
		return at, r.Member, nil
	}
	if r.EndedAt = r.DueAt; r.DueAt.IsZero() {
		r.EndedAt = at
	}
	r.State, r.Reason, r.DueAt = engine.RunFailed, p.Error, time.Time{}
	return r.EndedAt, r.Member, t.appendTo(&r.Run, records.SetAside, engine.TraceEntry{
		At: r.EndedAt, What: string(engine.RunFailed), Reason: p.Error,
	})
}
