package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/faults"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/syncer"
	"github.com/usher-run/usher/engine/store/sqlite/tallies"
	"github.com/usher-run/usher/engine/store/sqlite/wal"
)

// Limits of one transaction, in rows. A row takes 10 to 20 microseconds: that is how long an answer
// may have to wait.
const (
	intakeRows = 1000
	otherRows  = 600
)

var errClosed = fmt.Errorf("%w: it is closed", store.ErrUnavailable)

// job is a piece of writing. It may run twice: first in a group, and when the group failed, alone.
type job struct {
	run     func(*tx) error
	rows    int  // an estimate
	durable bool // what it stores is on the disk when it is done; intake always is
	done    chan error
}

// writer owns the writing connection. Intake and everything else take turns: see next.
type writer struct {
	c        *conn
	clock    *clock.Clock
	mu       sync.Mutex
	intake   []*job
	other    []*job
	turn     bool // intake is next
	unsummed tallies.Rows
	marked   map[records.Mark]bool // are stored, as far as that is known
	disk     *syncer.Syncer
	faults   *faults.Faults
	log      *wal.Checkpointer
	taken    *journal.Journal // nil: there is none
	closed   bool
	wake     chan struct{} // holds one token when there is something to look at
	ended    chan struct{}
}

func startWriter(c *conn, f *faults.Faults, log *wal.Checkpointer, clk *clock.Clock) *writer {
	w := &writer{
		c: c, clock: clk, faults: f, log: log,
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	w.disk = syncer.Start(syncer.Config{
		Path: log.Path(), Bring: syncer.Data, Failed: f.Failed, Fail: f.Fail, Idle: w.signal,
	})
	go w.loop()
	return w
}

// stop lets the writer finish what waits; false when it was stopped already.
func (w *writer) stop() bool {
	w.mu.Lock()
	was := w.closed
	w.closed = true
	w.mu.Unlock()
	w.signal()
	<-w.ended
	return !was
}

// attach makes every transaction put what the journal has taken into the inbox first; nil: no
// longer.
func (w *writer) attach(j *journal.Journal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = j
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// do hands the job to the writer and waits for its commit. A job that was handed over is waited for
// even when ctx ends: it may be in a transaction already, and the caller must know.
func (w *writer) do(ctx context.Context, j *job, isIntake bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.done = make(chan error, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	if isIntake {
		w.intake = append(w.intake, j)
	} else {
		w.other = append(w.other, j)
	}
	w.mu.Unlock()
	w.signal()
	return <-j.done
}

// held returns an error while the clock waits for an operator: then nothing is written.
func (d *db) held() error {
	if s := d.clock.State(); s.Held {
		return fmt.Errorf("%w: %s", store.ErrUnavailable, s.Trouble())
	}
	return nil
}

// write runs f in a transaction of the writer that is on the disk when it returns.
func (d *db) write(ctx context.Context, rows int, f func(*tx) error) error {
	if err := d.held(); err != nil {
		return err
	}
	return d.w.do(ctx, &job{run: f, rows: rows, durable: true}, false)
}

// writeAgain runs f in a transaction that a power cut may undo, because what it stores would come
// about again.
func (d *db) writeAgain(ctx context.Context, rows int, f func(*tx) error) error {
	if err := d.held(); err != nil {
		return err
	}
	return d.w.do(ctx, &job{run: f, rows: rows}, false)
}

// noteEvery is how often the database notes the instant when nothing comes in, so that the next
// start knows how long nobody was there.
const noteEvery = time.Hour

func (w *writer) loop() {
	defer close(w.ended)
	note := time.NewTicker(noteEvery)
	defer note.Stop()
	for {
		runtime.Gosched() // who is about to come in shares the transaction
		group, isIntake, closed := w.next()
		if len(group) > 0 {
			w.commit(group, isIntake)
			continue
		}
		if closed {
			return
		}
		select {
		case <-w.wake:
		case <-note.C:
			w.commit([]*job{{run: (*tx).tick, rows: 1, done: make(chan error, 1)}}, false)
		}
	}
}

// next takes the next group off one of the queues, in turns: while others are being written intake
// gathers, and the other way round. So groups grow with the load, and nobody waits for a timer or
// for more than one group of the other kind.
func (w *writer) next() (group []*job, isIntake, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// While the disk takes the last group in, the next one gathers: answers come no sooner when it is
	// committed before.
	ready := len(w.intake) > 0 && (!w.disk.Busy() || w.closed)
	isIntake = ready && (w.turn || len(w.other) == 0)
	q, limit := &w.other, otherRows
	if isIntake {
		q, limit = &w.intake, intakeRows
	}
	for rows := 0; len(*q) > 0 && (rows == 0 || rows+(*q)[0].rows <= limit); {
		group, rows = append(group, (*q)[0]), rows+(*q)[0].rows
		(*q)[0] = nil
		*q = (*q)[1:]
	}
	w.turn = !isIntake
	return group, isIntake, w.closed
}

// commit runs the jobs in one transaction. When one of them fails, each runs again in a transaction
// of its own, so that nobody pays for a neighbour's mistake; not when it is the disk that fails.
// Durable jobs are answered by the syncer. What is not durable may be undone by a power cut,
// together with all that came after it, never by the death of the process; it is decided again
// then, to the same ids and keys.
func (w *writer) commit(group []*job, durable bool) {
	err := w.faults.Failed()
	if err == nil {
		err = w.faults.Of(w.transact(group))
	}
	switch {
	case err == nil:
		w.answer(group, durable)
	case len(group) == 1 || errors.Is(err, store.ErrUnavailable):
		for _, j := range group {
			j.done <- err
		}
	default:
		for i := range group {
			w.commit(group[i:i+1], durable)
		}
	}
}

// answer tells those whose jobs are committed, now or when they are on the disk.
func (w *writer) answer(group []*job, durable bool) {
	if durable {
		done := make([]chan<- error, len(group))
		for i, j := range group {
			done[i] = j.done
		}
		w.disk.Add(done...)
		return
	}
	for _, j := range group {
		if j.durable {
			w.disk.Add(j.done)
		} else {
			j.done <- nil
		}
	}
}

// transact runs jobs in one transaction.
func (w *writer) transact(group []*job) (err error) {
	if _, err := w.c.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() {
		if err != nil {
			_, _ = w.c.exec("ROLLBACK") // fails only when the database has rolled back by itself
		}
	}()
	t := &tx{conn: w.c, machine: w.clock, unsummed: &w.unsummed, subjects: map[string]int64{}, marked: w.marked}
	w.mu.Lock()
	taken := w.taken
	w.mu.Unlock()
	if taken != nil {
		if err := t.absorb(taken); err != nil {
			return err
		}
	}
	for _, j := range group {
		if err := j.run(t); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := w.disk.Count(func() error {
		_, err := w.c.exec("COMMIT")
		return err
	}); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if taken != nil {
		taken.Committed(t.absorbed)
	}
	w.note(t.marks)
	w.log.Committed(w.c.Conn)
	return nil
}

// mostMarks is how many marks are known to be stored: most are of the last blocks.
const mostMarks = 10_000

// note notes that marks are stored.
func (w *writer) note(marks []records.Mark) {
	if w.marked == nil || len(w.marked)+len(marks) > mostMarks {
		w.marked = make(map[records.Mark]bool, len(marks))
	}
	for _, m := range marks {
		w.marked[m] = true
	}
}

// tx is one transaction of the writer, with what its jobs share: the clock and the counts are read
// once and written once.
type tx struct {
	*conn
	machine  *clock.Clock // gives instants
	clock    clockRow
	read     bool // clock was read
	dirty    bool // clock is to be written
	counts   map[engine.TallyKey]int
	unsummed *tallies.Rows
	subjects map[string]int64      // numbers of members
	marked   map[records.Mark]bool // the writer's
	marks    []records.Mark        // stored by this transaction

	journal  *journal.Journal // nil: there is none
	absorbed int              // how many inputs of the journal the transaction has put into the inbox
}

// clockRow is what must only ever rise, over restarts and over steps of the machine's clock too.
type clockRow struct{ seq, at, n int64 }

func (t *tx) load() error {
	if t.read {
		return nil
	}
	t.read = true
	_, err := t.one("SELECT seq, at, n FROM clock", nil, func(r row) error {
		t.clock = clockRow{r.int(0), r.int(1), r.int(2)}
		return nil
	})
	t.machine.Raise(instant(t.clock.at)) // another process may have raised it
	return err
}

// tick moves the clock's instant up to now.
func (t *tx) tick() error {
	if err := t.load(); err != nil {
		return err
	}
	return t.raise(t.machine.Now().UnixMilli())
}

// raise moves the clock's instant up to at, or as far as the journal allows.
func (t *tx) raise(at int64) error {
	if err := t.load(); err != nil {
		return err
	}
	if t.journal != nil {
		at = t.journal.Bound(at, t.absorbed)
	}
	if at > t.clock.at {
		t.clock.at, t.dirty = at, true
	}
	return nil
}

// number returns the next number of a row of a list.
func (t *tx) number() (int64, error) {
	if err := t.load(); err != nil {
		return 0, err
	}
	t.clock.n, t.dirty = t.clock.n+1, true
	return t.clock.n, nil
}

func (t *tx) tally(n map[engine.TallyKey]int) {
	if t.counts == nil {
		t.counts = make(map[engine.TallyKey]int, len(n))
	}
	for k, v := range n {
		t.counts[k] += v
	}
}

func (t *tx) flush() error {
	if err := t.storeTallies(); err != nil {
		return fmt.Errorf("store tallies: %w", err)
	}
	if !t.dirty {
		return nil
	}
	if _, err := t.exec("UPDATE clock SET seq = ?, at = ?, n = ?", t.clock.seq, t.clock.at, t.clock.n); err != nil {
		return fmt.Errorf("store the clock: %w", err)
	}
	return nil
}
