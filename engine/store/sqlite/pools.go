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

// Reserve fills the shard's block from the budget, and when that is used up, from the blocks of the other shards.
func (d *db) Reserve(ctx context.Context, shard int, pool string, budget, n int) (state engine.PoolState, err error) {
	err = d.writeAgain(ctx, 4, func(t *tx) error {
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
		if state.Free >= n {
			return nil
		}
		got, err := t.reclaim(pool, shard, n-state.Free)
		state.Free += got
		state.Dry = state.Free < n // neither the budget nor another shard has more
		return err
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

// reclaim takes up to n from what the other shards have not used yet, largest blocks first. A batch of theirs that counted
// on it becomes stale; taking no more than is asked for keeps that rare.
func (t *tx) reclaim(pool string, shard, n int) (int, error) {
	type block struct{ shard, free int }
	var blocks []block
	err := t.query("SELECT shard, free FROM blocks WHERE pool = ? AND shard <> ? AND free > 0 ORDER BY free DESC, shard", []any{pool, shard}, func(r row) error {
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
		if _, err := t.exec("UPDATE blocks SET free = free - ? WHERE pool = ? AND shard = ?", take, pool, b.shard); err != nil {
			return 0, err
		}
		got += take
	}
	if got == 0 {
		return 0, nil
	}
	return got, t.grant(pool, shard, got)
}
