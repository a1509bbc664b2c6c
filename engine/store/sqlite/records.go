package sqlite

import (
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// encoded is a record with everything encoded that does not depend on its number.
type encoded struct {
	*engine.Record
	data []byte
	runs []string
}

func (b *batch) encodeRecords() error {
	b.records = make([]encoded, len(b.Records))
	for i := range b.Records {
		r := &b.Records[i]
		data, runs, err := records.Encode(r)
		if err != nil {
			return &store.Unstorable{Member: r.Member, Err: fmt.Errorf("encode a decision on member %s: %w", r.Member, err)}
		}
		b.records[i] = encoded{r, data, runs}
	}
	return nil
}

// chain is where the records of a run are.
type chain struct {
	place int64 // of its beginning among the items of the records; 0: it has none
	last  int64 // the number of the last record
	row   bool  // it has a row
	whole bool  // the last record begins and ends it
}

// chains are those of the runs of one transaction, by their id.
type chains map[string]*chain

// of returns the chain of a run as it is stored; an empty one of a run that is new.
func (cs chains) of(t *tx, id string, isNew bool) (*chain, error) {
	if k := cs[id]; k != nil {
		return k, nil
	}
	k := new(chain)
	cs[id] = k
	if isNew {
		return k, nil
	}
	found, err := t.one("SELECT place, last FROM runs WHERE id = ?", []any{id}, func(r row) error {
		k.place, k.last, k.row = r.int(0), r.int(1), true
		return nil
	})
	if err != nil || found {
		return k, err
	}
	begun, err := t.beginning(id)
	if begun != nil {
		k.place, k.last = begun.Place, records.NumberOf(begun.Place)
	}
	return k, err
}

// putRecord appends a record. seq is up to which the member's inputs were decided before the batch.
func (t *tx) putRecord(e *encoded, seq, epoch int64, cs chains, marks map[records.Mark]bool) error {
	n, err := t.number()
	if err != nil {
		return err
	}
	for i := range e.Entries {
		if r := e.Entries[i].Run; r != nil {
			if _, err := cs.of(t, r.ID, r.New); err != nil {
				return err
			}
		}
	}
	before := make([]int64, len(e.runs))
	for i, id := range e.runs {
		before[i] = cs[id].last
		cs[id].last, cs[id].whole = n, records.Whole(e.Record, id) != nil
	}
	items := records.Items(n, e.Record)
	for _, item := range items {
		if item.Run != nil {
			cs[item.Run.ID].place = item.Place
		}
	}
	records.MarksOf(n, e.Record, marks)
	subject, err := t.subject(e.Member)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", n, subject, max(seq, e.Seq), millis(e.At),
		epoch, int(records.ShownOf(items)), records.Join(e.data, before))
	return err
}

// putMarks stores marks, but those that earlier transactions have stored: nearly all.
func (t *tx) putMarks(marks map[records.Mark]bool) error {
	for m := range marks {
		if t.marked[m] {
			continue
		}
		t.marks = append(t.marks, m)
		if _, err := t.exec("INSERT INTO marks VALUES (?, ?, ?) ON CONFLICT DO NOTHING", m.Playbook, m.What, m.Block); err != nil {
			return err
		}
	}
	return nil
}

// appendTo appends what happened to a run outside of a decision: it is the whole of a record.
func (t *tx) appendTo(r *engine.Run, what string, entry engine.TraceEntry) error {
	rec := engine.Record{
		Member: r.Member, At: entry.At, Input: what, Entries: []engine.Entry{{TraceEntry: entry, Run: r}},
	}
	data, runs, err := records.Encode(&rec)
	if err != nil {
		return err
	}
	cs, marks := chains{}, map[records.Mark]bool{}
	if err := t.putRecord(&encoded{&rec, data, runs}, 0, 0, cs, marks); err != nil {
		return err
	}
	row := runRow{Run: r}
	if err = row.encode(); err == nil {
		err = t.putRun(&row, cs[r.ID], marks)
	}
	if err != nil {
		return err
	}
	return t.putMarks(marks)
}

// putRun stores what is left of a run beside its records: nothing when the record that begins it
// also ends it.
func (t *tx) putRun(r *runRow, k *chain, marks map[records.Mark]bool) error {
	if k.place == 0 {
		return fmt.Errorf("%w: no record begins the run", store.ErrNotFound)
	}
	if r.State != engine.RunWaiting {
		records.MarkEnd(records.NumberOf(k.place), r.Run, marks)
	}
	if k.row { // what cannot be read of it stays as it is
		const update = `UPDATE runs SET state = ?, reason = ?, ended_at = ?, converted_at = CASE converted_at WHEN 0 THEN ? ELSE converted_at END,
			due_at = ?, pc = ?, last = ?, actions = COALESCE(?, actions) WHERE id = ?`
		_, err := t.exec(update, string(r.State), r.Reason, millis(r.EndedAt), millis(r.ConvertedAt), millis(r.DueAt), r.PC,
			k.last, r.actions, r.ID)
		return err
	}
	if k.whole {
		return nil
	}
	subject, err := t.subject(r.Member)
	if err == nil {
		err = r.encode()
	}
	if err != nil {
		return err
	}
	const insert = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err = t.exec(insert, k.place, r.ID, r.Playbook, r.Revision, subject, t.lanes.OfMember(r.Member), string(r.State),
		r.Reason, millis(r.StartedAt), millis(r.EndedAt), millis(r.ConvertedAt), millis(r.DueAt), r.PC, k.last, r.trigger,
		r.actions)
	return err
}

// beginning returns the run that a record begins, by its id, with its place; nil when there is none.
func (c *conn) beginning(id string) (*records.Item, error) {
	at, until, ok := engine.InstantsOf(id)
	if !ok || !at.Equal(until) {
		return nil, nil
	}
	var found *records.Item
	var damaged error
	err := c.query("SELECT "+trail.Columns+" FROM records r WHERE r.at = ?", []any{millis(at)}, func(r row) error {
		rec := trail.RecordOf(sqlconn.Row(r))
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

// run returns a run as it is now, as far as it can be read, and the number of the last record that
// is about it; nil when there is none. damage is what cannot be read of it.
func (c *conn) run(id string) (run *engine.Run, last int64, damage, err error) {
	found, err := c.one("SELECT "+runColumns+", r.last FROM runs r WHERE r.id = ?", []any{id}, func(r row) error {
		var of engine.Run
		of, damage = runOf(r)
		run, last = &of, r.int(14)
		return nil
	})
	if found || err != nil {
		return run, last, damage, err
	}
	begun, err := c.beginning(id)
	if begun == nil || err != nil {
		return nil, 0, nil, err
	}
	return begun.Run, records.NumberOf(begun.Place), nil, nil
}

// now makes the run of an item what it is now: a record holds it as it was.
func (c *conn) now(item *records.Item) error {
	_, err := c.one("SELECT "+runColumns+" FROM runs r WHERE r.id = ?", []any{item.Run.ID}, func(r row) error {
		of, _ := runOf(r) // what cannot be read is shown by the run alone
		item.Run = &of
		return nil
	})
	return err
}

// back goes through the records of a run, from the last to the first. A record that cannot be read
// is handed over as it is, and is the last.
func (c *conn) back(run string, n int64, each func(*records.Stored)) error {
	for n > 0 {
		var rec *records.Stored
		found, err := c.one("SELECT "+trail.Columns+" FROM records r WHERE r.n = ?", []any{n}, func(r row) error {
			rec = trail.RecordOf(sqlconn.Row(r))
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
