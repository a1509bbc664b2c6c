package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/blocks"
)

// Pools reads the lane's blocks.
func (d *db) Pools(ctx context.Context, lane int, asks []engine.Ask) (states map[string]engine.PoolState, err error) {
	over := false
	err = d.read(ctx, func(c *conn) (err error) {
		states, over, err = blocks.Read(c.Conn, lane, asks)
		return err
	})
	if err == nil && over {
		err = d.writeAgain(ctx, 4*len(asks), func(t *tx) error {
			for i := range asks {
				if err := blocks.Cut(t.Conn, &asks[i]); err != nil {
					return err
				}
			}
			states, _, err = blocks.Read(t.Conn, lane, asks)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read the blocks of lane %d: %w", lane, err)
	}
	return states, nil
}

// Reserve fills the lane's blocks.
func (d *db) Reserve(ctx context.Context, lane int, asks []engine.Ask) (states map[string]engine.PoolState, err error) {
	err = d.writeAgain(ctx, 4*len(asks), func(t *tx) error {
		states = make(map[string]engine.PoolState, len(asks))
		for i := range asks {
			state, err := blocks.Fill(t.Conn, lane, &asks[i])
			if err != nil {
				return err
			}
			states[asks[i].Pool] = state
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reserve of %d pools for lane %d: %w", len(asks), lane, err)
	}
	return states, nil
}

// Forget drops the rows of pools that are asked of no more.
func (d *db) Forget(ctx context.Context, over time.Time) error {
	var some bool
	err := d.read(ctx, func(c *conn) (err error) {
		some, err = blocks.Over(c.Conn, over)
		return err
	})
	if err == nil && some {
		err = d.writeAgain(ctx, 4, func(t *tx) error { return blocks.Forget(t.Conn, over) })
	}
	if err != nil {
		return fmt.Errorf("forget pools: %w", err)
	}
	return nil
}

// LoadCodes puts codes behind those of their pool.
func (d *db) LoadCodes(ctx context.Context, pool string, codes []string) (had []string, err error) {
	err = d.write(ctx, 2*len(codes), func(t *tx) error {
		had = make([]string, len(codes))
		for i, code := range codes {
			if had[i], err = blocks.Had(t.Conn, code); err != nil || had[i] != "" {
				if err != nil {
					return err
				}
				continue
			}
			n, err := t.number()
			if err == nil {
				err = blocks.Load(t.Conn, pool, code, n)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d codes of the pool %s: %w", len(codes), pool, err)
	}
	return had, nil
}

// CodesLeft counts the codes of a pool.
func (d *db) CodesLeft(ctx context.Context, pool string) (n int, err error) {
	err = d.read(ctx, func(c *conn) error {
		n, err = blocks.Left(c.Conn, pool)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count the codes of the pool %s: %w", pool, err)
	}
	return n, nil
}
