// Package trail goes through records as lists need them: newest first, a page at a time, and no more of
// them than a page may read.
package trail

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Columns are those of a record r that RecordOf reads.
const Columns = "r.n, (SELECT id FROM subjects WHERE n = r.subject), r.at, r.data"

// RecordOf reads a row of the columns.
func RecordOf(r sqlconn.Row) *records.Stored {
	return records.Read(r.Int(0), r.Str(1), r.Instant(2), r.Bytes(3))
}

// Portion is how many records a list reads at once.
const Portion = 128

// Selection is SQL that gives records from a number down to another, so many of them at most.
type Selection string

const before = "SELECT " + Columns + " FROM records r "

// All selects all records.
const All Selection = before + "WHERE r.n <= ? AND r.n >= ? ORDER BY r.n DESC LIMIT ?"

// Selections of the records of a member, by what these show.
var (
	OfRuns      = showing(records.ShowsRun)
	OfCoupons   = showing(records.ShowsCoupon)
	OfDecisions = showing(records.ShowsRun | records.ShowsRefusal)
	OfAny       = showing(records.ShowsRun | records.ShowsRefusal | records.ShowsCoupon)
)

// showing returns what selects the records of a member that show some of a set of things: each
// combination is a part of the index, in order, and so nothing else is read.
func showing(some records.Shown) Selection {
	var parts []string
	for s := records.Shown(1); s <= records.ShowsRun|records.ShowsRefusal|records.ShowsCoupon; s++ {
		if s&some != 0 {
			const part = `INDEXED BY records_subject
				WHERE r.subject = (SELECT n FROM subjects WHERE kind = 'member' AND id = ?1) AND r.shows = %d AND r.n <= ?2 AND r.n >= ?3`
			parts = append(parts, before+fmt.Sprintf(part, s))
		}
	}
	return Selection(strings.Join(parts, " UNION ALL ") + " ORDER BY 1 DESC LIMIT ?4")
}

// Visit is called with each record that a list reads, until it wants no more.
type Visit func(*records.Stored) (more bool, err error)

// Trail is a connection, and the page that records are read for.
type Trail struct {
	*sqlconn.Conn
	*records.Page
}

// Walk goes through the records of a selection from a number down to another. args are those of the
// selection besides. It reports whether that is all that there is.
func (t Trail) Walk(s Selection, args []any, from, to int64, each Visit) (more bool, err error) {
	for from >= to {
		n := 0
		more, err := t.visit(string(s), append(slices.Clone(args), from, to, Portion), func(r *records.Stored) (bool, error) {
			n, from = n+1, r.N-1
			return each(r)
		})
		if err != nil || !more || n < Portion {
			return more, err
		}
	}
	return true, nil
}

func (t Trail) visit(read string, args []any, each Visit) (more bool, err error) {
	var list []*records.Stored
	err = t.Query(read, args, func(r sqlconn.Row) error {
		list = append(list, RecordOf(r))
		return nil
	})
	for _, rec := range list {
		if err != nil || !t.Reads(rec.N) {
			return false, err
		}
		if more, err = each(rec); err != nil || !more {
			return false, err
		}
	}
	return true, err
}

// Between goes through the records of a time, in milliseconds, from a number down. Those of a time are
// in no order: their numbers are sorted first, without reading them.
func (t Trail) Between(begun, until, from int64, each Visit) error {
	var numbers []string
	const read = `SELECT n FROM records INDEXED BY records_at WHERE at BETWEEN ? AND ? AND n <= ? ORDER BY n DESC LIMIT ?`
	err := t.Query(read, []any{begun, until, from, store.PageReads + 1}, func(r sqlconn.Row) error {
		n, _ := r[0].(int64)
		numbers = append(numbers, strconv.FormatInt(n, 10))
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(numbers, Portion) {
		const these = "SELECT " + Columns + " FROM json_each(?) j CROSS JOIN records r WHERE r.n = j.value ORDER BY r.n DESC"
		more, err := t.visit(these, []any{"[" + strings.Join(some, ",") + "]"}, each)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// Marked goes through the blocks that hold something of a playbook, one of two things; the empty
// playbook is any.
func (t Trail) Marked(playbook, what, or string, from int64, each Visit) error {
	for block := records.BlockOf(from); ; block-- {
		found := false
		const read = "SELECT max(block) FROM marks WHERE playbook = ? AND what IN (?, ?) AND block <= ?"
		err := t.Query(read, []any{playbook, what, or, block}, func(r sqlconn.Row) error {
			block, found = r[0].(int64)
			return nil
		})
		if err != nil || !found {
			return err
		}
		first, last := records.Block(block)
		if more, err := t.Walk(All, nil, min(last, from), first, each); err != nil || !more {
			return err
		}
	}
}
