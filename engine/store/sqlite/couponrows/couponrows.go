// Package couponrows reads and writes the rows of coupons.
package couponrows

import (
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Coupon returns a coupon by its code; ErrNotFound: there is none.
func Coupon(c *sqlconn.Conn, code string) (rec store.CouponRecord, err error) {
	const read = `SELECT code, pool, (SELECT id FROM subjects WHERE n = subject), playbook, run, step, issued_at, expires_at,
		redeemed_at, redemption_id FROM coupons WHERE code = ?`
	found, err := c.One(read, []any{code}, func(r sqlconn.Row) error {
		rec = store.CouponRecord{
			Coupon: engine.Coupon{
				Code: r.Str(0), Pool: r.Str(1), Member: r.Str(2), Playbook: r.Str(3), Run: r.Str(4), Step: r.Str(5),
				IssuedAt: r.Instant(6), ExpiresAt: r.Instant(7),
			},
			RedeemedAt: r.Instant(8), RedemptionID: r.Str(9),
		}
		return nil
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return rec, err
}

// Add stores a coupon of a member, who has a number.
func Add(c *sqlconn.Conn, k *engine.Coupon, subject int64) error {
	const insert = `INSERT INTO coupons (code, pool, subject, playbook, run, step, issued_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	_, err := c.Exec(insert, k.Code, k.Pool, subject, k.Playbook, k.Run, k.Step, sqlconn.Millis(k.IssuedAt),
		sqlconn.Millis(k.ExpiresAt))
	return err
}

// Redeem marks a coupon as redeemed, under the id of a redemption.
func Redeem(c *sqlconn.Conn, code, id string, now time.Time) error {
	_, err := c.Exec("UPDATE coupons SET redeemed_at = ?, redemption_id = ? WHERE code = ?", sqlconn.Millis(now), id, code)
	return err
}
