package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/jobrows"
)

// job returns one job by a condition; ErrNotFound: there is none.
func (c *conn) job(condition string, args ...any) (store.Job, error) {
	list, err := jobrows.Read(c.Conn, condition, args...)
	if err != nil || len(list) == 0 {
		return store.Job{}, cmp.Or(err, store.ErrNotFound)
	}
	return list[0], nil
}

// AddJob stores a job once under its name.
func (d *db) AddJob(ctx context.Context, j store.Job) (stored store.Job, first bool, err error) {
	err = d.write(ctx, 1, func(t *tx) error {
		if first, err = jobrows.Add(t.Conn, &j); err == nil {
			stored, err = t.job("WHERE name = ?", j.Name)
		}
		return err
	})
	if err != nil {
		return stored, false, fmt.Errorf("add job %s: %w", j.Name, err)
	}
	return stored, first, nil
}

// LastOccurrence returns the job of the newest occurrence of one of a playbook's schedules.
func (d *db) LastOccurrence(ctx context.Context, playbook, via string) (j store.Job, err error) {
	err = d.read(ctx, func(c *conn) error {
		j, err = c.job("WHERE kind = 'schedule' AND playbook = ? AND via = ? ORDER BY at DESC LIMIT 1", playbook, via)
		return err
	})
	if err != nil {
		return j, fmt.Errorf("last occurrence of playbook %s: %w", playbook, err)
	}
	return j, nil
}

// OpenJobs lists what is still to be carried out.
func (d *db) OpenJobs(ctx context.Context) (list []store.Job, err error) {
	err = d.read(ctx, func(c *conn) error {
		list, err = jobrows.Read(c.Conn, "WHERE state = 'open' ORDER BY n")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list open jobs: %w", err)
	}
	return list, nil
}

// Advance stores a step of a job with its inputs. All of it would come about again.
func (d *db) Advance(ctx context.Context, p store.Progress) (j store.Job, err error) {
	data, err := payloads(p.Inputs)
	if err != nil {
		return j, err
	}
	err = d.writeAgain(ctx, 1+inputRows*len(p.Inputs), func(t *tx) error {
		if j, err = t.job("WHERE n = ?", p.Job); err != nil {
			return err
		}
		if j.State != store.JobOpen || j.Cursor != p.From {
			return store.ErrStale
		}
		for i := range p.Inputs {
			in := p.Inputs[i]
			receipt, err := t.accept(&in, data[i])
			if err != nil {
				return fmt.Errorf("store input %s: %w", in.ID, err)
			}
			if !receipt.Duplicate {
				j.Reached++
			}
		}
		j.Cursor, j.LookedAt, j.PassedOver = p.To, j.LookedAt+p.LookedAt, j.PassedOver+p.PassedOver
		if p.End != "" {
			j.State, j.Reason, j.EndedAt = p.End, p.Reason, instant(millis(p.At))
		}
		return jobrows.Put(t.Conn, &j)
	})
	if err != nil {
		return j, fmt.Errorf("advance job %d: %w", p.Job, err)
	}
	return j, nil
}

// Job returns a job with its members.
func (d *db) Job(ctx context.Context, n int64) (j store.Job, err error) {
	err = d.read(ctx, func(c *conn) error {
		if j, err = c.job("WHERE n = ?", n); err != nil {
			return err
		}
		_, err = c.one("SELECT members FROM jobs WHERE n = ? AND members IS NOT NULL", []any{n}, func(r row) error {
			return document.Decode(r.bytes(0), &j.Members)
		})
		return err
	})
	if err != nil {
		return j, fmt.Errorf("job %d: %w", n, err)
	}
	return j, nil
}

// Jobs pages over jobs, newest first.
func (d *db) Jobs(ctx context.Context, f store.JobFilter) (list []store.Job, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	of := "WHERE"
	if f.State == store.JobOpen {
		of = "INDEXED BY jobs_open WHERE state = 'open' AND"
	}
	err = d.read(ctx, func(c *conn) error {
		lowest, more, err := c.Window("n", "jobs "+of+" n < ?", before)
		if err != nil {
			return err
		}
		list, err = jobrows.Read(c.Conn, of+` n >= ? AND n < ? AND ? IN ('', state) AND ? IN ('', playbook)
			ORDER BY n DESC LIMIT ?`, lowest, before, string(f.State), f.Playbook, f.Limit+1)
		list, next = firstOf(list, f.Limit, func(j *store.Job) int64 { return j.N }, more, lowest)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", err)
	}
	return list, next, nil
}

// CancelJob ends an open job.
func (d *db) CancelJob(ctx context.Context, n int64, reason string, now time.Time) (j store.Job, err error) {
	ended := false
	err = d.write(ctx, 1, func(t *tx) error {
		if j, err = t.job("WHERE n = ?", n); err != nil {
			return err
		}
		if ended = j.State != store.JobOpen; ended {
			return nil
		}
		j.State, j.Reason, j.EndedAt = store.JobCancelled, reason, instant(millis(now))
		return jobrows.Put(t.Conn, &j)
	})
	if err == nil && ended {
		err = store.ErrConflict
	}
	if err != nil {
		return j, fmt.Errorf("cancel job %d: %w", n, err)
	}
	return j, nil
}

// SubjectsAfter returns the next page of members or of objects by id.
func (d *db) SubjectsAfter(ctx context.Context, kind, cursor string, limit int) (list []store.ListedMember, err error) {
	read := `SELECT id, state, seen FROM subjects WHERE id > ? AND state IS NOT NULL ORDER BY id LIMIT ?`
	args := []any{cursor, limit}
	if kind != store.Everybody {
		first, last := naming.SubjectRange(kind)
		args[0] = max(cursor, first)
		if last != "" {
			read = `SELECT id, state, seen FROM subjects WHERE id > ? AND id < ? AND state IS NOT NULL ORDER BY id LIMIT ?`
			args = []any{args[0], last, limit}
		}
	}
	err = d.read(ctx, func(c *conn) error {
		var rows []subject
		err := c.query(read, args, func(r row) error {
			rows = append(rows, subjectOf(r))
			return nil
		})
		if err != nil {
			return err
		}
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].id
		}
		seen, err := c.lastSeen(ids)
		for i := range rows {
			l := store.ListedMember{ID: rows[i].id}
			if m, bad := rows[i].member(seen); bad != nil {
				l.Unreadable = bad.Error()
			} else {
				l.Member = m
			}
			list = append(list, l)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page over members: %w", err)
	}
	return list, nil
}

// Depths counts undecided inputs.
func (d *db) Depths(ctx context.Context) (depths []store.Depth, err error) {
	depths = make([]store.Depth, len(d.lanes))
	var taken []int // and not in the inbox yet
	if d.journal != nil {
		taken = d.journal.Depths()
	}
	err = d.read(ctx, func(c *conn) error {
		const count = `SELECT s.lane, count(*), sum(i.kind IN (?, ?)) FROM lanes s CROSS JOIN inbox i
			WHERE i.lane = s.lane AND i.seq > s.watermark AND i.kind <> 'cascaded' GROUP BY s.lane`
		return c.query(count, []any{string(engine.InputSchedule), string(engine.InputTrigger)}, func(r row) error {
			depths[r.int(0)] = store.Depth{Inputs: int(r.int(1)), Jobs: int(r.int(2))}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count undecided inputs: %w", err)
	}
	for lane, n := range taken {
		depths[lane].Inputs += n
	}
	return depths, nil
}
