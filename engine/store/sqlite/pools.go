package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine"
)

// Pools reads the shard's blocks.
func (d *db) Pools(ctx context.Context, shard int, pools []string) (map[string]engine.PoolState, error) {
	states := make(map[string]engine.PoolState, len(pools))
	err := d.read(ctx, func(c *conn) error {
		for _, pool := range pools {
			free, err := c.free(pool, shard)
			if err != nil {
				return err
			}
			states[pool] = engine.PoolState{Free: free}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the coupon blocks of shard %d: %w", shard, err)
	}
	return states, nil
}

func (c *conn) free(pool string, shard int) (free int, err error) {
	_, err = c.one("SELECT free FROM blocks WHERE pool = ? AND shard = ?", []any{pool, shard}, func(r row) error {
		free = int(r.int(0))
		return nil
	})
	return free, err
}

// Reserve fills the shard's block from the budget, and when nothing is left of that, from the blocks of the other shards.
func (d *db) Reserve(ctx context.Context, shard int, pool string, budget, n int) (state engine.PoolState, err error) {
	err = d.write(ctx, 4, func(t *tx) error {
		var reserved int
		_, err := t.one("SELECT reserved FROM pools WHERE pool = ?", []any{pool}, func(r row) error {
			reserved = int(r.int(0))
			return nil
		})
		if err != nil {
			return err
		}
		if more := min(n, budget-reserved); more > 0 {
			if err := t.grant(pool, shard, more); err != nil {
				return err
			}
			const add = `INSERT INTO pools VALUES (?, ?) ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved`
			if _, err := t.exec(add, pool, more); err != nil {
				return err
			}
		}
		if state.Free, err = t.free(pool, shard); err != nil {
			return err
		}
		if state.Free == 0 {
			if state.Free, err = t.reclaim(pool, shard); err != nil {
				return err
			}
		}
		state.Dry = state.Free == 0
		return nil
	})
	if err != nil {
		return engine.PoolState{}, fmt.Errorf("reserve %d coupons of pool %s: %w", n, pool, err)
	}
	return state, nil
}

func (t *tx) grant(pool string, shard, n int) error {
	_, err := t.exec(`INSERT INTO blocks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET free = free + excluded.free`, pool, shard, n)
	return err
}

// reclaim takes what the other shards have not used yet. A batch of theirs that counted on it becomes stale.
func (t *tx) reclaim(pool string, shard int) (int, error) {
	n := 0
	_, err := t.one("SELECT coalesce(sum(free), 0) FROM blocks WHERE pool = ?", []any{pool}, func(r row) error {
		n = int(r.int(0))
		return nil
	})
	if err != nil || n == 0 {
		return 0, err
	}
	if _, err := t.exec("UPDATE blocks SET free = 0 WHERE pool = ?", pool); err != nil {
		return 0, err
	}
	return n, t.grant(pool, shard, n)
}
