package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
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
			if err := c.history(members, all, &queries[i], watermark, events); err != nil {
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

// history reads the events of a name. Behind a member who has too many it goes on with the next one.
// list has the members as a parameter.
func (c *conn) history(members []string, list string, q *store.HistoryQuery, watermark int64,
	into map[string][]engine.Input,
) error {
	read := "SELECT " + inputColumns + ` FROM json_each(?) j CROSS JOIN inbox i INDEXED BY inbox_history
		WHERE i.hash = j.value ->> 1 AND i.name = ? AND i.time >= ? AND i.kind IN ('event', 'cascaded')
		AND i.member = j.value ->> 0 AND (i.seq <= ? OR i.kind = 'cascaded')`
	if len(q.Without) > 0 {
		members = slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(q.Without, m) })
		list = sqlconn.Hashed(members)
	}
	if len(members) == 1 && q.Most > 0 { // who asks for one is answered when all is found: see conn.query
		read += " LIMIT " + strconv.Itoa(q.Most+1)
	}
	for len(members) > 0 {
		member, n := "", 0
		err := c.query(read, []any{list, q.Event, since(q.Since), watermark}, func(r row) error {
			in := inputOf(r)
			if in.Member != member {
				member, n = in.Member, 0
			}
			if n++; q.Most > 0 && n > q.Most+1 {
				return errEnough
			}
			into[member] = append(into[member], in)
			return nil
		})
		if !errors.Is(err, errEnough) {
			return err
		}
		members = members[slices.Index(members, member)+1:]
		list = sqlconn.Hashed(members)
	}
	return nil
}

// since returns the lower bound of times in milliseconds: an event of the same millisecond as t may
// be before t.
func since(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 62
	}
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
