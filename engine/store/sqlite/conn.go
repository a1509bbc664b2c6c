package sqlite

import (
	"github.com/usher-run/usher/engine/naming"
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
	keys    *naming.Keys     // of the writer: of the codes of members
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
	return c.Query(sql, args, func(r sqlconn.Row) error { return each(row(r)) })
}

// one runs a statement that gives at most one row; false when it gave none.
func (c *conn) one(sql string, args []any, each func(row) error) (found bool, err error) {
	return c.One(sql, args, func(r sqlconn.Row) error { return each(row(r)) })
}

// row is one row of an answer, read by column number.
type row sqlconn.Row

func (r row) str(i int) string { return sqlconn.Row(r).Str(i) }

func (r row) int(i int) int64 { return sqlconn.Row(r).Int(i) }

func (r row) bytes(i int) []byte { return sqlconn.Row(r).Bytes(i) }
