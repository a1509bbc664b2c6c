package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/tallies"
	"github.com/usher-run/usher/engine/tally"
)

func (t *tx) storeTallies() error {
	if len(t.counts) > 0 {
		if err := tallies.Put(t.Conn, t.counts); err != nil {
			return err
		}
		*t.unsummed++
	}
	if *t.unsummed < tallies.SumAfter {
		return nil
	}
	*t.unsummed = 0
	if err := t.load(); err != nil {
		return err
	}
	return tallies.SumUp(t.Conn, func(err error) error {
		return t.fail(t.clock.at, store.FailedCounts, "tallies", "what a commit counted cannot be read and is left out: "+
			err.Error())
	})
}

// Stats sums up what a playbook did.
func (d *db) Stats(ctx context.Context, playbook string) (s *tally.Stats, err error) {
	err = d.read(ctx, func(c *conn) error {
		s, err = tallies.Stats(c.Conn, playbook)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stats of playbook %s: %w", playbook, err)
	}
	return s, nil
}
