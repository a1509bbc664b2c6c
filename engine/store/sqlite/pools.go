package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine"
)

// Pools reads the lane's blocks. A row of pools counts what was issued and what lies in blocks; it
// is above the budget when the budget was lowered.
func (d *db) Pools(ctx context.Context, lane int, budgets map[string]int) (map[string]engine.PoolState, error) {
	states := make(map[string]engine.PoolState, len(budgets))
	read := func(c *conn) (over bool, err error) {
		for pool, budget := range budgets {
			free, err := c.free(pool, lane)
			if err != nil {
				return false, err
			}
			states[pool] = engine.PoolState{Free: free}
			const above = `SELECT 1 FROM pools p WHERE pool = ? AND reserved > ? AND EXISTS (
				SELECT 1 FROM blocks b WHERE b.pool = p.pool AND b.free > 0)`
			found, err := c.one(above, []any{pool, budget}, func(row) error { return nil })
			if err != nil {
				return false, err
			}
			over = over || found
		}
		return over, nil
	}
	var over bool
	err := d.read(ctx, func(c *conn) (err error) {
		over, err = read(c)
		return err
	})
	if err == nil && over {
		err = d.writeAgain(ctx, 4*len(budgets), func(t *tx) error {
			for pool, budget := range budgets {
				if err := t.cut(pool, budget); err != nil {
					return err
				}
			}
			_, err := read(t.conn)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read the coupon blocks of lane %d: %w", lane, err)
	}
	return states, nil
}

// cut takes back what blocks hold beyond the budget, from the largest first. A batch that counted
// on it becomes stale.
func (t *tx) cut(pool string, budget int) error {
	reserved, err := t.reserved(pool)
	if err != nil || reserved <= budget {
		return err
	}
	taken, err := t.drain(pool, noLane, reserved-budget)
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE pools SET reserved = reserved - ? WHERE pool = ?", taken, pool)
	return err
}

func (c *conn) reserved(pool string) (reserved int, err error) {
	_, err = c.one("SELECT reserved FROM pools WHERE pool = ?", []any{pool}, func(r row) error {
		reserved = int(r.int(0))
		return nil
	})
	return reserved, err
}

// issued counts what was issued without a budget: one may be set tomorrow.
func (t *tx) issued(coupons []engine.Coupon, taken map[string]int) error {
	free := map[string]int{}
	for i := range coupons {
		free[coupons[i].Pool]++
	}
	for pool, n := range free {
		if n -= taken[pool]; n <= 0 {
			continue
		}
		if err := t.reserve(pool, n); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) reserve(pool string, n int) error {
	_, err := t.exec(`INSERT INTO pools VALUES (?, ?) ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved`,
		pool, n)
	return err
}

func (c *conn) free(pool string, lane int) (free int, err error) {
	_, err = c.one("SELECT free FROM blocks WHERE pool = ? AND lane = ?", []any{pool, lane}, func(r row) error {
		free = int(r.int(0))
		return nil
	})
	return free, err
}

// Reserve fills the lane's block from the budget, and when that is used up, from the blocks of the
// other lanes.
func (d *db) Reserve(ctx context.Context, lane int, pool string, budget, n int) (state engine.PoolState, err error) {
	err = d.writeAgain(ctx, 4, func(t *tx) error {
		if err := t.cut(pool, budget); err != nil {
			return err
		}
		reserved, err := t.reserved(pool)
		if err != nil {
			return err
		}
		if more := min(n, budget-reserved); more > 0 {
			if err := t.grant(pool, lane, more); err != nil {
				return err
			}
			if err := t.reserve(pool, more); err != nil {
				return err
			}
		}
		if state.Free, err = t.free(pool, lane); err != nil {
			return err
		}
		if state.Free >= n {
			return nil
		}
		got, err := t.reclaim(pool, lane, n-state.Free)
		state.Free += got
		state.Dry = state.Free < n // neither the budget nor another lane has more
		return err
	})
	if err != nil {
		return engine.PoolState{}, fmt.Errorf("reserve %d coupons of pool %s: %w", n, pool, err)
	}
	return state, nil
}

func (t *tx) grant(pool string, lane, n int) error {
	_, err := t.exec(`INSERT INTO blocks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET free = free + excluded.free`, pool,
		lane, n)
	return err
}

// reclaim takes up to n from what the other lanes have not used yet. A batch of theirs that
// counted on it becomes stale; taking no more than is asked for keeps that rare.
func (t *tx) reclaim(pool string, lane, n int) (int, error) {
	got, err := t.drain(pool, lane, n)
	if err != nil || got == 0 {
		return 0, err
	}
	return got, t.grant(pool, lane, got)
}

const noLane = -1

// drain takes up to n out of the blocks of all lanes but one, largest first.
func (t *tx) drain(pool string, but, n int) (int, error) {
	type block struct{ lane, free int }
	var blocks []block
	err := t.query("SELECT lane, free FROM blocks WHERE pool = ? AND lane <> ? AND free > 0 ORDER BY free DESC, lane",
		[]any{pool, but}, func(r row) error {
			blocks = append(blocks, block{int(r.int(0)), int(r.int(1))})
			return nil
		})
	if err != nil {
		return 0, err
	}
	got := 0
	for _, b := range blocks {
		take := min(b.free, n-got)
		if take <= 0 {
			break
		}
		if _, err := t.exec("UPDATE blocks SET free = free - ? WHERE pool = ? AND lane = ?", take, pool,
			b.lane); err != nil {
			return 0, err
		}
		got += take
	}
	return got, nil
}
