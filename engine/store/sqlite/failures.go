package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

const failureColumns = `n, at, what, id, error, outcome, settled_at, COALESCE(CASE what
	WHEN 'input' THEN (SELECT member FROM inbox i WHERE i.lane = failures.lane AND i.seq = failures.seq)
	WHEN 'delivery' THEN (SELECT s.id FROM deliveries d, subjects s WHERE d.key = failures.id AND s.n = d.subject)
	WHEN 'reevaluation' THEN id WHEN 'member' THEN id WHEN 'counts' THEN '' WHEN 'request' THEN ''
	ELSE (SELECT s.id FROM subjects s WHERE s.n = failures.subject) END, '')`

func failureOf(r row) store.Failure {
	return store.Failure{
		N: r.int(0), At: instant(r.int(1)), What: r.str(2), ID: r.str(3), Error: r.str(4),
		Outcome:   store.FailureOutcome(r.str(5)),
		SettledAt: instant(r.int(6)), Member: r.str(7),
	}
}

// failuresLike selects failures, with the arguments of likeArgs.
const failuresLike = ` AND outcome = ? AND (? = '' OR what = ?) AND at >= ? AND (? = '' OR ? = CASE what
	WHEN 'delivery' THEN (SELECT playbook FROM deliveries WHERE key = failures.id) ELSE playbook END)`

func likeArgs(f *store.FailureFilter) []any {
	return []any{string(f.Outcome), f.What, f.What, millis(f.Since), f.Playbook, f.Playbook}
}

// Failures pages over what was given up on, newest first.
func (d *db) Failures(ctx context.Context, f store.FailureFilter) (list []store.Failure, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	err = d.read(ctx, func(c *conn) error {
		lowest, more, err := c.window("n", "failures WHERE outcome = ? AND n < ?", string(f.Outcome), before)
		if err != nil {
			return err
		}
		const read = "SELECT " + failureColumns + " FROM failures WHERE n >= ? AND n < ?" + failuresLike + " ORDER BY n DESC LIMIT ?"
		err = c.query(read, append([]any{lowest, before}, append(likeArgs(&f), f.Limit+1)...), func(r row) error {
			list = append(list, failureOf(r))
			return nil
		})
		list, next = firstOf(list, f.Limit, func(f *store.Failure) int64 { return f.N }, more, lowest)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list failures: %w", err)
	}
	return list, next, nil
}

// Retry puts what failed back.
func (d *db) Retry(ctx context.Context, n int64, now time.Time) (store.Failure, error) {
	return d.settleFailure(ctx, n, now, store.FailureRetried, d.retrying)
}

// Drop takes a failure from the list.
func (d *db) Drop(ctx context.Context, n int64, now time.Time) (store.Failure, error) {
	return d.settleFailure(ctx, n, now, store.FailureDropped, dropping)
}

// settling does to a failure what settles it.
type settling func(*tx, *store.Failure, time.Time) error

// settler returns what settles some failures, after a look at what takes long.
type settler func(ctx context.Context, list []int64) (settling, error)

func dropping(context.Context, []int64) (settling, error) { return (*tx).drop, nil }

// retrying looks which members can be read again: these go on when their failures are settled.
func (d *db) retrying(ctx context.Context, list []int64) (settling, error) {
	var members []string
	err := d.read(ctx, func(c *conn) error {
		const read = "SELECT f.id FROM json_each(?) j CROSS JOIN failures f WHERE f.n = j.value AND f.what = 'member' AND f.outcome = ''"
		return c.query(read, []any{sqlconn.List(list)}, func(r row) error {
			members = append(members, r.str(0))
			return nil
		})
	})
	bad := map[string]string{}
	for _, m := range members {
		if err == nil {
			bad[m], _, err = d.unreadable(ctx, m, 0)
		}
	}
	return func(t *tx, f *store.Failure, now time.Time) error {
		if why := bad[f.ID]; why != "" && f.What == store.FailedMember {
			return &store.NotSettled{Reason: "it still cannot be read: " + why}
		}
		return t.retry(f, now)
	}, err
}

// letGoOf lets members go on whose failures are settled by a retry.
func (d *db) letGoOf(ctx context.Context, settled ...store.Failure) error {
	for i := range settled {
		if f := &settled[i]; f.What == store.FailedMember && f.Outcome == store.FailureRetried {
			if err := d.letGo(ctx, f.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *db) settleFailure(
	ctx context.Context, n int64, now time.Time, outcome store.FailureOutcome, by settler,
) (f store.Failure, err error) {
	do, err := by(ctx, []int64{n})
	// What was taken before comes in before: see Accept.
	if err == nil {
		err = d.journal.Settle(ctx, journal.AnyLane, 0)
	}
	if err == nil {
		err = d.write(ctx, inputRows, func(t *tx) (err error) {
			f, err = t.settleFailure(n, now, outcome, do)
			return err
		})
	}
	if err == nil {
		err = d.letGoOf(ctx, f)
	}
	if err != nil {
		return f, fmt.Errorf("failure %d: %w", n, err)
	}
	return f, nil
}

func (t *tx) settleFailure(n int64, now time.Time, outcome store.FailureOutcome, do settling) (
	f store.Failure, err error,
) {
	found, err := t.one("SELECT "+failureColumns+" FROM failures WHERE n = ?", []any{n}, func(r row) error {
		f = failureOf(r)
		return nil
	})
	switch {
	case err != nil:
		return f, err
	case !found:
		return f, store.ErrNotFound
	case f.Outcome != "":
		return f, &store.NotSettled{Reason: fmt.Sprintf("it was %s already", f.Outcome)}
	}
	if err := do(t, &f, now); err != nil {
		return f, err
	}
	f.Outcome, f.SettledAt = outcome, instant(millis(now))
	_, err = t.exec("UPDATE failures SET outcome = ?, settled_at = ? WHERE n = ?", string(outcome), millis(now), n)
	return f, err
}

// RetryAll puts back what failed and a filter selects.
func (d *db) RetryAll(ctx context.Context, f store.FailureFilter, now time.Time) (store.Settled, error) {
	return d.settleFailures(ctx, f, now, store.FailureRetried, d.retrying)
}

// DropAll takes from the list what a filter selects.
func (d *db) DropAll(ctx context.Context, f store.FailureFilter, now time.Time) (store.Settled, error) {
	return d.settleFailures(ctx, f, now, store.FailureDropped, dropping)
}

// settleFailures settles a group in one commit. What is to be settled is found outside of it, because
// that may take long.
func (d *db) settleFailures(
	ctx context.Context, f store.FailureFilter, now time.Time, outcome store.FailureOutcome, by settler,
) (s store.Settled, err error) {
	after := int64(0)
	if f.Cursor != "" {
		if after, err = position(f.Cursor); err != nil {
			return s, err
		}
	}
	f.Outcome = ""
	var list []int64
	next := ""
	err = d.read(ctx, func(c *conn) error {
		highest := int64(1 << 62) // of those that are looked at
		const last = "SELECT n FROM failures WHERE outcome = '' AND n > ? ORDER BY n LIMIT 1 OFFSET ?"
		more, err := c.one(last, []any{after, store.PageReads - 1}, func(r row) error {
			highest = r.int(0)
			return nil
		})
		if err != nil {
			return err
		}
		const read = "SELECT n FROM failures WHERE n > ? AND n <= ?" + failuresLike + " ORDER BY n LIMIT ?"
		err = c.query(read, append([]any{after, highest}, append(likeArgs(&f), f.Limit+1)...), func(r row) error {
			list = append(list, r.int(0))
			return nil
		})
		list, next = firstOf(list, f.Limit, func(n *int64) int64 { return *n }, more, highest)
		return err
	})
	s.Next = next
	var do settling
	if err == nil {
		do, err = by(ctx, list)
	}
	if err == nil && len(list) > 0 {
		err = d.journal.Settle(ctx, journal.AnyLane, 0)
	}
	if err == nil && len(list) > 0 {
		err = d.write(ctx, inputRows*len(list), func(t *tx) error {
			s = store.Settled{Next: next}
			return t.settleFailures(list, now, outcome, do, &s)
		})
	}
	if err == nil {
		err = d.letGoOf(ctx, s.Done...)
	}
	if err != nil {
		return store.Settled{}, fmt.Errorf("settle failures: %w", err)
	}
	return s, nil
}

func (t *tx) settleFailures(
	list []int64, now time.Time, outcome store.FailureOutcome, do settling, s *store.Settled,
) error {
	for _, n := range list {
		f, err := t.settleFailure(n, now, outcome, do)
		var kept *store.NotSettled
		switch {
		case errors.As(err, &kept):
			s.Kept = append(s.Kept, store.Kept{Failure: f, Reason: kept.Reason})
		case err != nil:
			return fmt.Errorf("failure %d: %w", n, err)
		default:
			s.Done = append(s.Done, f)
		}
	}
	return nil
}

func (t *tx) retry(f *store.Failure, now time.Time) error {
	switch f.What {
	case store.FailedInput:
		return t.retryInput(f)
	case store.FailedDelivery:
		// Its place under the frequency caps was given back: it is released at no instant, and none that another
		// retry gave it.
		const again = `UPDATE deliveries SET state = 'pending', attempts = 0, settle_at = 0, not_before = ?,
			released_at = CASE released_at WHEN 0 THEN 0 ELSE ? END WHERE key = ? AND state = 'archived'`
		return t.settleArchived(f.ID, string(store.FailureRetried), now, again, millis(now), -f.N, f.ID)
	case store.FailedMember:
		return nil // they go on when this is stored: see letGoOf
	case store.FailedRun, store.FailedWait:
		return &store.NotSettled{Reason: "the run has failed and is over, and a run is not begun again: start the playbook anew for the member " +
			"(its event under a new id, or `usher trigger`), and drop this"}
	case store.FailedReevaluation:
		return &store.NotSettled{Reason: "the segments of a member are looked at again with the next event of the member: drop this"}
	}
	return &store.NotSettled{Reason: "what cannot be read is lost, and all else has gone on: drop this"}
}

func (t *tx) drop(f *store.Failure, now time.Time) error {
	switch f.What {
	case store.FailedInput:
		return t.dropRelease(f, now)
	case store.FailedDelivery:
		const end = "UPDATE deliveries SET state = 'dropped', settle_at = ? WHERE key = ? AND state = 'archived'"
		return t.settleArchived(f.ID, string(store.FailureDropped), now, end, millis(now), f.ID)
	case store.FailedMember:
		held, err := t.isHeld(f.ID, false)
		if held && err == nil {
			err = &store.NotSettled{Reason: "the member is held until what is stored of them can be read: mend that, then retry this"}
		}
		return err
	}
	return nil
}

// retryInput makes an input undecided again, behind everything that is in the inbox.
func (t *tx) retryInput(f *store.Failure) error {
	var in engine.Input
	kind, lane := "", 0
	const read = `SELECT i.seq, i.kind, i.name, f.kind, i.lane FROM failures f CROSS JOIN inbox i
		WHERE f.n = ? AND i.lane = f.lane AND i.seq = f.seq`
	found, err := t.one(read, []any{f.N}, func(r row) error {
		in.Seq, in.Kind, in.Name, kind, lane = r.int(0), engine.InputKind(r.str(1)), r.str(2), r.str(3), int(r.int(4))
		return nil
	})
	switch {
	case err != nil:
		return err
	case !found || in.Kind != kindPoisoned:
		return &store.NotSettled{Reason: "it is not set aside any more"}
	case kind == "":
		return &store.NotSettled{Reason: "it was set aside by an earlier version, which did not keep what it was: send it again under a new id, and drop this"}
	case engine.InputKind(kind) == engine.InputResult:
		open, err := t.one("SELECT 1 FROM runs WHERE id = ? AND state = 'waiting'", []any{in.Name},
			func(row) error { return nil })
		if err != nil {
			return err
		}
		if !open {
			return &store.NotSettled{Reason: "it is an answer for a run that is over: drop this"}
		}
	}
	if err := t.tick(); err != nil {
		return err
	}
	if err := t.putBack(engine.InputKind(kind), f.ID, lane, in.Seq, acceptedNow); err != nil {
		return err
	}
	_, err = t.exec("UPDATE failures SET seq = ? WHERE n = ?", t.clock.seq, f.N)
	return err
}

// settleArchived changes a delivery that was given up on, and notes that in the trace of its run.
func (t *tx) settleArchived(key, what string, now time.Time, change string, args ...any) error {
	n, err := t.exec(change, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return &store.NotSettled{Reason: "the delivery is not given up on any more"}
	}
	return t.traceDelivery(key, what, "by hand, after it was given up on", now)
}

// dropRelease drops the message that an input was to release again: it would stay deferred for ever.
// Its place under the frequency caps is given back, and its run learns of it, by an input.
func (t *tx) dropRelease(f *store.Failure, now time.Time) error {
	in := engine.Input{Kind: engine.InputRelease, ID: f.ID}
	const read = `SELECT i.data FROM failures f CROSS JOIN inbox i
		WHERE f.n = ? AND f.kind = 'release' AND i.lane = f.lane AND i.seq = f.seq AND i.kind = '` + kindPoisoned + `'`
	found, err := t.one(read, []any{f.N}, func(r row) error {
		in.Data = document.Unformatted(r.bytes(0))
		return nil
	})
	if err != nil || !found {
		return err
	}
	p, err := in.Decode()
	if err != nil {
		return nil //nolint:nilerr // it does not say which message it is about
	}
	key, _ := p.Properties["delivery"].(string)
	var a store.Attempted
	found, err = t.one("SELECT "+deliveryColumns+" FROM deliveries d WHERE d.key = ? AND d.state = 'deferred'", []any{key},
		func(r row) error {
			a = deliveryOf(r)
			return nil
		})
	if err != nil || !found {
		return err
	}
	const end = "UPDATE deliveries SET state = 'dropped', settle_at = ? WHERE key = ?"
	if _, err := t.exec(end, millis(now), key); err != nil {
		return err
	}
	result := engine.ResultOf(&a.Delivery, map[string]any{"status": "failed", "reason": "dropped by hand"})
	data, err := payloads([]engine.Input{result})
	if err == nil {
		_, err = t.accept(&result, data[0])
	}
	if err != nil {
		return err
	}
	return t.traceDelivery(key, string(store.FailureDropped), "by hand, after its release was set aside", now)
}

// traceDelivery notes in the trace of a delivery's run what was done to it.
func (t *tx) traceDelivery(key, what, reason string, now time.Time) error {
	var id, step string
	_, err := t.one("SELECT run, step FROM deliveries WHERE key = ?", []any{key}, func(r row) error {
		id, step = r.str(0), r.str(1)
		return nil
	})
	if err != nil {
		return err
	}
	r, _, _, err := t.run(id)
	if err != nil || r == nil {
		return err
	}
	return t.appendTo(r, records.ByHand, engine.TraceEntry{
		At: instant(millis(now)), What: what, Step: step, Reason: reason,
	})
}

// failed is what was given up on, as it is stored.
type failed struct {
	what, id, text string
	at             int64
	// Of a run or a wait: whose it is, which no other row may say.
	member, playbook string
	// Of an input: its kind, and where it is in the inbox.
	kind string
	lane int
	seq  int64
}

// fail lists what was given up on.
func (t *tx) fail(at int64, what, id, text string) error {
	return t.note(failed{what: what, id: id, text: text, at: at})
}

// note lists what was given up on.
func (t *tx) note(f failed) error {
	n, err := t.number()
	if err != nil {
		return err
	}
	subject := int64(0)
	if f.member != "" {
		if subject, err = t.subject(f.member); err != nil {
			return err
		}
	}
	const put = "INSERT INTO failures (n, at, what, id, error, kind, lane, seq, subject, playbook) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err = t.exec(put, n, f.at, f.what, f.id, f.text, f.kind, f.lane, f.seq, subject, f.playbook)
	return err
}
