// Package blocks grants of pools: coupons of a budget, places of a quota. Lanes have blocks of what is reserved for
// them. A row of pools counts what was issued and what lies in blocks; it is above what there is when that was
// lowered.
package blocks

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// one runs a statement that gives at most one number; 0 when it gave none.
func one(c *sqlconn.Conn, read string, args ...any) (n int, found bool, err error) {
	err = c.Query(read, args, func(r sqlconn.Row) error {
		n, found = int(r.Int(0)), true
		return nil
	})
	return n, found, err
}

// Read returns a lane's blocks of pools, and whether blocks hold more than there is.
func Read(c *sqlconn.Conn, lane int, asks []engine.Ask) (states map[string]engine.PoolState, over bool, err error) {
	states = make(map[string]engine.PoolState, len(asks))
	for i := range asks {
		a := &asks[i]
		if a.Codes {
			if states[a.Pool], err = codesOf(c, lane, a.Pool); err != nil {
				return nil, false, err
			}
			continue
		}
		known := false
		const read = `SELECT reserved, coalesce((SELECT free FROM blocks WHERE pool = p.pool AND lane = ?), 0),
			coalesce((SELECT sum(free) FROM blocks WHERE pool = p.pool AND lane <> ?), 0) FROM pools p WHERE pool = ?`
		err = c.Query(read, []any{lane, lane, a.Pool}, func(r sqlconn.Row) error {
			reserved, free, others := int(r.Int(0)), int(r.Int(1)), int(r.Int(2))
			states[a.Pool] = engine.PoolState{Free: free, Dry: reserved >= a.Most && others == 0}
			over = over || reserved > a.Most && free+others > 0
			known = true
			return nil
		})
		if err == nil && !known {
			var gone bool
			gone, err = forgotten(c, a)
			states[a.Pool] = engine.PoolState{Dry: gone}
		}
		if err != nil {
			return nil, false, err
		}
	}
	return states, over, nil
}

// forgotten reports whether a pool that has no row may have had one.
func forgotten(c *sqlconn.Conn, a *engine.Ask) (gone bool, err error) {
	if a.Until.IsZero() {
		return false, nil
	}
	_, gone, err = one(c, "SELECT 1 FROM meta WHERE key = 'forgotten' AND value >= ?", sqlconn.Millis(a.Until))
	return gone, err
}

// Over reports whether there are pools that are asked of no more since an instant.
func Over(c *sqlconn.Conn, at time.Time) (some bool, err error) {
	_, some, err = one(c, "SELECT 1 FROM pools WHERE until > 0 AND until <= ? LIMIT 1", sqlconn.Millis(at))
	return some, err
}

// Forget drops pools that are asked of no more since an instant, and notes that.
func Forget(c *sqlconn.Conn, at time.Time) error {
	until := sqlconn.Millis(at)
	for _, drop := range []string{
		`INSERT INTO meta VALUES ('forgotten', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
		"DELETE FROM blocks WHERE pool IN (SELECT pool FROM pools WHERE until > 0 AND until <= ?)",
		"DELETE FROM pools WHERE until > 0 AND until <= ?",
	} {
		if _, err := c.Exec(drop, until); err != nil {
			return err
		}
	}
	return nil
}

// Cut takes back what blocks hold beyond what there is, from the largest first. A batch that counted on it
// becomes stale.
func Cut(c *sqlconn.Conn, a *engine.Ask) error {
	n, err := reserved(c, a.Pool)
	if err != nil || n <= a.Most {
		return err
	}
	taken, err := drain(c, a.Pool, noLane, n-a.Most)
	if err != nil {
		return err
	}
	_, err = c.Exec("UPDATE pools SET reserved = reserved - ? WHERE pool = ?", taken, a.Pool)
	return err
}

func reserved(c *sqlconn.Conn, pool string) (n int, err error) {
	n, _, err = one(c, "SELECT reserved FROM pools WHERE pool = ?", pool)
	return n, err
}

// Holds reports whether a lane's blocks hold what was taken of pools, and the codes of coupons.
func Holds(c *sqlconn.Conn, lane int, taken map[string]int, coupons []engine.Coupon) (bool, error) {
	if held, err := holdsCodes(c, lane, coupons); !held || err != nil {
		return false, err
	}
	for pool, n := range counted(taken, coupons) {
		if n == 0 {
			continue
		}
		_, found, err := one(c, "SELECT 1 FROM blocks WHERE pool = ? AND lane = ? AND free >= ?", pool, lane, n)
		if err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

// Take takes from a lane's blocks, and the codes of coupons.
func Take(c *sqlconn.Conn, lane int, taken map[string]int, coupons []engine.Coupon) error {
	if err := takeCodes(c, coupons); err != nil {
		return fmt.Errorf("take codes: %w", err)
	}
	for pool, n := range counted(taken, coupons) {
		if _, err := c.Exec("UPDATE blocks SET free = free - ? WHERE pool = ? AND lane = ?", n, pool, lane); err != nil {
			return fmt.Errorf("take from the pool %s: %w", pool, err)
		}
	}
	return nil
}

// Issued counts what was issued without a budget: one may be set tomorrow.
func Issued(c *sqlconn.Conn, coupons []engine.Coupon, taken map[string]int) error {
	free := map[string]int{}
	for i := range coupons {
		free[coupons[i].Pool]++
	}
	for pool, n := range free {
		if n -= taken[pool]; n <= 0 {
			continue
		}
		if err := reserve(c, pool, n, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

func reserve(c *sqlconn.Conn, pool string, n int, until time.Time) error {
	const add = `INSERT INTO pools VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved`
	_, err := c.Exec(add, pool, n, sqlconn.Millis(until))
	return err
}

func free(c *sqlconn.Conn, pool string, lane int) (n int, err error) {
	n, _, err = one(c, "SELECT free FROM blocks WHERE pool = ? AND lane = ?", pool, lane)
	return n, err
}

// Fill fills a lane's block from what there is, and when that is used up, for what is needed, from the blocks of
// the other lanes.
func Fill(c *sqlconn.Conn, lane int, a *engine.Ask) (state engine.PoolState, err error) {
	if a.Codes {
		return fillCodes(c, lane, a)
	}
	if err := Cut(c, a); err != nil {
		return state, err
	}
	out, known, err := one(c, "SELECT reserved FROM pools WHERE pool = ?", a.Pool)
	if err == nil && !known {
		state.Dry, err = forgotten(c, a)
	}
	if err != nil || state.Dry {
		return state, err
	}
	have, err := free(c, a.Pool, lane)
	if err != nil {
		return state, err
	}
	if more := min(max(a.N, a.Ahead)-have, a.Most-out); more > 0 {
		if err := grant(c, a.Pool, lane, more); err != nil {
			return state, err
		}
		if err := reserve(c, a.Pool, more, a.Until); err != nil {
			return state, err
		}
		have += more
	}
	if have < a.N {
		if err := reclaim(c, a.Pool, lane, a.N-have); err != nil {
			return state, err
		}
	}
	states, _, err := Read(c, lane, []engine.Ask{*a})
	return states[a.Pool], err
}

func grant(c *sqlconn.Conn, pool string, lane, n int) error {
	_, err := c.Exec(`INSERT INTO blocks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET free = free + excluded.free`, pool,
		lane, n)
	return err
}

// reclaim takes up to n from what the other lanes have not used yet. A batch of theirs that counted on it
// becomes stale; taking no more than is asked for keeps that rare.
func reclaim(c *sqlconn.Conn, pool string, lane, n int) error {
	got, err := drain(c, pool, lane, n)
	if err != nil || got == 0 {
		return err
	}
	return grant(c, pool, lane, got)
}

const noLane = -1

// drain takes up to n out of the blocks of all lanes but one, largest first.
func drain(c *sqlconn.Conn, pool string, but, n int) (int, error) {
	type block struct{ lane, free int }
	var list []block
	err := c.Query("SELECT lane, free FROM blocks WHERE pool = ? AND lane <> ? AND free > 0 ORDER BY free DESC, lane",
		[]any{pool, but}, func(r sqlconn.Row) error {
			list = append(list, block{int(r.Int(0)), int(r.Int(1))})
			return nil
		})
	if err != nil {
		return 0, err
	}
	got := 0
	for _, b := range list {
		take := min(b.free, n-got)
		if take <= 0 {
			break
		}
		if _, err := c.Exec("UPDATE blocks SET free = free - ? WHERE pool = ? AND lane = ?", take, pool, b.lane); err != nil {
			return 0, err
		}
		got += take
	}
	return got, nil
}

// Close takes all that is left of a pool, also from blocks: nothing more is granted of it. A batch that counted on
// some becomes stale.
func Close(c *sqlconn.Conn, a *engine.Ask) error {
	if _, err := c.Exec("DELETE FROM blocks WHERE pool = ?", a.Pool); err != nil {
		return err
	}
	_, err := c.Exec("INSERT INTO pools VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET reserved = excluded.reserved", a.Pool, a.Most)
	return err
}
