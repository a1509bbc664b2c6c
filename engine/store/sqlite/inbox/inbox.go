// Package inbox reads the rows of the inbox, decided events among them.
package inbox

import (
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Kinds of inputs that are the store's own.
const (
	Poisoned = "poisoned" // it was set aside
	// Cascaded is an event that a run emitted to its own member: it was decided with the input that it
	// came of, and is history.
	Cascaded = "cascaded"
	// Erased is an event that was decided of an object that was deleted since: it is no history any more.
	Erased = "erased"
	// Held begins the kind of an input whose member is held. Whoever reads it sees its own kind.
	Held = "held "
)

// Columns are those of a row i of the inbox that Stored and Input read.
const Columns = `i.seq, i.kind, i.id, i.member, i.name, i.time, i.at, i.data, i.cause`

// Stored returns an input as it is stored, with a kind that may be the store's own.
func Stored(r sqlconn.Row) engine.Input {
	return engine.Input{
		Seq: r.Int(0), Kind: engine.InputKind(strings.TrimPrefix(r.Str(1), Held)), ID: r.Str(2), Member: r.Str(3),
		Name: r.Str(4), Time: r.Instant(5), At: r.Instant(6), Data: document.Unformatted(r.Bytes(7)),
		Cause: r.Int(8),
	}
}

// Input returns an input as it came in.
func Input(r sqlconn.Row) engine.Input {
	in := Stored(r)
	if in.Kind == Cascaded || in.Kind == Erased {
		in.Kind = engine.InputEvent
	}
	return in
}

// Decided goes once through what a lane has decided, by the hash of the member and then in order; of
// one member, if not empty. The numbers alone are sorted.
func Decided(c *sqlconn.Conn, lane int, member string, each func(engine.Input) error) error {
	const read = "SELECT " + Columns + ` FROM (SELECT b.seq AS n FROM lanes l CROSS JOIN inbox b
			WHERE l.lane = ?1 AND b.lane = l.lane AND b.seq <= l.watermark AND (?2 = '' OR b.member = ?2)
			AND b.kind NOT IN ('` + Cascaded + `', '` + Poisoned + `') AND b.kind NOT LIKE '` + Held + `%'
			ORDER BY b.hash, b.seq LIMIT -1)
		CROSS JOIN inbox i WHERE i.lane = ?1 AND i.seq = n`
	return c.Query(read, []any{lane, member}, func(r sqlconn.Row) error { return each(Input(r)) })
}
