package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"

	"github.com/usher-run/usher/engine/store"
)

const (
	// readers is the number of connections that decisions read on: more than the cores of a small
	// machine, as a reader may wait for the disk.
	readers = 4
	// askers is the number of connections for questions from outside. They may all be at work without
	// a decision waiting for a connection, and are so few that they leave it a core.
	askers = 2
	// senders is the number of connections that deliveries are read on, so that no decision waits for
	// one, however many hosts are owed something.
	senders = 2
)

// pool is a number of reading connections. After close it lends nil ones.
type pool chan *conn

func (d *db) newPool(dsn string, n int) (pool, error) {
	p := make(pool, n)
	for range n {
		c, err := dial(dsn + sqlconn.ReadingOnly)
		if err != nil {
			return nil, errors.Join(err, p.close(len(p)))
		}
		c.seen, c.lanes, c.numbers = d.seen, d.lanes, &d.numbers
		p <- c
	}
	return p, nil
}

// close takes so many connections back, lent ones too, and leaves nil ones that tell latecomers.
func (p pool) close(open int) error {
	var errs []error
	for range open {
		if c := <-p; c != nil {
			errs = append(errs, c.close())
		}
	}
	for range cap(p) {
		p <- nil
	}
	return errors.Join(errs...)
}

// read lends a reading connection to f, in one transaction: all that f sees is of one moment. What a
// question sees is on the disk when read returns, because who asked may act on it.
func (d *db) read(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	asked, is := store.AskedAt(ctx)
	if !is {
		return d.readOn(ctx, d.reads, f)
	}
	cut, cancel := context.WithDeadline(ctx, asked.Add(d.askTime))
	defer cancel()
	err := d.readOn(cut, d.asks, func(c *conn) error {
		c.Until = cut
		defer func() { c.Until = nil }()
		return f(c)
	})
	if err == nil {
		err = d.w.disk.Await(cut)
	}
	if err != nil && ctx.Err() == nil && cut.Err() != nil {
		return fmt.Errorf("%w, more than %s", store.ErrSlow, d.askTime.Round(time.Millisecond))
	}
	return err
}

func (d *db) readOn(ctx context.Context, p pool, f func(*conn) error) error {
	var c *conn
	select {
	case c = <-p:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c == nil {
		return errClosed
	}
	defer func() { p <- c }()
	return d.faults.Of(c.reading(func() error { return f(c) }))
}

// reading lets f read in one transaction.
func (c *conn) reading(f func() error) (err error) {
	if _, err := c.exec("BEGIN"); err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer func() {
		if _, e := c.exec("ROLLBACK"); err == nil && e != nil {
			err = fmt.Errorf("end of reading: %w", e)
		}
	}()
	return f()
}
