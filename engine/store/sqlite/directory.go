package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
)

// Find returns the member whom a text names. Who is stored is found first, which nearly all are, then who has only come
// in: in the journal, then in the inbox, since what leaves the one is in the other.
func (d *db) Find(ctx context.Context, name string) (who engine.Found, known bool, err error) {
	if naming.IsObject(name) || name == "" {
		return who, false, nil
	}
	err = d.read(ctx, func(c *conn) (err error) {
		if who, known, err = c.storedMember("s.kind = 'member' AND s.id = ?", name); known || err != nil {
			return err
		}
		if code, is := naming.AsReferralCode(name); is {
			who, known, err = c.storedMember("s.code = ? AND s.code <> ''", code)
		}
		return err
	})
	if err == nil && !known {
		who, known, err = d.undecided(ctx, name)
	}
	if err != nil {
		return engine.Found{}, false, fmt.Errorf("find member %q: %w", name, err)
	}
	return who, known, nil
}

// storedMember returns the one member of whom that holds; of two it is neither.
func (c *conn) storedMember(holds, value string) (who engine.Found, known bool, err error) {
	read := "SELECT s.id, s.state FROM subjects s WHERE " + holds + " AND s.state IS NOT NULL LIMIT 2"
	n := 0
	err = c.query(read, []any{value}, func(r row) error {
		var of struct {
			CreatedAt time.Time `json:"created_at"`
		}
		n++
		who.ID = r.str(0)
		if json.Unmarshal(document.Unformatted(r.bytes(1)), &of) == nil { // what is damaged is that of who was there before
			who.CreatedAt = of.CreatedAt
		}
		return nil
	})
	if n != 1 || err != nil {
		return engine.Found{}, false, err
	}
	return who, true, nil
}

// The first that has come in for a member: what is history counts by its time.
const (
	undecidedEvents = `SELECT min(CASE WHEN seen THEN at ELSE time END) FROM inbox
		WHERE hash = ? AND kind IN ('event', 'cascaded') AND member = ?`
	undecidedUpdates = "SELECT min(at) FROM inbox WHERE hash = ? AND kind = 'update' AND member = ?"
)

// undecided returns a member of whom something has come in and nothing was decided.
func (d *db) undecided(ctx context.Context, id string) (who engine.Found, known bool, err error) {
	since, known := d.journal.Since(id)
	err = d.read(ctx, func(c *conn) error {
		for _, read := range []string{undecidedEvents, undecidedUpdates} {
			_, err := c.one(read, []any{store.HashOf(store.SubjectMember, id), id}, func(r row) error {
				if at := instant(r.int(0)); r[0] != nil && (!known || at.Before(since)) {
					since, known = at, true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if !known || err != nil {
		return engine.Found{}, false, err
	}
	return engine.Found{ID: id, CreatedAt: since}, true, nil
}

// putReferrals stores by whom members were brought.
func (b *batch) putReferrals(t *tx) error {
	for i := range b.Referrals {
		r := &b.Referrals[i]
		subject, err := t.subject(r.Member)
		var inviter int64
		if err == nil {
			inviter, err = t.subject(r.By)
		}
		if err == nil {
			_, err = t.exec("INSERT INTO referrals VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", subject, inviter, millis(r.At), r.Event)
		}
		if err != nil {
			return of(r.Member, fmt.Errorf("store by whom member %s was brought: %w", r.Member, err))
		}
	}
	return nil
}

// Referrer returns by whom a member was brought.
func (d *db) Referrer(ctx context.Context, member string) (by store.Referral, err error) {
	const read = `SELECT (SELECT id FROM subjects WHERE n = r.inviter), r.at, r.event FROM referrals r
		WHERE r.subject = (` + subjectOfMember + `?)`
	err = d.read(ctx, func(c *conn) error {
		found, err := c.one(read, []any{member}, func(r row) error {
			by = store.Referral{Member: r.str(0), At: instant(r.int(1)), Event: r.str(2)}
			return nil
		})
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return by, fmt.Errorf("who brought member %s: %w", member, err)
	}
	return by, nil
}

// referralsOf reads whom a member has brought, behind a place; a limit is to follow.
const referralsOf = `SELECT s.id, r.at, r.event, r.subject FROM referrals r CROSS JOIN subjects s
	WHERE r.inviter = (` + subjectOfMember + `?) AND (r.at, r.subject) < ((SELECT ?), (SELECT ?)) AND s.n = r.subject
	ORDER BY r.at DESC, r.subject DESC LIMIT `

// Referrals pages over whom a member has brought. A cursor is the instant and the number of the last on
// the page before.
func (d *db) Referrals(ctx context.Context, member, cursor string, limit int) (page store.ReferralPage, err error) {
	at, n, ok := referralPlace(cursor)
	if !ok {
		return page, fmt.Errorf("%w: %q", store.ErrCursor, cursor)
	}
	read := referralsOf + strconv.Itoa(limit+1)
	last := ""
	err = d.read(ctx, func(c *conn) error {
		return c.query(read, []any{member, at, n}, func(r row) error {
			if len(page.Referrals) == limit {
				page.Next = last
				return nil
			}
			page.Referrals = append(page.Referrals, store.Referral{Member: r.str(0), At: instant(r.int(1)), Event: r.str(2)})
			last = fmt.Sprintf("%d-%d", r.int(1), r.int(3))
			return nil
		})
	})
	if err != nil {
		return page, fmt.Errorf("whom member %s brought: %w", member, err)
	}
	return page, nil
}

// referralPlace reads a cursor of [db.Referrals].
func referralPlace(cursor string) (at, n int64, ok bool) {
	if cursor == "" {
		return 1 << 62, 0, true
	}
	before, after, _ := strings.Cut(cursor, "-")
	at, err := strconv.ParseInt(before, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	n, err = strconv.ParseInt(after, 10, 64)
	return at, n, err == nil && n > 0
}
