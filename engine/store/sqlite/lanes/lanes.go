// Package lanes has the rows of the lanes, as they are when a database is opened.
package lanes

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Open returns the lanes of a database. One that has none yet is given n. An error that wraps
// [store.ErrDamaged] says that they do not hold every hash once.
func Open(c *sqlconn.Conn, n int) (store.Lanes, error) {
	var rows []string
	for lane, r := range store.SplitLanes(n) {
		rows = append(rows, fmt.Sprintf("(%d, %d, %d, 0, 0, 0, 0)", lane, r.First, r.Last))
	}
	const put = "INSERT INTO lanes SELECT * FROM (VALUES %s) WHERE NOT EXISTS (SELECT 1 FROM lanes)"
	if _, err := c.Exec(fmt.Sprintf(put, strings.Join(rows, ", "))); err != nil {
		return nil, err
	}
	var list store.Lanes
	err := c.Query("SELECT lane, first, last FROM lanes ORDER BY lane", nil, func(r sqlconn.Row) error {
		lane, isLane := r[0].(int64)
		first, isFirst := r[1].(int64)
		last, isLast := r[2].(int64)
		if !isLane || !isFirst || !isLast || lane != int64(len(list)) {
			return fmt.Errorf("%w: the row of lane %d", store.ErrDamaged, len(list))
		}
		list = append(list, store.Lane{First: first, Last: last})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := list.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return list, nil
}
