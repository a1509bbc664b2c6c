// Package wal copies SQLite's log into the database beside the writer.
package wal

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/usher-run/usher/engine/store/sqlite/faults"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// restPages is how much of the log the writer may copy, in pages: some milliseconds of its time.
// When more was written while the log was copied, it is copied beside the writer again, unless the
// log has become long by then.
const restPages = 1000

// Checkpointer copies SQLite's log into the database beside the writer. SQLite would do it in the
// commit that makes the log long, which takes 50 milliseconds and more, and everybody waits.
//
//  1. The Checkpointer copies what the log holds, while the writer goes on; and again, while much
//     is written meanwhile.
//  2. The writer copies the rest, after each commit,
//  3. until a transaction has begun the log anew. It cannot while somebody reads what is older.
type Checkpointer struct {
	c      *sqlconn.Conn
	path   string // of the log
	room   int    // of the log, in pages: from three quarters of it on it is copied, so that there is room meanwhile
	faults *faults.Faults
	copied atomic.Bool // the Checkpointer is done with what the log held
	wake   chan struct{}
	ended  chan struct{}

	// What follows is the writer's.
	phase Phase
	pages int    // of the log, since the writer has seen it begin
	from  int    // pages when the last copy began
	round string // which the log is in
	log   *os.File
}

// Phase is what becomes of the log.
type Phase uint8

// The phases of the log.
const (
	Grows   Phase = iota
	Copied        // by the Checkpointer
	Resumes       // the writer copies the rest
)

// Start begins to copy the log of a database, which has room for so many pages.
func Start(dsn, log string, pages int, f *faults.Faults) (*Checkpointer, error) {
	c, err := sqlconn.Dial(dsn)
	if err != nil {
		return nil, err
	}
	k := &Checkpointer{c: c, path: log, room: pages, faults: f, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go k.loop()
	return k, nil
}

// Phase returns what becomes of the log, after a commit.
func (k *Checkpointer) Phase() Phase { return k.phase }

// Path returns where the log is.
func (k *Checkpointer) Path() string { return k.path }

// Stop ends it after what it has begun. The writer has ended before.
func (k *Checkpointer) Stop() error {
	close(k.wake)
	<-k.ended
	if k.log != nil {
		_ = k.log.Close() // it is only read
	}
	return k.c.Close()
}

func (k *Checkpointer) loop() {
	defer close(k.ended)
	for range k.wake {
		k.copy(k.c)
		k.copied.Store(true)
	}
}

// copy copies what the log holds into the database, as far as no reader needs what is older. What
// could not be copied is left to the next copy.
func (k *Checkpointer) copy(c *sqlconn.Conn) {
	if k.faults.Failed() != nil {
		return
	}
	if err := c.CopyLog(); err != nil {
		_ = k.faults.Of(fmt.Errorf("copy the log into the database: %w", err)) // what does not pass ends the process
	}
}

// Committed is told by the writer of each commit on its connection.
func (k *Checkpointer) Committed(c *sqlconn.Conn) {
	n, known := c.PagesWritten()
	if !known {
		return
	}
	k.pages += n
	if k.round == "" {
		k.round = k.readRound()
	}
	if k.pages < k.room*3/4 {
		return
	}
	if round := k.readRound(); round != k.round {
		k.round, k.phase, k.pages = round, Grows, n
		return
	}
	switch {
	case k.phase == Copied && !k.copied.Load():
	case k.phase == Grows, k.phase == Copied && k.pages-k.from > restPages && k.pages < 2*k.room:
		k.phase, k.from = Copied, k.pages
		k.copied.Store(false)
		k.wake <- struct{}{}
	default:
		k.phase = Resumes
		k.copy(c)
	}
}

// readRound returns what the head of the log says of its round: each time it begins anew it has
// another salt. See https://www.sqlite.org/fileformat2.html#walformat.
func (k *Checkpointer) readRound() string {
	if k.log == nil {
		f, err := os.Open(k.path)
		if err != nil {
			return k.round
		}
		k.log = f
	}
	var head [24]byte
	if _, err := k.log.ReadAt(head[:], 0); err != nil {
		return k.round
	}
	return string(head[16:])
}
