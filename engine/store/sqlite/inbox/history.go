package inbox

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// ErrEnough ends a walk early.
var ErrEnough = errors.New("enough")

// History adds the decided events of members that a query asks for. Behind a member who has too many it
// goes on with the next one. list has the members as a parameter.
func History(c *sqlconn.Conn, members []string, list string, q *store.HistoryQuery, watermark int64,
	into map[string][]engine.Input,
) error {
	read := "SELECT " + Columns + ` FROM json_each(?) j CROSS JOIN inbox i INDEXED BY inbox_history
		WHERE i.hash = j.value ->> 1 AND i.name = ? AND i.time >= ? AND i.kind IN ('event', 'cascaded')
		AND i.member = j.value ->> 0 AND (i.seq <= ? OR i.kind = 'cascaded')`
	if q.Of != nil {
		members, list = q.Of, sqlconn.Hashed(q.Of)
	}
	if len(q.Without) > 0 {
		members = slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(q.Without, m) })
		list = sqlconn.Hashed(members)
	}
	if len(members) == 1 && q.Most > 0 { // who asks for one is answered when all is found: see sqlconn.Query
		read += " LIMIT " + strconv.Itoa(q.Most+1)
	}
	for len(members) > 0 {
		member, n := "", 0
		err := c.Query(read, []any{list, q.Event, since(q.Since), watermark}, func(r sqlconn.Row) error {
			in := Input(r)
			if in.Member != member {
				member, n = in.Member, 0
			}
			if n++; q.Most > 0 && n > q.Most+1 {
				return ErrEnough
			}
			into[member] = append(into[member], in)
			return nil
		})
		if !errors.Is(err, ErrEnough) {
			return err
		}
		members = members[slices.Index(members, member)+1:]
		list = sqlconn.Hashed(members)
	}
	return nil
}

// since returns the lower bound of times in milliseconds: an event of the same millisecond as t may
// be before t.
func since(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 62
	}
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// Span is a part of the decided events of a name of a member, in milliseconds.
type Span struct {
	Member, Event string
	From, To      int64
	Watermark     int64 // of the member's lane
}

// Ascending reads the first events of a span, so many at most, behind an event of From with a seq.
func (s *Span) Ascending(c *sqlconn.Conn, seq int64, size int) ([]engine.Input, error) {
	const up = ofSpan + ` AND (i.time, i.seq) > (?, ?) AND i.time <= ?` + decided + " ORDER BY i.time, i.seq LIMIT "
	return s.read(c, up+strconv.Itoa(size), s.From, seq, s.To, size)
}

// Descending reads the last events of a span, so many at most, before an event of To with a seq.
func (s *Span) Descending(c *sqlconn.Conn, seq int64, size int) ([]engine.Input, error) {
	const down = ofSpan + ` AND (i.time, i.seq) < (?, ?) AND i.time >= ?` + decided + " ORDER BY i.time DESC, i.seq DESC LIMIT "
	return s.read(c, down+strconv.Itoa(size), s.To, seq, s.From, size)
}

const (
	ofSpan  = "SELECT " + Columns + ` FROM inbox i INDEXED BY inbox_history WHERE i.hash = ? AND i.name = ?`
	decided = ` AND i.kind IN ('event', 'cascaded') AND i.member = ? AND (i.seq <= ? OR i.kind = 'cascaded')`
)

func (s *Span) read(c *sqlconn.Conn, read string, begin, seq, end int64, size int) ([]engine.Input, error) {
	page := make([]engine.Input, 0, size)
	err := c.Query(read, []any{
		store.HashOf(store.SubjectMember, s.Member), s.Event, begin, seq, end, s.Member, s.Watermark,
	}, func(r sqlconn.Row) error {
		page = append(page, Input(r))
		return nil
	})
	return page, err
}

// decidedOf reads the decided events of a member, with the arguments of ofMember.
const decidedOf = "SELECT " + Columns + ` FROM inbox i INDEXED BY inbox_history CROSS JOIN lanes s
	WHERE i.hash = ? AND i.kind IN ('event', 'cascaded') AND i.member = ? AND s.lane = i.lane
	AND (i.seq <= s.watermark OR i.kind = 'cascaded')`

func ofMember(member string) []any {
	return []any{store.HashOf(store.SubjectMember, member), member}
}

// OfMember goes through all decided events of a member, in no order.
func OfMember(c *sqlconn.Conn, member string, each func(engine.Input) error) error {
	return c.Query(decidedOf, ofMember(member), func(r sqlconn.Row) error { return each(Input(r)) })
}

// Statements of Before.
const (
	NextName = `SELECT name FROM inbox INDEXED BY inbox_history WHERE hash = ? AND kind IN ('event', 'cascaded') AND name > ?
		ORDER BY name LIMIT 1`
	EventsBefore = decidedOf + ` AND i.name = ? AND (i.time, i.seq) < (?, ?) AND (i.time, i.seq) > (?, ?)
		ORDER BY i.time DESC, i.seq DESC LIMIT ?`
)

// Before returns the last decided events of a member that are before a place, the last one first. The
// index has them by name: of each name no more is read than may be among them.
func Before(c *sqlconn.Conn, member string, before records.EventPlace, limit int) (events []engine.Input, err error) {
	if before.Seq == 0 {
		return nil, nil
	}
	hash, name := store.HashOf(store.SubjectMember, member), ""
	first := records.EventPlace{Time: -1 << 62}
	for {
		more, err := c.One(NextName, []any{hash, name}, func(r sqlconn.Row) error {
			name = r.Str(0)
			return nil
		})
		if err != nil || !more {
			return events, err
		}
		of := append(ofMember(member), name, before.Time, before.Seq, first.Time, first.Seq, limit)
		if err := c.Query(EventsBefore, of, func(r sqlconn.Row) error {
			events = append(events, Input(r))
			return nil
		}); err != nil {
			return nil, err
		}
		slices.SortFunc(events, func(a, b engine.Input) int { return PlaceOf(&b).Compare(PlaceOf(&a)) })
		if len(events) >= limit {
			events = events[:limit]
			first = PlaceOf(&events[limit-1])
		}
	}
}

// PlaceOf returns the place of an event among those of its member.
func PlaceOf(in *engine.Input) records.EventPlace {
	return records.EventPlace{Time: sqlconn.Millis(in.Time), Seq: in.Seq}
}
