package sqlite

import (
	"database/sql/driver"
	"fmt"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/ids"
	"github.com/usher-run/usher/engine/store/sqlite/lastseen"
	"github.com/usher-run/usher/engine/store/sqlite/numbers"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// conn is a connection, and what is asked on it.
type conn struct {
	*sqlconn.Conn
	ids     *ids.Hash        // of those that look inputs up by their ids
	seen    *lastseen.Events // of those that decisions and questions read on
	lanes   store.Lanes      // of the database
	numbers *numbers.Known   // of members, as far as they were read
}

func dial(dsn string) (*conn, error) {
	c, err := sqlconn.Dial(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

func (c *conn) close() error { return c.Close() }

func (c *conn) exec(sql string, args ...any) (int, error) { return c.Exec(sql, args...) }

// query runs a statement and calls each for every row. The row is good until each returns.
func (c *conn) query(sql string, args []any, each func(row) error) error {
	return c.Query(sql, args, func(r []driver.Value) error { return each(r) })
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
