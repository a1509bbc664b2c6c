// Package sqlite keeps usher's data in one SQLite file. See package store for what is promised.
//
// SQLite has one writer, so this package has one writing connection and one goroutine that owns it.
// Whatever waits when it is free goes into one transaction: that is the group commit, and it needs
// no timer. Readers have connections of their own and never wait for the writer (WAL). What is
// accepted is on the disk before it is acknowledged: see syncer.
package sqlite

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/faults"
	"github.com/usher-run/usher/engine/store/sqlite/held"
	"github.com/usher-run/usher/engine/store/sqlite/hold"
	"github.com/usher-run/usher/engine/store/sqlite/ids"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/lanes"
	"github.com/usher-run/usher/engine/store/sqlite/lastseen"
	"github.com/usher-run/usher/engine/store/sqlite/migrations"
	"github.com/usher-run/usher/engine/store/sqlite/numbers"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/tallies"
	"github.com/usher-run/usher/engine/store/sqlite/wal"
)

// ErrHeld says that a process has the database open, which may be this one.
var ErrHeld = hold.ErrHeld

// Option changes how a database is opened.
type Option func(*db)

// WithClock gives inputs their instants by a clock that others ask too. Open tells it the last
// instant in the database. While it is held nothing is written.
func WithClock(c *clock.Clock) Option { return func(d *db) { d.clock = c } }

// WithRoom writes the log full of zeros when there is none, 33 MB: for a server, whose answers come
// sooner for it.
func WithRoom() Option { return func(d *db) { d.hasRoom = true } }

// WithJournal lets Take store inputs without waiting for the writer, in a file of 8 MB beside the
// database that is gone after Close. Where files cannot be locked there is none.
func WithJournal() Option { return func(d *db) { d.journals = true } }

// WithLanes makes a new database with n lanes, where it would have one: a second gains nothing
// where there is one writer. One that has lanes keeps them. n is at least 1.
func WithLanes(n int) Option { return func(d *db) { d.newLanes = n } }

// WithFailure calls tell once, when the disk has failed in a way that does not pass. Nothing is
// stored from then on: the process should end, so that another may find out what is on the disk.
// Tell must not wait.
func WithFailure(tell func(error)) Option { return func(d *db) { d.faults.OnFirst = tell } }

// WithLost calls tell while the database is being opened, when a crash has left a journal and
// records in it are damaged: what was taken in with them is lost. All that is whole is put into the
// inbox.
func WithLost(tell func(what string)) Option { return func(d *db) { d.tellLost = tell } }

// WithoutLock calls tell while the database is being opened, when its file system cannot lock
// files: a second process is not refused there.
func WithoutLock(tell func(error)) Option { return func(d *db) { d.tellUnlocked = tell } }

// db is the store.
type db struct {
	faults   faults.Faults
	hasRoom  bool
	journals bool
	newLanes int // of a database that has none yet
	lanes    store.Lanes
	tellLost func(what string) // may be nil
	clock    *clock.Clock
	dsn      string
	looks    held.Looks // at members that are held

	lock         func(*os.File) (bool, error)
	tellUnlocked func(error) // may be nil
	hold         *hold.Hold  // nil: the tests' second handle of one process has none
	w            *writer
	log          *wal.Checkpointer
	reads        pool // of decisions
	asks         pool // of questions from outside
	sends        pool // of what is to be delivered
	seen         *lastseen.Events
	numbers      numbers.Known
	recent       tallies.Recent
	askTime      time.Duration

	journal     *journal.Journal                // nil: there is none
	journalDisk func(journal.Disk) journal.Disk // stands between it and its file; nil: nothing does
}

var _ store.Store = (*db)(nil)

// Lanes returns the lanes of the database.
func (d *db) Lanes() store.Lanes { return d.lanes }

// Open opens the database file, makes it when there is none, and brings it up to date. It is
// [hold.ErrHeld] when another store has it open, here or in another process, by whatever name. A store
// that is closed twice or used after Close answers with an error.
func Open(ctx context.Context, path string, options ...Option) (store.Store, error) {
	path = filepath.Clean(path) // two slashes at the beginning would name a host
	d := &db{askTime: store.AskTime, lock: hold.Lock, newLanes: 1}
	for _, o := range options {
		o(d)
	}
	if d.clock == nil {
		d.clock = clock.New(clock.Machine(), clock.DefaultJump)
	}
	err := d.take(path)
	if err == nil {
		err = d.open(ctx, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), d.hold.Release())
	}
	return d, nil
}

// take holds the database's file, and makes it when there is none.
func (d *db) take(path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil || d.lock == nil {
		return err
	}
	d.hold, err = hold.File(path, d.lock)
	if d.hold == nil || err == nil {
		return err
	}
	d.journals = false
	if d.tellUnlocked != nil {
		d.tellUnlocked(fmt.Errorf("the file system of %s cannot lock files, so nothing keeps a second process away: %w", path,
			err))
	}
	return nil
}

// open opens the file, which is held.
func (d *db) open(ctx context.Context, path string) error {
	if err := hold.CloseToOthers(path); err != nil {
		return err
	}
	if err := hold.Identify(ctx, path, migrations.Files); err != nil {
		return err
	}
	dsn, err := sqlconn.DSN(path)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, dsn); err != nil {
		return fmt.Errorf("bring it up to date: %w", faults.Damaged(err))
	}
	// SQLite keeps its log beside the file itself, whatever link led there. So does the journal: there
	// is one, by whatever name.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	wc, err := dial(dsn)
	if err != nil {
		return err
	}
	if d.lanes, err = lanes.Open(wc.Conn, d.newLanes); err != nil {
		return errors.Join(fmt.Errorf("read its lanes: %w", err), wc.close())
	}
	d.seen, d.dsn = lastseen.New(len(d.lanes)), dsn
	wc.lanes, wc.numbers = d.lanes, &d.numbers
	if err := d.openReaders(dsn); err != nil {
		return errors.Join(err, wc.close())
	}
	if err := d.hold.Again(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return errors.Join(err, wc.close(), d.closeReaders())
	}
	if d.hasRoom {
		err = wal.Reserve(wc.Conn, path+"-wal", logRoom)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make room for its log: %w", err), wc.close(), d.closeReaders())
	}
	if d.log, err = wal.Start(dsn, path+"-wal", logPages, &d.faults); err != nil {
		return errors.Join(err, wc.close(), d.closeReaders())
	}
	d.w = startWriter(wc, &d.faults, d.log, d.clock)
	err = d.seed(ctx)
	if err == nil {
		err = d.beginClock(ctx)
	}
	if err == nil {
		err = d.openJournal(ctx, path, dsn)
	}
	if err != nil {
		return errors.Join(err, d.close())
	}
	return nil
}

// Sizes of the log that is copied into the database, in pages, and in bytes: a page takes a little
// more there.
const (
	logPages = 16000
	logRoom  = logPages * (sqlconn.PageSize + 24)
)

// seed writes what a new database needs besides its tables.
func (d *db) seed(ctx context.Context) error {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return d.write(ctx, 1, func(t *tx) error {
		_, err := t.exec(`INSERT INTO meta VALUES ('secret', ?) ON CONFLICT DO NOTHING`, secret)
		if err == nil {
			secret, err = t.meta("secret") // of its first opening
			t.ids, t.keys = ids.New(secret), naming.NewKeys(secret)
		}
		return err
	})
}

// beginClock lets instants go on from the last that the database knows.
func (d *db) beginClock(ctx context.Context) error {
	last, err := d.instant(ctx)
	if err == nil {
		d.clock.Begin(instant(last))
	}
	return err
}

// instant returns the instant of the database's clock, in milliseconds.
func (d *db) instant(ctx context.Context) (at int64, err error) {
	err = d.read(ctx, func(c *conn) error {
		_, err := c.one("SELECT at FROM clock", nil, func(r row) error {
			at = r.int(0)
			return nil
		})
		return err
	})
	return at, err
}

// Ping reads from the database. It writes nothing, so that who asks often costs nothing; after an
// error of the disk that cannot be mended it fails.
func (d *db) Ping(ctx context.Context) error {
	if err := d.faults.Failed(); err != nil {
		return err
	}
	_, err := d.instant(ctx)
	return err
}

// Close closes the database and lets go of it.
func (d *db) Close() error {
	return errors.Join(d.close(), d.hold.Release())
}

// close ends the journal and the writer after what they hold, then the readers.
func (d *db) close() error {
	var err error
	if d.journal != nil {
		err = d.journal.Stop()
	}
	if !d.w.stop() {
		return nil
	}
	return errors.Join(err, d.w.disk.Stop(), d.log.Stop(), d.closeReaders(), d.w.c.close())
}

func (d *db) openReaders(dsn string) (err error) {
	if d.reads, err = d.newPool(dsn, readers); err != nil {
		return err
	}
	if d.asks, err = d.newPool(dsn, askers); err != nil {
		return errors.Join(err, d.reads.close(readers))
	}
	if d.sends, err = d.newPool(dsn, senders); err != nil {
		return errors.Join(err, d.reads.close(readers), d.asks.close(askers))
	}
	return nil
}

// closeReaders waits for those that are lent out.
func (d *db) closeReaders() error {
	return errors.Join(d.reads.close(readers), d.asks.close(askers), d.sends.close(senders))
}
