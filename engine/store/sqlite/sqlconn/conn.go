// Package sqlconn speaks to SQLite's driver.
package sqlconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/usher-run/usher/engine/store"
)

// Conn is one connection, used by one goroutine at a time, with every statement it ever prepared.
// It speaks to the driver without database/sql between them: at 100,000 small statements a second
// that layer costs as much as the statements.
type Conn struct {
	raw   driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
	row   Row
	Until context.Context // cuts what is read; nil: nothing does
}

// Dial opens a connection.
func Dial(dsn string) (*Conn, error) {
	raw, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, fmt.Errorf("open a database connection: %w", err)
	}
	return &Conn{raw: raw, stmts: map[string]driver.Stmt{}}, nil
}

// Close closes it.
func (c *Conn) Close() error {
	for _, s := range c.stmts {
		_ = s.Close() // the connection goes with them
	}
	return c.raw.Close()
}

func (c *Conn) prepare(sql string, args []any) (driver.Stmt, error) {
	c.args = c.args[:0]
	for i, a := range args {
		v, err := value(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d of %q: %w", i+1, sql, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.raw.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	c.stmts[sql] = s
	return s, nil
}

// value returns an argument in one of the types that the driver binds.
func value(a any) (driver.Value, error) {
	switch v := a.(type) {
	case string, int64, nil, []byte:
		return v, nil
	case int:
		return int64(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	}
	return nil, fmt.Errorf("%w: a %T", errNoColumn, a)
}

var errNoColumn = errors.New("no column holds it")

// Refused reports whether an error is about what was to be stored, and comes again whenever it is
// tried. All others are passing.
func Refused(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff { // the rest says more of the same
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
			return true
		}
		return false
	}
	return errors.Is(err, errNoColumn) || errors.Is(err, store.ErrNotFound)
}

// Exec runs a statement and gives how many rows it changed.
func (c *Conn) Exec(sql string, args ...any) (int, error) {
	res, err := c.execute(sql, args)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Insert runs a statement that inserts a row at most, and gives its number; 0: it inserted none.
func (c *Conn) Insert(sql string, args ...any) (int64, error) {
	res, err := c.execute(sql, args)
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (c *Conn) execute(sql string, args []any) (driver.Result, error) {
	s, err := c.prepare(sql, args)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(context.Background(), c.args)
}

// Query runs a statement and calls each for every row. The row is good until each returns.
func (c *Conn) Query(sql string, args []any, each func(Row) error) (err error) {
	ctx := context.Background()
	if c.Until != nil {
		// The driver cuts the way to the first row alone, so all of the answer is found on that way.
		ctx, sql = c.Until, "WITH answer AS MATERIALIZED ("+sql+") SELECT * FROM answer"
	}
	s, err := c.prepare(sql, args)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, c.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	if n := len(rows.Columns()); cap(c.row) < n {
		c.row = make(Row, n)
	} else {
		c.row = c.row[:n]
	}
	for {
		if err := rows.Next(c.row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := each(c.row); err != nil {
			return err
		}
	}
}

// One runs a statement that gives at most one row; false when it gave none.
func (c *Conn) One(sql string, args []any, each func(Row) error) (found bool, err error) {
	err = c.Query(sql, args, func(r Row) error {
		found = true
		return each(r)
	})
	return found, err
}

// PagesWritten returns how many pages were written since the last call; false: nobody knows.
func (c *Conn) PagesWritten() (int, bool) {
	status, ok := c.raw.(sqlite.DBStatus)
	if !ok {
		return 0, false
	}
	n, _, err := status.Status(sqlite.DBStatusCacheWrite, true)
	return n, err == nil
}

// CopyLog copies the log into the database, as far as no reader needs what is older.
func (c *Conn) CopyLog() error {
	return c.Query("PRAGMA wal_checkpoint(PASSIVE)", nil, func(Row) error { return nil })
}
