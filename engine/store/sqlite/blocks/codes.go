package blocks

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Had returns the pool that has a code, loaded or given out; "" when none has.
func Had(c *sqlconn.Conn, code string) (pool string, err error) {
	const of = `SELECT pool FROM codes WHERE code = ? UNION ALL SELECT pool FROM coupons WHERE code = ? LIMIT 1`
	err = c.Query(of, []any{code, code}, func(r sqlconn.Row) error {
		pool = r.Str(0)
		return nil
	})
	return pool, err
}

// Load puts a code behind those of its pool. n rises from code to code.
func Load(c *sqlconn.Conn, pool, code string, n int64) error {
	_, err := c.Exec("INSERT INTO codes VALUES (?, ?, ?, ?)", pool, noLane, n, code)
	return err
}

// Left returns how many codes of a pool are not given out.
func Left(c *sqlconn.Conn, pool string) (n int, err error) {
	n, _, err = one(c, "SELECT count(*) FROM codes WHERE pool = ?", pool)
	return n, err
}

// codesOf returns which codes of a pool a lane may give.
func codesOf(c *sqlconn.Conn, lane int, pool string) (state engine.PoolState, err error) {
	err = c.Query("SELECT code FROM codes WHERE pool = ? AND lane = ? ORDER BY n", []any{pool, lane}, func(r sqlconn.Row) error {
		state.Codes = append(state.Codes, r.Str(0))
		return nil
	})
	if err != nil {
		return state, err
	}
	state.Free = len(state.Codes)
	_, others, err := one(c, "SELECT 1 FROM codes WHERE pool = ? AND lane <> ? LIMIT 1", pool, lane)
	state.Dry = !others
	return state, err
}

// fillCodes gives a lane the next codes of a pool, and when they are used up, for what is needed, the last ones of
// other lanes.
func fillCodes(c *sqlconn.Conn, lane int, a *engine.Ask) (engine.PoolState, error) {
	have, _, err := one(c, "SELECT count(*) FROM codes WHERE pool = ? AND lane = ?", a.Pool, lane)
	if err != nil {
		return engine.PoolState{}, err
	}
	if more := max(a.N, a.Ahead) - have; more > 0 {
		const next = `UPDATE codes SET lane = ? WHERE pool = ? AND lane = ? AND n IN (
			SELECT n FROM codes WHERE pool = ? AND lane = ? ORDER BY n LIMIT ?)`
		if _, err := c.Exec(next, lane, a.Pool, noLane, a.Pool, noLane, more); err != nil {
			return engine.PoolState{}, err
		}
	}
	if have, _, err = one(c, "SELECT count(*) FROM codes WHERE pool = ? AND lane = ?", a.Pool, lane); err == nil && have < a.N {
		const others = `UPDATE codes SET lane = ? WHERE pool = ? AND n IN (
			SELECT n FROM codes WHERE pool = ? AND lane <> ? ORDER BY n DESC LIMIT ?)`
		_, err = c.Exec(others, lane, a.Pool, a.Pool, lane, a.N-have)
	}
	if err != nil {
		return engine.PoolState{}, err
	}
	return codesOf(c, lane, a.Pool)
}

// holdsCodes reports whether the codes of coupons are the lane's still.
func holdsCodes(c *sqlconn.Conn, lane int, coupons []engine.Coupon) (bool, error) {
	for i := range coupons {
		k := &coupons[i]
		if !k.Loaded {
			continue
		}
		_, found, err := one(c, "SELECT 1 FROM codes WHERE code = ? AND pool = ? AND lane = ?", k.Code, k.Pool, lane)
		if err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

// takeCodes takes the codes of coupons, which are given out then.
func takeCodes(c *sqlconn.Conn, coupons []engine.Coupon) error {
	for i := range coupons {
		if k := &coupons[i]; k.Loaded {
			if _, err := c.Exec("DELETE FROM codes WHERE code = ?", k.Code); err != nil {
				return err
			}
		}
	}
	return nil
}

// counted returns what was taken of pools that blocks count: not of those whose codes are loaded.
func counted(taken map[string]int, coupons []engine.Coupon) map[string]int {
	out := taken
	for i := range coupons {
		k := &coupons[i]
		if _, has := out[k.Pool]; !k.Loaded || !has {
			continue
		}
		if len(out) == len(taken) {
			out = make(map[string]int, len(taken))
			for name, n := range taken {
				out[name] = n
			}
		}
		delete(out, k.Pool)
	}
	return out
}
