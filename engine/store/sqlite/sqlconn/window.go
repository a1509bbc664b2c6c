package sqlconn

import (
	"fmt"

	"github.com/usher-run/usher/engine/store"
)

// Window returns the lowest key of the rows that a page looks at, and whether there are more below: of
// rows that a selection has in the order of their key, from the largest below another one on.
func (c *Conn) Window(key, selection string, args ...any) (lowest int64, more bool, err error) {
	read := fmt.Sprintf("SELECT %[1]s FROM %[2]s ORDER BY %[1]s DESC LIMIT 1 OFFSET %[3]d", key, selection, store.PageReads-1)
	more, err = c.One(read, args, func(r Row) error {
		lowest = r.Int(0)
		return nil
	})
	return lowest, more, err
}
