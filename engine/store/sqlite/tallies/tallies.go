// Package tallies stores what commits counted.
package tallies

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// sumAfter is how many rows of tallies may lie unsummed. A commit appends one row with all its
// counts; summing them up one by one at each commit would cost as much as all else that it writes.
const sumAfter = 256

// Rows appends rows of counts, and sums them up when there are many. The zero value sums up
// what an earlier process has left first.
type Rows struct{ left int } // how many may be appended before they are summed up

// Put appends a row of counts under a number that is larger than all before, also of rows that are
// gone: see [Recent]. What cannot be read when rows are summed up is left out, and handed to damaged.
func (r *Rows) Put(c *sqlconn.Conn, n int64, counts map[engine.TallyKey]int, damaged func(error) error) error {
	if r.left == 0 {
		if err := sumUp(c, damaged); err != nil {
			return err
		}
		r.left = sumAfter
	}
	r.left--
	_, err := c.Exec("INSERT INTO tallies (n, deltas) VALUES (?, ?)", n, encode(counts))
	return err
}

// sumUp moves the rows into the sums.
func sumUp(c *sqlconn.Conn, damaged func(error) error) error {
	sums := map[engine.TallyKey]int{}
	var bad []error
	err := rows(c, 0, func(_ int64, data []byte) {
		if err := decode(data, func(k engine.TallyKey, n int) { sums[k] += n }); err != nil {
			bad = append(bad, err)
		}
	})
	if err != nil {
		return err
	}
	for _, b := range bad {
		if err := damaged(b); err != nil {
			return err
		}
	}
	for k, n := range sums {
		const add = `INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`
		if _, err := c.Exec(add, k.Playbook, k.What, k.Key, n); err != nil {
			return err
		}
	}
	_, err = c.Exec("DELETE FROM tallies")
	return err
}

// rows reads the rows behind number after, in the order of their numbers.
func rows(c *sqlconn.Conn, after int64, each func(n int64, data []byte)) error {
	return c.Query("SELECT n, deltas FROM tallies WHERE n > ? ORDER BY n", []any{after}, func(r sqlconn.Row) error {
		n, _ := r[0].(int64)
		data, _ := r[1].([]byte) // a fault of the disk makes another type of it, which cannot be read
		each(n, data)
		return nil
	})
}
