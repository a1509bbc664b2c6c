// Package runrows reads and writes the rows of runs. A run that ended where it began has none: it stands
// in its record alone.
package runrows

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

const columns = `SELECT r.id, r.playbook, r.revision, (SELECT id FROM subjects WHERE n = r.subject), r.state, r.reason,
	r.started_at, r.ended_at, r.converted_at, r.due_at, r.pc, r.triggered, r.actions, r.place, r.last FROM `

// Stored is a run as its row has it, without its trace.
type Stored struct {
	engine.Run
	Place  int64 // of its beginning among the items of the records
	Last   int64 // the number of the last record that is about it
	Damage error // what cannot be read of it; nil: nothing
}

func of(r sqlconn.Row) *Stored {
	s := &Stored{
		Run: engine.Run{
			ID: r.Str(0), Playbook: r.Str(1), Revision: r.Str(2), Member: r.Str(3), State: engine.RunState(r.Str(4)),
			Reason: r.Str(5), StartedAt: r.Instant(6), EndedAt: r.Instant(7), ConvertedAt: r.Instant(8), DueAt: r.Instant(9),
			PC: int(r.Int(10)),
		},
		Place: r.Int(13), Last: r.Int(14),
	}
	if err := document.Decode(r.Bytes(11), &s.Trigger); err != nil {
		s.Damage = fmt.Errorf("decode the trigger of run %s: %w", s.ID, err)
	} else if err := document.Decode(r.Bytes(12), &s.Actions); err != nil {
		s.Damage = fmt.Errorf("decode the actions of run %s: %w", s.ID, err)
	}
	return s
}

// Waiting goes through the runs that wait of subjects, by their numbers.
func Waiting(c *sqlconn.Conn, subjects []int64, each func(*Stored)) error {
	const open = columns + "json_each(?) j CROSS JOIN runs r INDEXED BY runs_open WHERE r.subject = j.value AND r.state = 'waiting'"
	return c.Query(open, []any{sqlconn.List(subjects)}, func(r sqlconn.Row) error {
		each(of(r))
		return nil
	})
}

// Named goes through runs of a list of ids, as far as they have rows and are wanted; nil: all are.
func Named(c *sqlconn.Conn, ids []string, wanted func(id, member string) bool, each func(*Stored)) error {
	const named = columns + "json_each(?) j CROSS JOIN runs r WHERE r.id = j.value"
	return c.Query(named, []any{sqlconn.List(ids)}, func(r sqlconn.Row) error {
		if wanted == nil || wanted(r.Str(0), r.Str(3)) {
			each(of(r))
		}
		return nil
	})
}

// Open goes through the runs that wait for a page, newest first, from a place down; the empty member is
// any.
func Open(c *sqlconn.Conn, p *records.Page, member string, before int64, each func(*records.Item) bool) error {
	selection, args := "runs r WHERE", []any{}
	if member != "" {
		selection = `runs r INDEXED BY runs_open
			WHERE r.subject = (SELECT n FROM subjects WHERE kind = 'member' AND id = ?) AND r.state = 'waiting' AND`
		args = append(args, member)
	}
	lowest, more, err := c.Window("r.place", selection+" r.place < ?", append(slices.Clone(args), before)...)
	if err != nil {
		return err
	}
	defer func() {
		if more && !p.Full {
			p.Cut(lowest)
		}
	}()
	page := columns + selection + " r.place >= ? AND r.place < ? AND r.state = 'waiting' ORDER BY r.place DESC LIMIT ?"
	args = append(args, lowest, before)
	for {
		n, wanted := 0, true
		err := c.Query(page, append(slices.Clone(args), trail.Portion), func(r sqlconn.Row) error {
			s := of(r) // what cannot be read is shown by the run alone
			if n, before = n+1, s.Place; wanted {
				wanted = each(&records.Item{Place: before, Run: &s.Run})
			}
			return nil
		})
		if err != nil || !wanted || n < trail.Portion {
			return err
		}
		args[len(args)-1] = before
	}
}

// Run returns a run as it is now, as far as it can be read; nil: there is none.
func Run(c *sqlconn.Conn, id string) (run *Stored, err error) {
	err = Named(c, []string{id}, nil, func(s *Stored) { run = s })
	if run != nil || err != nil {
		return run, err
	}
	begun, err := Beginning(c, id)
	if begun == nil || err != nil {
		return nil, err
	}
	return &Stored{Run: *begun.Run, Place: begun.Place, Last: records.NumberOf(begun.Place)}, nil
}

// Now makes the run of an item what it is now: a record holds it as it was.
func Now(c *sqlconn.Conn, item *records.Item) error {
	// what cannot be read is shown by the run alone
	return Named(c, []string{item.Run.ID}, nil, func(s *Stored) { item.Run = &s.Run })
}

// Beginning returns the run that a record begins, by its id, with its place; nil when there is none.
func Beginning(c *sqlconn.Conn, id string) (*records.Item, error) {
	at, until, ok := naming.InstantsOf(id)
	if !ok || !at.Equal(until) {
		return nil, nil
	}
	var found *records.Item
	var damaged error
	err := c.Query("SELECT "+trail.Columns+" FROM records r WHERE r.at = ?", []any{sqlconn.Millis(at)}, func(r sqlconn.Row) error {
		rec := trail.RecordOf(r)
		if rec.Err == nil && !records.Mentions(rec.Data, id) {
			return nil
		}
		if err := rec.Decode(); err != nil {
			damaged = fmt.Errorf("%w: a decision of that moment: %w", store.ErrDamaged, err)
			return nil
		}
		for _, item := range rec.Items() {
			if item.Run != nil && item.Run.ID == id {
				found = &item
			}
		}
		return nil
	})
	if err == nil && found == nil {
		err = damaged
	}
	return found, err
}
