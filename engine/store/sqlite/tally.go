package sqlite

import (
	"context"
	"fmt"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/tally"
)

func (t *tx) storeTallies() error {
	if len(t.counts) == 0 {
		return nil
	}
	n, err := t.number()
	if err != nil {
		return err
	}
	return t.unsummed.Put(t.Conn, n, t.counts, func(err error) error {
		return t.fail(instant(t.clock.at), store.FailedCounts, "tallies", "what a commit counted cannot be read and is left out: "+
			err.Error())
	})
}

// Stats sums up what a playbook did.
func (d *db) Stats(ctx context.Context, playbook string) (s *tally.Stats, err error) {
	err = d.read(ctx, func(c *conn) error {
		s, err = d.recent.Stats(c.Conn, playbook)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stats of playbook %s: %w", playbook, err)
	}
	return s, nil
}
