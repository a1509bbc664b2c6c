package sqlite

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// Timeline merges a member's events, runs, refusals and coupons. Each of them has its own order,
// newest first; the cursor holds a place in each, so that a page begins where the one before ended
// whatever has come in between.
func (d *db) Timeline(ctx context.Context, member, cursor string, limit int) (items []store.TimelineItem, next string,
	err error,
) {
	from, err := timelineCursorOf(cursor)
	if err != nil {
		return nil, "", err
	}
	var lists [3][]numbered
	err = d.read(ctx, func(c *conn) (err error) {
		if lists[0], err = c.numberedCoupons(member, from.coupons); err != nil {
			return err
		}
		if lists[1], err = c.numberedDecisions(member, from.decided, limit+1); err != nil {
			return err
		}
		lists[2], err = c.numberedEvents(member, from.events, limit+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("timeline of member %s: %w", member, err)
	}
	for len(items) < limit {
		newest := -1
		for i, list := range lists { // what an event caused has its instant, and stands above it
			if len(list) > 0 && (newest < 0 || list[0].At.After(lists[newest][0].At)) {
				newest = i
			}
		}
		if newest < 0 {
			return items, "", nil
		}
		items, lists[newest] = append(items, lists[newest][0].TimelineItem), lists[newest][1:]
	}
	to := timelineCursor{coupons: ended}
	if left := lists[0]; len(left) > 0 {
		to.coupons = from.coupons.after(items, left[0].Coupon)
	}
	if left := lists[1]; len(left) > 0 {
		to.decided = left[0].n + 1
	}
	if left := lists[2]; len(left) > 0 {
		to.events = left[0].n + 1
	}
	if to == (timelineCursor{coupons: ended}) {
		return items, "", nil
	}
	return items, to.String(), nil
}

// numbered is an item with its number, which orders it among its kind.
type numbered struct {
	store.TimelineItem
	n int64
}

// timelineCursor is how far a timeline was read: what is left of events and decisions has smaller
// numbers, what is left of coupons comes behind couponPlace.
type timelineCursor struct {
	events, decided int64
	coupons         couponCursor
}

func timelineCursorOf(cursor string) (timelineCursor, error) {
	if cursor == "" {
		return timelineCursor{math.MaxInt64, math.MaxInt64, allCoupons}, nil
	}
	events, rest, _ := strings.Cut(cursor, ".")
	decided, coupons, _ := strings.Cut(rest, ".")
	var p timelineCursor
	var err1, err2, err3 error
	p.events, err1 = strconv.ParseInt(events, 10, 64)
	p.decided, err2 = strconv.ParseInt(decided, 10, 64)
	p.coupons, err3 = couponCursorOf(coupons)
	if err1 != nil || err2 != nil || err3 != nil {
		return p, fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	return p, nil
}

func (p timelineCursor) String() string {
	return fmt.Sprintf("%d.%d.%s", p.events, p.decided, p.coupons)
}

// couponCursor is a place in the list of a member's coupons: by the instant they were issued at,
// newest first, then by code.
type couponCursor struct {
	ms   int64
	code string
}

// ended is the place behind all coupons.
var ended = couponCursor{ms: 0}

// allCoupons is the place before all coupons.
var allCoupons = couponCursor{ms: math.MaxInt64}

// after returns the place behind the coupons of a page, which has begun at this place; next is the
// coupon that follows.
func (p couponCursor) after(page []store.TimelineItem, next *store.CouponRecord) couponCursor {
	for _, item := range slices.Backward(page) {
		if item.Coupon != nil {
			return couponCursorAfter(item.Coupon)
		}
	}
	if p != allCoupons {
		return p
	}
	return couponCursor{millis(next.IssuedAt) + 1, ""} // later ones are no part of this timeline
}

func couponCursorAfter(r *store.CouponRecord) couponCursor {
	return couponCursor{millis(r.IssuedAt), r.Code}
}

func couponCursorOf(cursor string) (couponCursor, error) {
	ms, code, _ := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	text, err2 := base64.RawURLEncoding.DecodeString(code)
	if err != nil || n < 0 || err2 != nil {
		return couponCursor{}, fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	return couponCursor{n, string(text)}, nil
}

func (p couponCursor) String() string {
	return fmt.Sprintf("%d.%s", p.ms, base64.RawURLEncoding.EncodeToString([]byte(p.code)))
}

// memberCoupons returns a member's coupons behind a place.
func (c *conn) memberCoupons(member string, from couponCursor) ([]store.CouponRecord, error) {
	var codes strings.Builder
	const read = "SELECT r.coupons FROM " + ofMember + " CROSS JOIN runs r WHERE r.n = m.seq ORDER BY m.seq DESC"
	err := c.query(read, []any{member, runsOf, int64(math.MaxInt64)}, func(r row) error {
		codes.WriteString(r.str(0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := c.coupons(codes.String())
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r store.CouponRecord) bool {
		ms := millis(r.IssuedAt)
		return ms > from.ms || ms == from.ms && r.Code <= from.code
	})
	slices.SortFunc(list, func(a, b store.CouponRecord) int {
		return cmp.Or(b.IssuedAt.Compare(a.IssuedAt), strings.Compare(a.Code, b.Code))
	})
	return list, nil
}

// MemberCoupons pages over a member's coupons, newest first.
func (d *db) MemberCoupons(ctx context.Context, id, cursor string, limit int) (list []store.CouponRecord, next string,
	err error,
) {
	from := allCoupons
	if cursor != "" {
		if from, err = couponCursorOf(cursor); err != nil {
			return nil, "", err
		}
	}
	err = d.read(ctx, func(c *conn) (err error) {
		list, err = c.memberCoupons(id, from)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("coupons of member %s: %w", id, err)
	}
	if len(list) > limit {
		list = list[:limit]
		next = couponCursorAfter(&list[limit-1]).String()
	}
	return list, next, nil
}

func (c *conn) numberedCoupons(member string, from couponCursor) (items []numbered, err error) {
	list, err := c.memberCoupons(member, from)
	for i := range list {
		items = append(items, numbered{TimelineItem: store.TimelineItem{At: list[i].IssuedAt, Coupon: &list[i]}})
	}
	return items, err
}

// numberedDecisions returns runs and refusals, which share their numbers.
func (c *conn) numberedDecisions(member string, from int64, limit int) (items []numbered, err error) {
	const runs = "SELECT " + runColumns + " FROM " + ofMember +
		" CROSS JOIN runs r WHERE r.n = m.seq ORDER BY m.seq DESC LIMIT ?"
	err = c.query(runs, []any{member, runsOf, from, limit}, func(r row) error {
		run, _ := runOf(r) // the timeline shows nothing that could not be read
		items = append(items, numbered{store.TimelineItem{At: run.StartedAt, Run: &run}, r.int(13)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	const refusals = "SELECT d.n, d.at, d.member, d.playbook, d.input, d.reason, d.seen FROM " + ofMember +
		" CROSS JOIN refusals d WHERE d.n = m.seq ORDER BY m.seq DESC LIMIT ?"
	err = c.query(refusals, []any{member, refusalsOf, from, limit}, func(r row) error {
		d := refusalOf(r)
		items = append(items, numbered{store.TimelineItem{At: d.At, Decision: &d}, r.int(0)})
		return nil
	})
	slices.SortFunc(items, func(a, b numbered) int { return cmp.Compare(b.n, a.n) })
	return items[:min(limit, len(items))], err
}

func (c *conn) numberedEvents(member string, from int64, limit int) (items []numbered, err error) {
	events, err := c.memberEvents(member, from, limit)
	for i := range events {
		items = append(items, numbered{store.TimelineItem{At: events[i].At, Event: &events[i]}, events[i].Seq})
	}
	return items, err
}

// memberEvents returns a member's decided events whose Seq is before another.
func (c *conn) memberEvents(member string, seq int64, limit int) (events []engine.Input, err error) {
	const read = "SELECT " + inputColumns + ` FROM members m CROSS JOIN inbox i
		WHERE m.id = ? AND m.name >= ' ' AND m.seq < ? AND i.shard = ? AND i.seq = m.seq ORDER BY m.seq DESC LIMIT ?`
	err = c.query(read, []any{member, seq, store.ShardOf(member), limit}, func(r row) error {
		events = append(events, inputOf(r))
		return nil
	})
	return events, err
}

func refusalOf(r row) engine.Decision {
	d := engine.Decision{At: instant(r.int(1)), Member: r.str(2), Playbook: r.str(3), Input: r.str(4), Reason: r.str(5)}
	if err := decode(r.bytes(6), &d.Seen); err != nil {
		d.Seen = map[string]any{"unreadable": "what is stored cannot be read: " + err.Error()}
	}
	return d
}
