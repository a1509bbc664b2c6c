package sqlite

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

// conn is one connection, used by one goroutine at a time, with every statement it ever prepared.
// It speaks to the driver without database/sql between them: at 100,000 small statements a second
// that layer costs as much as the statements.
type conn struct {
	raw   driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
	row   []driver.Value
	until context.Context // cuts what is read; nil: nothing does
	ids   *idHash         // of those that look inputs up by their ids
	seen  *seenEvents     // of those that decisions and questions read on
}

func dial(dsn string) (*conn, error) {
	raw, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, fmt.Errorf("open a database connection: %w", err)
	}
	return &conn{raw: raw, stmts: map[string]driver.Stmt{}}, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.Close() // the connection goes with them
	}
	return c.raw.Close()
}

func (c *conn) prepare(sql string, args []any) (driver.Stmt, error) {
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

// refused reports whether an error is about what was to be stored, and comes again whenever it is
// tried. All others are passing.
func refused(err error) bool {
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

// exec runs a statement and gives how many rows it changed.
func (c *conn) exec(sql string, args ...any) (int, error) {
	s, err := c.prepare(sql, args)
	if err != nil {
		return 0, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(context.Background(), c.args)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// query runs a statement and calls each for every row. The row is good until each returns.
func (c *conn) query(sql string, args []any, each func(row) error) (err error) {
	ctx := context.Background()
	if c.until != nil {
		// The driver cuts the way to the first row alone, so all of the answer is found on that way.
		ctx, sql = c.until, "WITH answer AS MATERIALIZED ("+sql+") SELECT * FROM answer"
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
		c.row = make([]driver.Value, n)
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

// one runs a statement that gives at most one row; false when it gave none.
func (c *conn) one(sql string, args []any, each func(row) error) (found bool, err error) {
	err = c.query(sql, args, func(r row) error {
		found = true
		return each(r)
	})
	return found, err
}

// row is one row of an answer, read by column number.
type row []driver.Value

func (r row) str(i int) string {
	switch v := r[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func (r row) int(i int) int64 {
	v, _ := r[i].(int64)
	return v
}

func (r row) bytes(i int) []byte {
	switch v := r[i].(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	case nil:
		return nil
	}
	return fmt.Append(nil, r[i]) // damaged: no column that is read so holds a number
}
