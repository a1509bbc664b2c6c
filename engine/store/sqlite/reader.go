package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/couponrows"
	"github.com/usher-run/usher/engine/store/sqlite/deliveryrows"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
)

// Member returns a member.
func (d *db) Member(ctx context.Context, id string) (*engine.Member, error) {
	var m *engine.Member
	err := d.read(ctx, func(c *conn) error {
		state := new(engine.State)
		if _, err := c.members(map[string]*engine.State{id: state}, []string{id}); err != nil {
			return err
		}
		m = state.Member
		switch why := state.Unreadable(); {
		case why != "":
			return fmt.Errorf("%w: %s", store.ErrDamaged, why)
		case m == nil:
			return store.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", id, err)
	}
	return m, nil
}

// MemberPending returns a member's pending deliveries.
func (d *db) MemberPending(ctx context.Context, id string) (list []store.Attempted, err error) {
	err = d.read(ctx, func(c *conn) (err error) {
		list, err = deliveryrows.Pending(c.Conn, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pending deliveries of member %s: %w", id, err)
	}
	return list, nil
}

// MemberEvents pages over a member's events, newest first.
func (d *db) MemberEvents(ctx context.Context, id, cursor string, limit int) (events []engine.Input, next string,
	err error,
) {
	before, ok := records.ParseEventPlace(cursor)
	if !ok {
		return nil, "", fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	err = d.read(ctx, func(c *conn) (err error) {
		events, err = inbox.Before(c.Conn, id, before, limit+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("events of member %s: %w", id, err)
	}
	if len(events) > limit {
		events = events[:limit]
		next = inbox.PlaceOf(&events[limit-1]).String()
	}
	return events, next, nil
}

// position reads a cursor: the number of the last row of the page before.
func position(cursor string) (int64, error) {
	if cursor == "" {
		return 1 << 62, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	return n, nil
}

// Run returns a run with its trace, deliveries and coupons.
func (d *db) Run(ctx context.Context, id string) (*store.RunRecord, error) {
	rec := new(store.RunRecord)
	err := d.read(ctx, func(c *conn) error {
		run, err := runrows.Run(c.Conn, id)
		if err != nil {
			return err
		}
		if run == nil {
			return store.ErrNotFound
		}
		rec.Run = run.Run
		var sent, codes []string
		err = runrows.Back(c.Conn, id, run.Last, func(r *records.Stored) {
			if r.Err != nil {
				rec.Trace = append(rec.Trace, records.UnreadableEntry(r.At, r.Err))
				return
			}
			trace := records.Trace(&r.Record, id)
			slices.Reverse(trace)
			rec.Trace = append(rec.Trace, trace...)
			keys, gave := records.Effects(&r.Record, id)
			sent, codes = append(keys, sent...), append(gave, codes...)
		})
		if run.Damage != nil {
			rec.Trace = append(rec.Trace, records.UnreadableEntry(rec.StartedAt, run.Damage))
		}
		slices.Reverse(rec.Trace)
		if err != nil {
			return err
		}
		for _, code := range codes {
			k, err := couponrows.Coupon(c.Conn, code)
			if err != nil {
				return fmt.Errorf("coupon %s: %w", code, err)
			}
			rec.Coupons = append(rec.Coupons, k)
		}
		rec.Deliveries, err = deliveryrows.Deliveries(c.Conn, sent)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	return rec, nil
}

// Coupon returns a coupon by its code.
func (d *db) Coupon(ctx context.Context, code string) (rec store.CouponRecord, err error) {
	err = d.read(ctx, func(c *conn) error {
		rec, err = couponrows.Coupon(c.Conn, code)
		return err
	})
	if err != nil {
		return rec, fmt.Errorf("coupon %s: %w", code, err)
	}
	return rec, nil
}

// Redeem marks a coupon as redeemed, once, and tells the member's line.
func (d *db) Redeem(ctx context.Context, code, id string) (rec store.CouponRecord, err error) {
	conflict := false
	err = d.write(ctx, 1+inputRows, func(t *tx) (err error) {
		if rec, err = couponrows.Coupon(t.Conn, code); err != nil {
			return err
		}
		if conflict = false; !rec.RedeemedAt.IsZero() {
			conflict = rec.RedemptionID != id
			return nil
		}
		in := engine.RedemptionOf(&rec.Coupon)
		data, err := in.Encode()
		if err != nil {
			return err
		}
		if _, err := t.accept(&in, data); err != nil {
			return err
		}
		if !rec.ExpiresAt.IsZero() && !in.At.Before(rec.ExpiresAt) {
			return store.ErrExpired // what was written is undone
		}
		rec.RedeemedAt, rec.RedemptionID = in.At, id
		return couponrows.Redeem(t.Conn, code, id, in.At)
	})
	if err == nil && conflict {
		err = store.ErrConflict
	}
	if err != nil {
		return rec, fmt.Errorf("redeem coupon %s: %w", code, err)
	}
	return rec, nil
}
