package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
)

// groupRows limits one transaction. A row takes 10 to 20 microseconds: a full group is over within 20 ms or so.
const groupRows = 1000

var errClosed = errors.New("the database is closed")

// job is a piece of writing. It may run twice: first in a group, and when the group failed, alone.
type job struct {
	run  func(*tx) error
	rows int // an estimate
	done chan error
}

// writer owns the writing connection. Intake goes first, so that a batch of decisions never holds up an answer for longer
// than it takes itself; after each group one other job has its turn, so that intake never starves decisions.
type writer struct {
	c      *conn
	now    func() time.Time
	mu     sync.Mutex
	intake []*job
	other  []*job
	behind bool // others were left behind by the last group
	loose  int  // rows of tallies since they were last summed up
	closed bool
	wake   chan struct{} // holds one token when there is something to look at
	ended  chan struct{}
}

func startWriter(c *conn, now func() time.Time) *writer {
	w := &writer{c: c, now: now, loose: sumAfter, wake: make(chan struct{}, 1), ended: make(chan struct{})}
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

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// do hands the job to the writer and waits for its commit. A job that was handed over is waited for even when ctx ends:
// it may be in a transaction already, and the caller must know.
func (w *writer) do(ctx context.Context, isIntake bool, rows int, run func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{run: run, rows: rows, done: make(chan error, 1)}
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

// write runs f in a transaction of the writer.
func (d *db) write(ctx context.Context, rows int, f func(*tx) error) error {
	return d.w.do(ctx, false, rows, f)
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		group, closed := w.next()
		if len(group) > 0 {
			w.commit(group)
			continue
		}
		if closed {
			return
		}
		<-w.wake
	}
}

// next takes the next group off the queues: all intake that waits, then as many others as a transaction may hold. Fewer commits
// write fewer pages. Others that found no room at all go first the next time.
func (w *writer) next() (group []*job, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows := 0
	take := func(q []*job) []*job {
		for len(q) > 0 && (rows == 0 || rows+q[0].rows <= groupRows) {
			group, rows = append(group, q[0]), rows+q[0].rows
			q[0] = nil
			q = q[1:]
		}
		return q
	}
	if w.behind {
		w.other = take(w.other)
		w.intake = take(w.intake)
		w.behind = false
		return group, w.closed
	}
	waiting := len(w.other)
	w.intake = take(w.intake)
	w.other = take(w.other)
	w.behind = waiting > 0 && len(w.other) == waiting
	return group, w.closed
}

// commit runs the jobs in one transaction. When one of them fails, each runs again in a transaction of its own, so that
// nobody pays for a neighbour's mistake.
func (w *writer) commit(group []*job) {
	err := w.transact(group)
	if err == nil || len(group) == 1 {
		for _, j := range group {
			j.done <- err
		}
		return
	}
	for _, j := range group {
		j.done <- w.transact([]*job{j})
	}
}

func (w *writer) transact(group []*job) (err error) {
	if _, err := w.c.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() {
		if err != nil {
			_, _ = w.c.exec("ROLLBACK") // fails only when the database has rolled back by itself
		}
	}()
	t := &tx{conn: w.c, now: w.now, loose: &w.loose}
	for _, j := range group {
		if err := j.run(t); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	if _, err := w.c.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// tx is one transaction of the writer, with what its jobs share: the clock and the counts are read once and written once.
type tx struct {
	*conn
	now    func() time.Time
	clock  clock
	read   bool // clock was read
	dirty  bool // clock is to be written
	counts map[engine.TallyKey]int
	loose  *int // rows of tallies since they were last summed up
}

// clock is what must only ever rise, over restarts and over steps of the machine's clock too.
type clock struct{ seq, at, n int64 }

func (t *tx) load() error {
	if t.read {
		return nil
	}
	t.read = true
	_, err := t.one("SELECT seq, at, n FROM clock", nil, func(r row) error {
		t.clock = clock{r.int(0), r.int(1), r.int(2)}
		return nil
	})
	return err
}

// raise moves the clock's instant up to at least at.
func (t *tx) raise(at int64) error {
	if err := t.load(); err != nil {
		return err
	}
	if at > t.clock.at {
		t.clock.at, t.dirty = at, true
	}
	return nil
}

// number gives the next number of a row of a list.
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
