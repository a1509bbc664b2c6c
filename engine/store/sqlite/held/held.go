// Package held knows which inputs were kept of members on whom nothing was decided, and how they are put
// back, a part after the other.
//
// A member who goes on has a part put back behind all that is in the inbox. The next part follows when that
// one is decided. What comes of the member besides, before it and behind it, is kept meanwhile: it is
// younger than all that was kept before. So a part may be small, however many inputs there are, and all are
// decided in their order.
package held

import (
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Part is how many inputs are put back in one transaction, at most.
const Part = 150

// near is how many inputs of a lane are looked at for those of a member, at most.
const near = 1000

// Member is one who goes on.
type Member struct {
	Subject     int64
	ID          string
	Lane        int
	Since       int64 // when they came to be held
	Then        bool  // their inputs count as accepted when they were
	First, Last int64 // the part that was put back last; 0: none was
	hash        int64
}

const columns = `SELECT h.subject, s.id, h.lane, h.at, h.going = 2, h.first, h.last, s.hash FROM held h `

func read(c *sqlconn.Conn, sql string, args ...any) (list []Member, err error) {
	err = c.Query(columns+sql, args, func(r sqlconn.Row) error {
		list = append(list, Member{
			Subject: r.Int(0), ID: r.Str(1), Lane: int(r.Int(2)), Since: r.Int(3), Then: r.Int(4) == 1,
			First: r.Int(5), Last: r.Int(6), hash: r.Int(7),
		})
		return nil
	})
	return list, err
}

// GoingOn returns the members of a lane who go on, those first whose part was put back first.
func GoingOn(c *sqlconn.Conn, lane int) ([]Member, error) {
	return read(c, "INDEXED BY held_going CROSS JOIN subjects s WHERE h.lane = ? AND h.going > 0 AND s.n = h.subject ORDER BY h.last",
		lane)
}

// Begin lets a member go on who is held, to build trees or not. What is undecided of a part that was put back
// before is kept again. It returns nil when they are not held so.
func Begin(c *sqlconn.Conn, member string, building bool) (*Member, error) {
	const begin = `UPDATE held SET going = 1 + building WHERE going = 0 AND building = ?
		AND subject = (SELECT n FROM subjects WHERE kind = 'member' AND id = ?)`
	if n, err := c.Exec(begin, building, member); err != nil || n == 0 {
		return nil, err
	}
	list, err := read(c, "CROSS JOIN subjects s WHERE s.kind = 'member' AND s.id = ? AND h.subject = s.n", member)
	if err != nil {
		return nil, err
	}
	m := &list[0]
	if m.Last > 0 {
		const again = "UPDATE inbox SET kind = '" + inbox.Held + `' || kind WHERE lane = ?1 AND seq BETWEEN ?2 AND ?3 AND member = ?4
			AND seq > (SELECT watermark FROM lanes WHERE lane = ?1)` + undecided
		_, err = c.Exec(again, m.Lane, m.First, m.Last, m.ID)
	}
	return m, err
}

const undecided = " AND kind NOT IN ('" + inbox.Cascaded + "', '" + inbox.Poisoned + "')"

// Keep keeps what a batch passes over of the members who go on: what is in it between two numbers and not in
// the parts that were put back.
func Keep(c *sqlconn.Conn, lane int, from, to int64) error {
	const keep = "UPDATE inbox SET kind = '" + inbox.Held + `' || kind WHERE lane = ? AND seq > (SELECT ?) AND seq <= ?` + undecided + `
		AND EXISTS (SELECT 1 FROM subjects s CROSS JOIN held h WHERE s.kind = 'member' AND s.id = inbox.member
			AND h.subject = s.n AND h.going > 0 AND inbox.seq NOT BETWEEN h.first AND h.last)`
	_, err := c.Exec(keep, lane, from, to)
	return err
}

// Keeps returns which inputs of a batch are kept, by their number.
func Keeps(going []Member, inputs []engine.Input) map[int64]bool {
	parts := make(map[string]*Member, len(going))
	for i := range going {
		parts[going[i].ID] = &going[i]
	}
	kept := map[int64]bool{}
	for i := range inputs {
		seq := inputs[i].Seq
		if m := parts[inputs[i].Member]; m != nil && (seq < m.First || seq > m.Last) {
			kept[seq] = true
		}
	}
	return kept
}

// Bound returns an instant in milliseconds before which nothing was accepted that is left of the member behind
// the part; false: it is accepted anew. It is that of the last input of the part, or of the first that is kept:
// occurrences of schedules apart, whose instants say nothing of that.
func (m *Member) Bound(c *sqlconn.Conn) (at int64, bounded bool, err error) {
	if !m.Then {
		return 0, false, nil
	}
	at = m.Since
	found := func(r sqlconn.Row) error {
		at, bounded = r.Int(0), true
		return nil
	}
	const last = "SELECT at FROM inbox WHERE lane = ? AND seq BETWEEN ? AND ? AND kind <> 'schedule' ORDER BY seq DESC LIMIT 1"
	if err = c.Query(last, []any{m.Lane, m.First, m.Last}, found); err == nil && !bounded {
		const first = `SELECT at FROM inbox INDEXED BY inbox_held WHERE hash = ? AND kind >= 'held ' AND kind < 'held!' AND member = ?
			AND kind <> 'held schedule' ORDER BY seq LIMIT 1`
		err = c.Query(first, []any{m.hash, m.ID}, found)
	}
	return at, true, err
}

// Input is one to be put back.
type Input struct {
	Seq  int64
	Kind engine.InputKind // as it was accepted
	ID   string
}

func inputs(c *sqlconn.Conn, list []Input, where string, args ...any) ([]Input, error) {
	err := c.Query("SELECT seq, kind, id FROM inbox "+where, args, func(r sqlconn.Row) error {
		list = append(list, Input{r.Int(0), engine.InputKind(strings.TrimPrefix(r.Str(1), inbox.Held)), r.Str(2)})
		return nil
	})
	return list, err
}

// Next returns what is to be put back next, and whether that is all. When little is undecided in the lane, what
// came of the member since is put back with the last that was kept.
func (m *Member) Next(c *sqlconn.Conn, last int64) (list []Input, all bool, err error) {
	const kept = "INDEXED BY inbox_held WHERE hash = ? AND kind >= 'held ' AND kind < 'held!' AND member = ? AND lane = ? AND seq "
	// Of a part that was put back and kept again all comes before what was kept with lower numbers.
	list, err = inputs(c, list, kept+"BETWEEN ? AND ? ORDER BY seq", m.hash, m.ID, m.Lane, m.First, m.Last)
	if err == nil {
		list, err = inputs(c, list, kept+"NOT BETWEEN ? AND ? ORDER BY seq LIMIT ?", m.hash, m.ID, m.Lane, m.First, m.Last,
			Part+1-len(list))
	}
	if err != nil || len(list) == 0 {
		return nil, true, err
	}
	if len(list) > Part {
		return list[:Part], false, nil
	}
	var watermark int64
	err = c.Query("SELECT watermark FROM lanes WHERE lane = ?", []any{m.Lane}, func(r sqlconn.Row) error {
		watermark = r.Int(0)
		return nil
	})
	if err != nil || last-watermark > near {
		return list, false, err
	}
	n := len(list)
	list, err = inputs(c, list, "WHERE lane = ? AND seq > (SELECT ?) AND member = ?"+undecided+" AND kind NOT LIKE '"+inbox.Held+
		"%' ORDER BY seq", m.Lane, watermark, m.ID)
	if len(list) > Part {
		return list[:n], false, err
	}
	return list, true, err
}
