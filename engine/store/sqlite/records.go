package sqlite

import (
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
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

// putRecord appends a record. seq is up to which the member's inputs were decided before the batch.
func (t *tx) putRecord(e *encoded, seq, epoch int64, cs runrows.Chains, marks map[records.Mark]bool) error {
	n, err := t.number()
	if err != nil {
		return err
	}
	for i := range e.Entries {
		if r := e.Entries[i].Run; r != nil {
			if _, err := cs.Of(t.Conn, r.ID, r.New); err != nil {
				return err
			}
		}
	}
	before := make([]int64, len(e.runs))
	for i, id := range e.runs {
		before[i] = cs[id].Last
		cs[id].Last, cs[id].Whole = n, records.Whole(e.Record, id) != nil
	}
	items := records.Items(n, e.Record)
	for _, item := range items {
		if item.Run != nil {
			cs[item.Run.ID].Place = item.Place
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
	cs, marks := runrows.Chains{}, map[records.Mark]bool{}
	if err := t.putRecord(&encoded{&rec, data, runs}, 0, 0, cs, marks); err != nil {
		return err
	}
	row := runrows.Row{Run: r}
	if err = row.Encode(); err == nil {
		err = t.putRun(&row, cs[r.ID], marks)
	}
	if err != nil {
		return err
	}
	return t.putMarks(marks)
}

// putRun stores what is left of a run beside its records: nothing when the record that begins it
// also ends it.
func (t *tx) putRun(r *runrows.Row, k *runrows.Chain, marks map[records.Mark]bool) error {
	if k.Place == 0 {
		return fmt.Errorf("%w: no record begins the run", store.ErrNotFound)
	}
	if r.State != engine.RunWaiting {
		records.MarkEnd(records.NumberOf(k.Place), r.Run, marks)
	}
	switch {
	case k.HasRow:
		return runrows.Update(t.Conn, r, k)
	case k.Whole:
		return nil
	}
	subject, err := t.subject(r.Member)
	if err != nil {
		return err
	}
	return runrows.Add(t.Conn, r, k, subject, t.lanes.OfMember(r.Member))
}
