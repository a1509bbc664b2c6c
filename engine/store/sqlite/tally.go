package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/tally"
)

// sumAfter is how many rows of tallies may lie unsummed. A commit appends one row with all its
// counts; summing them up one by one at each commit would cost as much as all else that it writes.
const sumAfter = 256

// delta is one count of a stored tally.
type delta struct {
	Playbook string `json:"p"`
	What     string `json:"w"`
	Key      string `json:"k,omitempty"`
	N        int    `json:"n"`
}

func (t *tx) storeTallies() error {
	if len(t.counts) > 0 {
		list := make([]delta, 0, len(t.counts))
		for k, n := range t.counts {
			list = append(list, delta{k.Playbook, k.What, k.Key, n})
		}
		data, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO tallies (deltas) VALUES (?)", data); err != nil {
			return err
		}
		*t.unsummed++
	}
	if *t.unsummed < sumAfter {
		return nil
	}
	*t.unsummed = 0
	return t.sumUp()
}

// sumUp moves the loose tallies into the sums.
func (t *tx) sumUp() error {
	sums := map[engine.TallyKey]int{}
	damaged := func(err error) error {
		return t.fail(t.clock.at, store.FailedCounts, "tallies", "what a commit counted cannot be read and is left out: "+
			err.Error())
	}
	if err := t.load(); err != nil {
		return err
	}
	if err := t.unsummedTallies(func(d delta) {
		sums[engine.TallyKey{
			Playbook: d.Playbook, What: d.What,
			Key: d.Key,
		}] += d.N
	}, damaged); err != nil {
		return err
	}
	for k, n := range sums {
		const add = `INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`
		if _, err := t.exec(add, k.Playbook, k.What, k.Key, n); err != nil {
			return err
		}
	}
	_, err := t.exec("DELETE FROM tallies")
	return err
}

// unsummedTallies reads what was not summed up yet. What cannot be read is handed to damaged, after
// all else.
func (c *conn) unsummedTallies(each func(delta), damaged func(error) error) error {
	var bad []error
	err := c.query("SELECT deltas FROM tallies", nil, func(r row) error {
		var list []delta
		if err := json.Unmarshal(r.bytes(0), &list); err != nil {
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
func (d *db) Stats(ctx context.Context, playbook string) (*tally.Stats, error) {
	s := tally.NewStats()
	err := d.read(ctx, func(c *conn) error {
		err := c.query("SELECT what, key, n FROM counts WHERE playbook = ?", []any{playbook}, func(r row) error {
			s.Add(r.str(0), r.str(1), int(r.int(2)))
			return nil
		})
		if err != nil {
			return err
		}
		return c.unsummedTallies(func(d delta) {
			if d.Playbook == playbook {
				s.Add(d.What, d.Key, d.N)
			}
		}, func(error) error { return nil }) // who sums up says so
	})
	if err != nil {
		return nil, fmt.Errorf("stats of playbook %s: %w", playbook, err)
	}
	return s, nil
}
