// Package failurerows reads and writes the rows of what was given up on.
package failurerows

import (
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

const columns = `SELECT n, at, what, id, error, outcome, settled_at, COALESCE(CASE what
	WHEN 'input' THEN (SELECT member FROM inbox i WHERE i.lane = failures.lane AND i.seq = failures.seq)
	WHEN 'delivery' THEN (SELECT s.id FROM deliveries d, subjects s WHERE d.key = failures.id AND s.n = d.subject)
	WHEN 'reevaluation' THEN id WHEN 'member' THEN id WHEN 'counts' THEN '' WHEN 'request' THEN ''
	ELSE (SELECT s.id FROM subjects s WHERE s.n = failures.subject) END, '') FROM failures `

func read(c *sqlconn.Conn, selection string, args ...any) (list []store.Failure, err error) {
	err = c.Query(columns+selection, args, func(r sqlconn.Row) error {
		list = append(list, store.Failure{
			N: r.Int(0), At: r.Instant(1), What: r.Str(2), ID: r.Str(3), Error: r.Str(4),
			Outcome: store.FailureOutcome(r.Str(5)), SettledAt: r.Instant(6), Member: r.Str(7),
		})
		return nil
	})
	return list, err
}

// like selects failures, with the arguments of args.
const like = ` AND outcome = ? AND (? = '' OR what = ?) AND at >= ? AND (? = '' OR ? = CASE what
	WHEN 'delivery' THEN (SELECT playbook FROM deliveries WHERE key = failures.id) ELSE playbook END)`

func args(f *store.FailureFilter) []any {
	return []any{string(f.Outcome), f.What, f.What, sqlconn.Millis(f.Since), f.Playbook, f.Playbook}
}

// List returns failures below a number that a filter selects, the newest first, one more than a page has
// if there are so many. lowest is how far it has looked; more says that there are others below.
func List(c *sqlconn.Conn, f *store.FailureFilter, before int64) (
	list []store.Failure, more bool, lowest int64, err error,
) {
	lowest, more, err = c.Window("n", "failures WHERE outcome = ? AND n < ?", string(f.Outcome), before)
	if err == nil {
		list, err = read(c, "WHERE n >= ? AND n < ?"+like+" ORDER BY n DESC LIMIT ?",
			append([]any{lowest, before}, append(args(f), f.Limit+1)...)...)
	}
	return list, more, lowest, err
}

// Open returns the numbers of failures above another that are not settled and that a filter selects, the
// oldest first, one more than a page has if there are so many. highest is how far it has looked; more
// says that there are others above.
func Open(c *sqlconn.Conn, f *store.FailureFilter, after int64) (list []int64, more bool, highest int64, err error) {
	highest = 1 << 62
	const last = "SELECT n FROM failures WHERE outcome = '' AND n > ? ORDER BY n LIMIT 1 OFFSET ?"
	more, err = c.One(last, []any{after, store.PageReads - 1}, func(r sqlconn.Row) error {
		highest = r.Int(0)
		return nil
	})
	if err != nil {
		return nil, false, highest, err
	}
	of := *f
	of.Outcome = ""
	const open = "SELECT n FROM failures WHERE n > ? AND n <= ?" + like + " ORDER BY n LIMIT ?"
	err = c.Query(open, append([]any{after, highest}, append(args(&of), f.Limit+1)...), func(r sqlconn.Row) error {
		list = append(list, r.Int(0))
		return nil
	})
	return list, more, highest, err
}

// Failure returns a failure by its number; ErrNotFound: there is none.
func Failure(c *sqlconn.Conn, n int64) (store.Failure, error) {
	list, err := read(c, "WHERE n = ?", n)
	switch {
	case err != nil:
		return store.Failure{}, err
	case len(list) == 0:
		return store.Failure{}, store.ErrNotFound
	}
	return list[0], nil
}

// Members returns which members are held because of failures of a list.
func Members(c *sqlconn.Conn, list []int64) (ids []string, err error) {
	const of = "SELECT f.id FROM json_each(?) j CROSS JOIN failures f WHERE f.n = j.value AND f.what = 'member' AND f.outcome = ''"
	err = c.Query(of, []any{sqlconn.List(list)}, func(r sqlconn.Row) error {
		ids = append(ids, r.Str(0))
		return nil
	})
	return ids, err
}

// Input is the input that a failure is about.
type Input struct {
	Lane int
	Seq  int64
	Name string
	Kind string // in the inbox
	Was  string // its kind before it was set aside; empty: an earlier version did not keep it
}

// InputOf returns the input that a failure is about; false: it is in the inbox no more.
func InputOf(c *sqlconn.Conn, failure int64) (in Input, found bool, err error) {
	const of = `SELECT i.seq, i.kind, i.name, f.kind, i.lane FROM failures f CROSS JOIN inbox i
		WHERE f.n = ? AND i.lane = f.lane AND i.seq = f.seq`
	found, err = c.One(of, []any{failure}, func(r sqlconn.Row) error {
		in = Input{Seq: r.Int(0), Kind: r.Str(1), Name: r.Str(2), Was: r.Str(3), Lane: int(r.Int(4))}
		return nil
	})
	return in, found, err
}

// ReleaseOf returns the content of the input that was to release a message and was set aside; false: the
// failure is about none.
func ReleaseOf(c *sqlconn.Conn, failure int64) (in engine.Input, found bool, err error) {
	in.Kind = engine.InputRelease
	const of = `SELECT f.id, i.data FROM failures f CROSS JOIN inbox i
		WHERE f.n = ? AND f.kind = 'release' AND i.lane = f.lane AND i.seq = f.seq AND i.kind = '` + inbox.Poisoned + `'`
	found, err = c.One(of, []any{failure}, func(r sqlconn.Row) error {
		in.ID, in.Data = r.Str(0), document.Unformatted(r.Bytes(1))
		return nil
	})
	return in, found, err
}

// Moved notes that the input of a failure has another place in its lane.
func Moved(c *sqlconn.Conn, failure, seq int64) error {
	_, err := c.Exec("UPDATE failures SET seq = ? WHERE n = ?", seq, failure)
	return err
}

// Settle stores how a failure was settled.
func Settle(c *sqlconn.Conn, f *store.Failure) error {
	_, err := c.Exec("UPDATE failures SET outcome = ?, settled_at = ? WHERE n = ?", string(f.Outcome),
		sqlconn.Millis(f.SettledAt), f.N)
	return err
}

// Failed is what was given up on, as it is stored.
type Failed struct {
	What, ID, Text string
	At             time.Time
	Member         string // of a run or a wait: whose it is, which no other row may say
	Playbook       string // of a run or a wait
	// Of an input: its kind, and where it is in the inbox.
	Kind string
	Lane int
	Seq  int64
}

// Add stores what was given up on, under a number. subject is the number of its Member, 0 without one.
func Add(c *sqlconn.Conn, n, subject int64, f *Failed) error {
	const put = "INSERT INTO failures (n, at, what, id, error, kind, lane, seq, subject, playbook) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err := c.Exec(put, n, sqlconn.Millis(f.At), f.What, f.ID, f.Text, f.Kind, f.Lane, f.Seq, subject, f.Playbook)
	return err
}
