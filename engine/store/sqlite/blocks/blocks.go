// Package blocks grants coupons of pools with a budget: lanes have blocks of what is reserved for them. A row
// of pools counts what was issued and what lies in blocks; it is above the budget when the budget was lowered.
package blocks

import (
	"fmt"

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

// Read returns a lane's blocks of pools, by their budgets, and whether blocks hold more than a budget.
func Read(c *sqlconn.Conn, lane int, budgets map[string]int) (
	states map[string]engine.PoolState, over bool, err error,
) {
	states = make(map[string]engine.PoolState, len(budgets))
	for pool, budget := range budgets {
		n, err := free(c, pool, lane)
		if err != nil {
			return nil, false, err
		}
		states[pool] = engine.PoolState{Free: n}
		const above = `SELECT 1 FROM pools p WHERE pool = ? AND reserved > ? AND EXISTS (
			SELECT 1 FROM blocks b WHERE b.pool = p.pool AND b.free > 0)`
		_, found, err := one(c, above, pool, budget)
		if err != nil {
			return nil, false, err
		}
		over = over || found
	}
	return states, over, nil
}

// Cut takes back what blocks hold beyond the budget, from the largest first. A batch that counted on it
// becomes stale.
func Cut(c *sqlconn.Conn, pool string, budget int) error {
	n, err := reserved(c, pool)
	if err != nil || n <= budget {
		return err
	}
	taken, err := drain(c, pool, noLane, n-budget)
	if err != nil {
		return err
	}
	_, err = c.Exec("UPDATE pools SET reserved = reserved - ? WHERE pool = ?", taken, pool)
	return err
}

func reserved(c *sqlconn.Conn, pool string) (n int, err error) {
	n, _, err = one(c, "SELECT reserved FROM pools WHERE pool = ?", pool)
	return n, err
}

// Holds reports whether a lane's blocks hold what was taken of pools.
func Holds(c *sqlconn.Conn, lane int, taken map[string]int) (bool, error) {
	for pool, n := range taken {
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

// Take takes from a lane's blocks.
func Take(c *sqlconn.Conn, lane int, taken map[string]int) error {
	for pool, n := range taken {
		if _, err := c.Exec("UPDATE blocks SET free = free - ? WHERE pool = ? AND lane = ?", n, pool, lane); err != nil {
			return fmt.Errorf("take from coupon pool %s: %w", pool, err)
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
		if err := reserve(c, pool, n); err != nil {
			return err
		}
	}
	return nil
}

func reserve(c *sqlconn.Conn, pool string, n int) error {
	_, err := c.Exec(`INSERT INTO pools VALUES (?, ?) ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved`,
		pool, n)
	return err
}

func free(c *sqlconn.Conn, pool string, lane int) (n int, err error) {
	n, _, err = one(c, "SELECT free FROM blocks WHERE pool = ? AND lane = ?", pool, lane)
	return n, err
}

// Fill fills a lane's block from the budget, and when that is used up, from the blocks of the other lanes.
func Fill(c *sqlconn.Conn, lane int, pool string, budget, n int) (state engine.PoolState, err error) {
	if err := Cut(c, pool, budget); err != nil {
		return state, err
	}
	out, err := reserved(c, pool)
	if err != nil {
		return state, err
	}
	if more := min(n, budget-out); more > 0 {
		if err := grant(c, pool, lane, more); err != nil {
			return state, err
		}
		if err := reserve(c, pool, more); err != nil {
			return state, err
		}
	}
	if state.Free, err = free(c, pool, lane); err != nil || state.Free >= n {
		return state, err
	}
	got, err := reclaim(c, pool, lane, n-state.Free)
	state.Free += got
	state.Dry = state.Free < n // neither the budget nor another lane has more
	return state, err
}

func grant(c *sqlconn.Conn, pool string, lane, n int) error {
	_, err := c.Exec(`INSERT INTO blocks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET free = free + excluded.free`, pool,
		lane, n)
	return err
}

// reclaim takes up to n from what the other lanes have not used yet. A batch of theirs that counted on it
// becomes stale; taking no more than is asked for keeps that rare.
func reclaim(c *sqlconn.Conn, pool string, lane, n int) (int, error) {
	got, err := drain(c, pool, lane, n)
	if err != nil || got == 0 {
		return 0, err
	}
	return got, grant(c, pool, lane, got)
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
