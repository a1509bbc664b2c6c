package sqlite

import (
	"fmt"
	"os"
	"sync/atomic"

	"modernc.org/sqlite"

	"github.com/usher-run/usher/engine/store/sqlite/faults"
)

// copyPages is how long the log may grow, in pages, before it is copied into the database: a page
// that changes often is copied once. There is room behind it for what is written meanwhile.
const copyPages = logPages * 3 / 4

// restPages is how much of the log the writer may copy, in pages: some milliseconds of its time.
// When more was written while the log was copied, it is copied beside the writer again, unless the
// log has become long by then.
const restPages = 1000

// checkpointer copies SQLite's log into the database beside the writer. SQLite would do it in the
// commit that makes the log long, which takes 50 milliseconds and more, and everybody waits.
//
//  1. The checkpointer copies what the log holds, while the writer goes on; and again, while much
//     is written meanwhile.
//  2. The writer copies the rest, after each commit,
//  3. until a transaction has begun the log anew. It cannot while somebody reads what is older.
type checkpointer struct {
	c      *conn
	path   string // of the log
	faults *faults.Faults
	copied atomic.Bool // the checkpointer is done with what the log held
	wake   chan struct{}
	ended  chan struct{}

	// What follows is the writer's.
	phase checkpointPhase
	pages int    // of the log, since the writer has seen it begin
	from  int    // pages when the last copy began
	round string // which the log is in
	log   *os.File
}

type checkpointPhase uint8

const (
	logGrows   checkpointPhase = iota
	logCopied                  // by the checkpointer
	logResumes                 // the writer copies the rest
)

func startCheckpointer(dsn, log string, f *faults.Faults) (*checkpointer, error) {
	c, err := dial(dsn)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{c: c, path: log, faults: f, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go k.loop()
	return k, nil
}

// stop ends it after what it has begun. The writer has ended before.
func (k *checkpointer) stop() error {
	close(k.wake)
	<-k.ended
	if k.log != nil {
		_ = k.log.Close() // it is only read
	}
	return k.c.close()
}

func (k *checkpointer) loop() {
	defer close(k.ended)
	for range k.wake {
		k.copy(k.c)
		k.copied.Store(true)
	}
}

// copy copies what the log holds into the database, as far as no reader needs what is older. What
// could not be copied is left to the next copy.
func (k *checkpointer) copy(c *conn) {
	if k.faults.Failed() != nil {
		return
	}
	_, err := c.one("PRAGMA wal_checkpoint(PASSIVE)", nil, func(row) error { return nil })
	if err != nil {
		_ = k.faults.Of(fmt.Errorf("copy the log into the database: %w", err)) // what does not pass ends the process
	}
}

// committed is told by the writer of each commit on its connection.
func (k *checkpointer) committed(c *conn) {
	status, ok := c.raw.(sqlite.DBStatus)
	if !ok {
		return
	}
	n, _, err := status.Status(sqlite.DBStatusCacheWrite, true)
	if err != nil {
		return
	}
	k.pages += n
	if k.round == "" {
		k.round = k.readRound()
	}
	if k.pages < copyPages {
		return
	}
	if round := k.readRound(); round != k.round {
		k.round, k.phase, k.pages = round, logGrows, n
		return
	}
	switch {
	case k.phase == logCopied && !k.copied.Load():
	case k.phase == logGrows, k.phase == logCopied && k.pages-k.from > restPages && k.pages < 2*logPages:
		k.phase, k.from = logCopied, k.pages
		k.copied.Store(false)
		k.wake <- struct{}{}
	default:
		k.phase = logResumes
		k.copy(c)
	}
}

// readRound returns what the head of the log says of its round: each time it begins anew it has
// another salt. See https://www.sqlite.org/fileformat2.html#walformat.
func (k *checkpointer) readRound() string {
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
