package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/couponrows"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// Timeline merges a member's events and what was decided on them. Both have their own order, newest
// first: events by their time, decisions as they were made. The cursor holds a place in each, so that
// a page begins where the one before ended, whatever has come in between.
func (d *db) Timeline(ctx context.Context, member, cursor string, limit int) (items []store.TimelineItem, next string,
	err error,
) {
	from, ok := records.ParseTimelineCursor(cursor)
	if !ok {
		return nil, "", fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	var decided, events []numbered
	err = d.read(ctx, func(c *conn) (err error) {
		if decided, err = c.numberedDecisions(member, from.Decided, limit+1); err != nil {
			return err
		}
		events, err = c.numberedEvents(member, from.Events, limit+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("timeline of member %s: %w", member, err)
	}
	for len(items) < limit && len(decided)+len(events) > 0 {
		list := &decided // what an event caused has its instant, and stands above it
		if len(decided) == 0 || len(events) > 0 && events[0].At.After(decided[0].At) {
			list = &events
		}
		items, *list = append(items, (*list)[0].TimelineItem), (*list)[1:]
	}
	var to records.TimelineCursor
	if len(decided) > 0 {
		to.Decided = decided[0].n + 1
	}
	if len(events) > 0 {
		to.Events = events[0].place
		to.Events.Seq++
	}
	if to == (records.TimelineCursor{}) {
		return items, "", nil
	}
	return items, to.String(), nil
}

// numbered is an item with what orders it among its kind.
type numbered struct {
	store.TimelineItem
	n     int64
	place records.EventPlace // of an event
}

// numberedDecisions returns the coupons, runs and refusals of a member that come before a place.
func (c *conn) numberedDecisions(member string, before int64, limit int) (items []numbered, err error) {
	p := records.NewPage(before, limit, store.PageReads)
	_, err = trail.Trail{Conn: c.Conn, Page: p}.Walk(trail.OfAny, []any{member}, records.NumberOf(before), 1, func(
		r *records.Stored,
	) (bool, error) {
		for _, item := range r.Items() {
			if !p.Takes(item.Place) {
				continue
			}
			shown := store.TimelineItem{
				At: item.At, Decision: item.Decision, Ended: item.Ended, Level: item.Level, Message: item.Message,
			}
			switch {
			case item.Coupon != "":
				k, err := couponrows.Coupon(c.Conn, item.Coupon)
				if err != nil {
					return false, fmt.Errorf("coupon %s: %w", item.Coupon, err)
				}
				shown.Coupon = &k
			case item.Run != nil:
				if err := runrows.Now(c.Conn, &item); err != nil {
					return false, err
				}
				shown.Run = item.Run
			}
			items = append(items, numbered{TimelineItem: shown, n: item.Place})
		}
		return !p.Full, nil
	})
	return items, err
}

// MemberCoupons pages over a member's coupons, newest first.
func (d *db) MemberCoupons(ctx context.Context, id, cursor string, limit int) (list []store.CouponRecord, next string,
	err error,
) {
	before, err := position(cursor)
	if err != nil {
		return nil, "", err
	}
	p := records.NewPage(before, limit, store.PageReads)
	err = d.read(ctx, func(c *conn) error {
		_, err := trail.Trail{Conn: c.Conn, Page: p}.Walk(trail.OfCoupons, []any{id}, records.NumberOf(before), 1, func(
			r *records.Stored,
		) (bool, error) {
			for _, item := range r.Items() {
				if item.Coupon == "" || !p.Takes(item.Place) {
					continue
				}
				k, err := couponrows.Coupon(c.Conn, item.Coupon)
				if err != nil {
					return false, fmt.Errorf("coupon %s: %w", item.Coupon, err)
				}
				list = append(list, k)
			}
			return !p.Full, nil
		})
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("coupons of member %s: %w", id, err)
	}
	return list, p.Next(), nil
}

func (c *conn) numberedEvents(member string, before records.EventPlace, limit int) (items []numbered, err error) {
	events, err := inbox.Before(c.Conn, member, before, limit)
	for i := range events {
		in := &events[i]
		items = append(items, numbered{TimelineItem: store.TimelineItem{At: in.Time, Event: in}, place: inbox.PlaceOf(in)})
	}
	return items, err
}
