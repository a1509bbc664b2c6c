package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// errTried ends a transaction that was only to be tried.
var errTried = errors.New("it was only tried")

// Try writes the changes and takes them back.
func (d *db) Try(ctx context.Context, shard int, c *engine.Changes) error {
	b, err := newBatch(c)
	if err == nil {
		b.shard = shard
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
	return fmt.Errorf("try a batch of shard %d: %w", shard, err)
}

// of says whose content an error is about when it is about content: see [store.Unstorable].
func of(member string, err error) error {
	var known *store.Unstorable
	if err == nil || errors.As(err, &known) || !refused(err) {
		return err
	}
	return &store.Unstorable{Member: member, Err: err}
}

// setAside keeps what could not be decided where it can be found, and out of everybody's way.
func (b *batch) setAside(t *tx) error {
	for _, p := range b.Poisoned {
		what, kind, at := store.FailedInput, "", millis(p.At)
		var known store.Identity
		var err error
		switch {
		case p.Seq != 0:
			_, err = t.one("SELECT id, at, kind, space FROM inbox WHERE shard = ? AND seq = ?", []any{b.shard, p.Seq},
				func(r row) error {
					known, at, kind = store.Identity{Kind: engine.InputKind(r.str(3)), ID: r.str(0)}, r.int(1), r.str(2)
					return nil
				})
			if err == nil {
				_, err = t.exec("UPDATE inbox SET kind = ? WHERE shard = ? AND seq = ?", kindPoisoned, b.shard, p.Seq)
			}
		case p.Run != "":
			what, known.ID = store.FailedWait, p.Run
		default:
			what, known.ID = store.FailedLook, p.Member
		}
		if err == nil && p.Run != "" {
			err = t.failRun(p, &at)
		}
		if err == nil {
			err = t.failAs(at, what, known, p.Error, kind)
		}
		if err != nil {
			return fmt.Errorf("set aside %s %s: %w", what, known.ID, err)
		}
	}
	return nil
}

// failRun ends a run whose wait, or the result that it holds for, cannot be decided: at the instant
// that it waited for.
func (t *tx) failRun(p engine.Poisoned, at *int64) error {
	const end = `UPDATE runs SET state = 'failed', reason = ?, ended_at = CASE due_at WHEN 0 THEN ? ELSE due_at END, due_at = 0
		WHERE id = ? AND state = 'waiting' RETURNING ended_at`
	_, err := t.one(end, []any{p.Error, *at, p.Run}, func(r row) error {
		*at = r.int(0)
		return nil
	})
	if err != nil {
		return err
	}
	trace, err := lines([]engine.TraceEntry{{At: instant(*at), What: "failed", Reason: p.Error}})
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE runs SET trace = trace || ? WHERE id = ?", trace, p.Run)
	return err
}

// noteFailed lists a run that failed in this batch among the failures.
func (t *tx) noteFailed(r *engine.Run) error {
	reason, failed := r.Failure()
	if !failed {
		return nil
	}
	return t.fail(millis(r.EndedAt), store.FailedRun, r.ID, reason)
}
