package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// History reads decided events.
func (d *db) History(ctx context.Context, members []string, queries []store.HistoryQuery,
	watermark int64,
) (map[string][]engine.Input, error) {
	events := map[string][]engine.Input{}
	if len(members) == 0 || len(queries) == 0 {
		return events, nil
	}
	err := d.read(ctx, func(c *conn) error {
		all := sqlconn.Hashed(members)
		for i := range queries {
			if err := inbox.History(c.Conn, members, all, &queries[i], watermark, events); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the history of %d members: %w", len(members), err)
	}
	for _, list := range events {
		slices.SortFunc(list, func(a, b engine.Input) int { return engine.CompareEvents(&a, &b) })
	}
	return events, nil
}
