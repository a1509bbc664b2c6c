package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/blocks"
)

// Pools reads the lane's blocks.
func (d *db) Pools(ctx context.Context, lane int, budgets map[string]int) (
	states map[string]engine.PoolState, err error,
) {
	over := false
	err = d.read(ctx, func(c *conn) (err error) {
		states, over, err = blocks.Read(c.Conn, lane, budgets)
		return err
	})
	if err == nil && over {
		err = d.writeAgain(ctx, 4*len(budgets), func(t *tx) error {
			for pool, budget := range budgets {
				if err := blocks.Cut(t.Conn, pool, budget); err != nil {
					return err
				}
			}
			states, _, err = blocks.Read(t.Conn, lane, budgets)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read the coupon blocks of lane %d: %w", lane, err)
	}
	return states, nil
}

// Reserve fills the lane's block.
func (d *db) Reserve(ctx context.Context, lane int, pool string, budget, n int) (state engine.PoolState, err error) {
	err = d.writeAgain(ctx, 4, func(t *tx) (err error) {
		state, err = blocks.Fill(t.Conn, lane, pool, budget, n)
		return err
	})
	if err != nil {
		return engine.PoolState{}, fmt.Errorf("reserve %d coupons of pool %s: %w", n, pool, err)
	}
	return state, nil
}
