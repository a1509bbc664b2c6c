// Package tallies stores what commits counted.
package tallies

import (
	"database/sql/driver"
	"encoding/json"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/tally"
)

// SumAfter is how many rows of tallies may lie unsummed. A commit appends one row with all its
// counts; summing them up one by one at each commit would cost as much as all else that it writes.
const SumAfter = 256

// delta is one count of a stored tally.
type delta struct {
	Playbook string `json:"p"`
	What     string `json:"w"`
	Key      string `json:"k,omitempty"`
	N        int    `json:"n"`
}

// Put appends a row of counts.
func Put(c *sqlconn.Conn, counts map[engine.TallyKey]int) error {
	list := make([]delta, 0, len(counts))
	for k, n := range counts {
		list = append(list, delta{k.Playbook, k.What, k.Key, n})
	}
	data, err := json.Marshal(list)
	if err == nil {
		_, err = c.Exec("INSERT INTO tallies (deltas) VALUES (?)", data)
	}
	return err
}

// SumUp moves the rows into the sums. What cannot be read is left out, and handed to damaged.
func SumUp(c *sqlconn.Conn, damaged func(error) error) error {
	sums := map[engine.TallyKey]int{}
	err := unsummed(c, func(d delta) {
		sums[engine.TallyKey{Playbook: d.Playbook, What: d.What, Key: d.Key}] += d.N
	}, damaged)
	if err != nil {
		return err
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

// unsummed reads the rows. What cannot be read is handed to damaged, after all else.
func unsummed(c *sqlconn.Conn, each func(delta), damaged func(error) error) error {
	var bad []error
	err := c.Query("SELECT deltas FROM tallies", nil, func(r []driver.Value) error {
		var list []delta
		data, _ := r[0].([]byte) // a fault of the disk makes another type of it, which is no JSON
		if err := json.Unmarshal(data, &list); err != nil {
			bad = append(bad, err)
			return nil
		}
		for _, d := range list {
			each(d)
		}
		return nil
	})
	for _, b := range bad {
		if err == nil {
			err = damaged(b)
		}
	}
	return err
}

// Stats sums up what a playbook did.
func Stats(c *sqlconn.Conn, playbook string) (*tally.Stats, error) {
	s := tally.NewStats()
	const read = "SELECT what, key, n FROM counts WHERE playbook = ?"
	err := c.Query(read, []any{playbook}, func(r []driver.Value) error {
		what, _ := r[0].(string)
		key, _ := r[1].(string)
		n, _ := r[2].(int64)
		s.Add(what, key, int(n))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, unsummed(c, func(d delta) {
		if d.Playbook == playbook {
			s.Add(d.What, d.Key, d.N)
		}
	}, func(error) error { return nil }) // who sums up says so
}
