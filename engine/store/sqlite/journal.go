package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/faults"
	"github.com/usher-run/usher/engine/store/sqlite/ids"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Take stores the inputs as Accept does, in the journal when there is one.
func (d *db) Take(ctx context.Context, inputs []engine.Input) ([]store.Known, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	isOccurrence := func(in engine.Input) bool { return in.Kind == engine.InputSchedule }
	if d.journal == nil || slices.ContainsFunc(inputs, isOccurrence) { // an occurrence has an instant of its own
		return d.acceptTaken(ctx, inputs)
	}
	data, err := payloads(inputs)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(ctx.Err(), d.held()); err != nil {
		return nil, err
	}
	known, room, err := d.journal.Take(inputs, data)
	if err != nil {
		return nil, fmt.Errorf("take %d inputs: %w", len(inputs), err)
	}
	if !room {
		return d.acceptTaken(ctx, inputs)
	}
	return known, nil
}

func (d *db) acceptTaken(ctx context.Context, inputs []engine.Input) ([]store.Known, error) {
	receipts, err := d.Accept(ctx, inputs)
	if err != nil {
		return nil, err
	}
	list := make([]store.Known, len(receipts))
	for i, r := range receipts {
		list[i] = r.Known
	}
	return list, nil
}

// absorbRows is how many inputs one transaction puts into the inbox at most.
const absorbRows = intakeRows / inputRows

// absorb puts what waits in the journal into the inbox, before anything else in the transaction.
func (t *tx) absorb(j *journal.Journal) error {
	list := j.Next(absorbRows)
	t.journal, t.absorbed = j, len(list)
	for _, e := range list {
		in := e.Input
		if err := t.raise(in.At.UnixMilli()); err != nil {
			return err
		}
		in.At = instant(t.clock.at) // as taken, but when another process has raised the clock meanwhile
		if _, err := t.insertInput(&in, e.Data); err != nil {
			return fmt.Errorf("store input %s: %w", in.ID, err)
		}
	}
	return nil
}

// behind is the database as the journal in front of it sees it.
type behind struct {
	*db
	finds *conn // finds inputs that are known
}

func (b behind) Find(look func(func(store.Identity) (*engine.Input, error)) error) error {
	return b.faults.Of(b.finds.reading(func() error { return look(b.finds.input) }))
}

func (b behind) Commit(ctx context.Context, durable bool) error {
	nothing := func(*tx) error { return nil }
	if !durable {
		return b.writeAgain(ctx, 1, nothing)
	}
	return b.w.do(ctx, &job{run: nothing, rows: 1, durable: true}, false)
}

func (b behind) Close() error { return b.finds.close() }

func (b behind) Failed() error { return b.faults.Failed() }

func (b behind) Unwritten(err error) error {
	if !faults.Passes(err) {
		return b.faults.Fail(err)
	}
	return b.faults.Of(err)
}

// openJournal opens the journal of the database, and puts what a crash has left in it into the
// inbox. It is used from then on when it was asked for, else removed.
func (d *db) openJournal(ctx context.Context, path, dsn string) error {
	secret, err := d.Secret(ctx)
	if err != nil {
		return err
	}
	last, err := d.instant(ctx)
	if err != nil {
		return err
	}
	finds, err := dial(dsn + sqlconn.ReadingOnly)
	if err != nil {
		return err
	}
	finds.ids = ids.New(secret)
	j, err := journal.Open(behind{d, finds}, journal.Options{
		Path: path + "-inbox", Secret: secret, Create: d.journals, Clock: d.clock, Lanes: d.lanes, Last: instant(last),
		Disk: d.journalDisk, Lost: d.tellLost,
	})
	if err != nil || j == nil {
		return errors.Join(err, finds.close())
	}
	d.w.attach(j)
	if err := j.StartOver(ctx); err != nil {
		return errors.Join(fmt.Errorf("put what is left in %s into the inbox: %w", j.Path(), err), j.Stop())
	}
	if !d.journals {
		d.w.attach(nil)
		return j.Stop()
	}
	d.journal = j
	return nil
}
