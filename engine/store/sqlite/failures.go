package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/deliveryrows"
	"github.com/usher-run/usher/engine/store/sqlite/failurerows"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
)

// Failures pages over what was given up on, newest first.
func (d *db) Failures(ctx context.Context, f store.FailureFilter) (list []store.Failure, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	err = d.read(ctx, func(c *conn) error {
		found, more, lowest, err := failurerows.List(c.Conn, &f, before)
		list, next = firstOf(found, f.Limit, func(f *store.Failure) int64 { return f.N }, more, lowest)
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
	err := d.read(ctx, func(c *conn) (err error) {
		members, err = failurerows.Members(c.Conn, list)
		return err
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
	f, err = failurerows.Failure(t.Conn, n)
	switch {
	case err != nil:
		return f, err
	case f.Outcome != "":
		return f, &store.NotSettled{Reason: fmt.Sprintf("it was %s already", f.Outcome)}
	}
	if err := do(t, &f, now); err != nil {
		return f, err
	}
	f.Outcome, f.SettledAt = outcome, instant(millis(now))
	return f, failurerows.Settle(t.Conn, &f)
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
	var list []int64
	next := ""
	err = d.read(ctx, func(c *conn) error {
		found, more, highest, err := failurerows.Open(c.Conn, &f, after)
		list, next = firstOf(found, f.Limit, func(n *int64) int64 { return *n }, more, highest)
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
		again, err := deliveryrows.Again(t.Conn, f.ID, f.N, now)
		return t.settledArchived(again, err, f.ID, string(store.FailureRetried), now)
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
		dropped, err := deliveryrows.Drop(t.Conn, f.ID, store.DeliveryArchived, now)
		return t.settledArchived(dropped, err, f.ID, string(store.FailureDropped), now)
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
	in, found, err := failurerows.InputOf(t.Conn, f.N)
	kind := engine.InputKind(in.Was)
	switch {
	case err != nil:
		return err
	case !found || in.Kind != kindPoisoned:
		return &store.NotSettled{Reason: "it is not set aside any more"}
	case kind == "":
		return &store.NotSettled{Reason: "it was set aside by an earlier version, which did not keep what it was: send it again under a new id, and drop this"}
	case kind == engine.InputResult:
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
	if err := t.putBack(kind, f.ID, in.Lane, in.Seq, acceptedNow); err != nil {
		return err
	}
	return failurerows.Moved(t.Conn, f.N, t.clock.seq)
}

// settledArchived notes in the trace of its run that a delivery that was given up on was changed, if it
// was.
func (t *tx) settledArchived(changed bool, err error, key, what string, now time.Time) error {
	if err != nil {
		return err
	}
	if !changed {
		return &store.NotSettled{Reason: "the delivery is not given up on any more"}
	}
	return t.traceDelivery(key, what, "by hand, after it was given up on", now)
}

// dropRelease drops the message that an input was to release again: it would stay deferred for ever.
// Its place under the frequency caps is given back, and its run learns of it, by an input.
func (t *tx) dropRelease(f *store.Failure, now time.Time) error {
	in, found, err := failurerows.ReleaseOf(t.Conn, f.N)
	if err != nil || !found {
		return err
	}
	p, err := in.Decode()
	if err != nil {
		return nil //nolint:nilerr // it does not say which message it is about
	}
	key, _ := p.Properties["delivery"].(string)
	a, err := deliveryrows.Deferred(t.Conn, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = deliveryrows.Drop(t.Conn, key, store.DeliveryDeferred, now)
	}
	if err != nil {
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
	id, step, err := deliveryrows.RunOf(t.Conn, key)
	if err != nil {
		return err
	}
	r, err := runrows.Run(t.Conn, id)
	if err != nil || r == nil {
		return err
	}
	return t.appendTo(&r.Run, records.ByHand, engine.TraceEntry{
		At: instant(millis(now)), What: what, Step: step, Reason: reason,
	})
}

// fail lists what was given up on.
func (t *tx) fail(at time.Time, what, id, text string) error {
	return t.note(failurerows.Failed{What: what, ID: id, Text: text, At: at})
}

// note lists what was given up on.
func (t *tx) note(f failurerows.Failed) error {
	n, err := t.number()
	if err != nil {
		return err
	}
	subject := int64(0)
	if f.Member != "" {
		if subject, err = t.subject(f.Member); err != nil {
			return err
		}
	}
	return failurerows.Add(t.Conn, n, subject, &f)
}
