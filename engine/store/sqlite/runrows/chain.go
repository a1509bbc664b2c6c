package runrows

import (
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// Chain is where the records of a run are.
type Chain struct {
	Place  int64 // of its beginning among the items of the records; 0: it has none
	Last   int64 // the number of the last record
	HasRow bool  // it has a row
	Whole  bool  // the last record begins and ends it
}

// Chains are those of the runs of one transaction, by their id.
type Chains map[string]*Chain

// Of returns the chain of a run as it is stored; an empty one of a run that is new.
func (cs Chains) Of(c *sqlconn.Conn, id string, isNew bool) (*Chain, error) {
	if k := cs[id]; k != nil {
		return k, nil
	}
	k := new(Chain)
	cs[id] = k
	if isNew {
		return k, nil
	}
	found, err := c.One("SELECT place, last FROM runs WHERE id = ?", []any{id}, func(r sqlconn.Row) error {
		k.Place, k.Last, k.HasRow = r.Int(0), r.Int(1), true
		return nil
	})
	if err != nil || found {
		return k, err
	}
	begun, err := Beginning(c, id)
	if begun != nil {
		k.Place, k.Last = begun.Place, records.NumberOf(begun.Place)
	}
	return k, err
}

// Back goes through the records of a run, from the last, which has a number, to the first. A record that
// cannot be read is handed over as it is, and is the last.
func Back(c *sqlconn.Conn, run string, n int64, each func(*records.Stored)) error {
	for n > 0 {
		var rec *records.Stored
		found, err := c.One("SELECT "+trail.Columns+" FROM records r WHERE r.n = ?", []any{n}, func(r sqlconn.Row) error {
			rec = trail.RecordOf(r)
			return nil
		})
		if err != nil || !found {
			return err
		}
		n = 0
		if rec.Decode() == nil {
			n = rec.Before(run)
		}
		each(rec)
	}
	return nil
}

// Row is what is written of a run besides its plain fields.
type Row struct {
	*engine.Run
	trigger, actions []byte
	encoded          bool
}

// Encode encodes what is to be encoded of a run, once. The error is a *[store.Unstorable].
func (r *Row) Encode() (err error) {
	if r.encoded {
		return nil
	}
	if r.trigger, err = document.Encode(r.Trigger); err == nil {
		r.actions, err = document.Encode(r.Actions)
	}
	if err != nil {
		return &store.Unstorable{Member: r.Member, Err: fmt.Errorf("encode run %s: %w", r.ID, err)}
	}
	r.encoded = true // not before: who commits alone after a group has failed is told the same
	return nil
}

// Update stores what has changed of a run that has a row. What cannot be read of it stays as it is.
func Update(c *sqlconn.Conn, r *Row, k *Chain) error {
	const update = `UPDATE runs SET state = ?, reason = ?, ended_at = ?, converted_at = CASE converted_at WHEN 0 THEN ? ELSE converted_at END,
			due_at = ?, pc = ?, last = ?, actions = COALESCE(?, actions) WHERE id = ?`
	_, err := c.Exec(update, string(r.State), r.Reason, sqlconn.Millis(r.EndedAt), sqlconn.Millis(r.ConvertedAt),
		sqlconn.Millis(r.DueAt), r.PC, k.Last, r.actions, r.ID)
	return err
}

// Add stores the row of a run, of a member who has a number and is of a lane.
func Add(c *sqlconn.Conn, r *Row, k *Chain, subject int64, lane int) error {
	if err := r.Encode(); err != nil {
		return err
	}
	const insert = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err := c.Exec(insert, k.Place, r.ID, r.Playbook, r.Revision, subject, lane, string(r.State), r.Reason,
		sqlconn.Millis(r.StartedAt), sqlconn.Millis(r.EndedAt), sqlconn.Millis(r.ConvertedAt), sqlconn.Millis(r.DueAt), r.PC,
		k.Last, r.trigger, r.actions)
	return err
}
