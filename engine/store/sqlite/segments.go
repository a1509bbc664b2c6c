package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/jobrows"
)

// WatchSegments keeps the time of each watch that goes on, and begins those that are new or about
// another audience.
func (d *db) WatchSegments(ctx context.Context, segments map[string]string,
	now time.Time,
) (since map[string]time.Time, err error) {
	err = d.write(ctx, 2+len(segments), func(t *tx) error {
		since = make(map[string]time.Time, len(segments))
		var gone []string
		changed := false
		err := t.query("SELECT segment, definition, since FROM watches", nil, func(r row) error {
			switch name := r.str(0); {
			case segments[name] == "":
				gone = append(gone, name)
			case segments[name] == r.str(1):
				since[name] = instant(r.int(2))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, name := range gone {
			if _, err := t.exec("DELETE FROM watches WHERE segment = ?", name); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(segments)) {
			if !since[name].IsZero() {
				continue
			}
			const put = "INSERT INTO watches VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET definition = excluded.definition, since = excluded.since"
			if _, err := t.exec(put, name, segments[name], millis(now)); err != nil {
				return err
			}
			since[name] = instant(millis(now))
			changed = true
		}
		if changed || len(gone) > 0 {
			if err := t.endEpoch(); err != nil {
				return err
			}
		}
		if !changed {
			return nil
		}
		_, err = jobrows.Add(t.Conn, &store.Job{
			Name: fmt.Sprintf("%s:%d", store.JobReevaluation, millis(now)), Kind: store.JobReevaluation, At: now,
			By: "the workspace", State: store.JobOpen,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch %d segments: %w", len(segments), err)
	}
	return since, nil
}

// putReevaluations stores when members are to be looked at.
func (b *batch) putReevaluations(t *tx) error {
	for _, l := range b.Reevaluations {
		subject, err := t.subject(l.Member)
		switch {
		case err != nil:
		case l.At.IsZero():
			_, err = t.exec("DELETE FROM reevaluations WHERE subject = ?", subject)
		default:
			const put = "INSERT INTO reevaluations VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at"
			_, err = t.exec(put, subject, t.lanes.OfMember(l.Member), millis(l.At))
		}
		if err != nil {
			return fmt.Errorf("store when to re-evaluate member %s: %w", l.Member, err)
		}
	}
	return nil
}
