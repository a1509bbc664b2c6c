package trail

import (
	"bytes"
	"fmt"

	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Decided goes once through the records of the subjects of a lane, by their hash and then in order; of
// one member, if not empty. The numbers alone are sorted.
func Decided(c *sqlconn.Conn, lane store.Lane, member string, each func(store.Recorded) error) error {
	const of = `SELECT r.n FROM subjects s CROSS JOIN records r INDEXED BY records_subject
		WHERE s.kind = 'member' AND s.id = ? AND r.subject = s.n ORDER BY r.n LIMIT -1`
	const all = `SELECT r.n FROM records r INDEXED BY records_subject CROSS JOIN subjects s
		WHERE s.n = r.subject AND s.hash BETWEEN ? AND ? ORDER BY s.hash, r.n LIMIT -1`
	numbers, args := of, []any{member}
	if member == "" {
		numbers, args = all, []any{lane.First, lane.Last}
	}
	read := "SELECT " + Columns + ", r.seq, r.epoch FROM (" + numbers + ") k CROSS JOIN records r WHERE r.n = k.n"
	return c.Query(read, args, func(r sqlconn.Row) error {
		data, _, err := records.Split(r.Bytes(3))
		rec := store.Recorded{Data: bytes.Clone(data), Epoch: r.Int(5)}
		if err == nil {
			rec.Record, err = records.Decode(rec.Data, r.Str(1), r.Instant(2))
		}
		if err != nil {
			return fmt.Errorf("%w: record %d: %w", store.ErrDamaged, r.Int(0), err)
		}
		rec.Seq = r.Int(4)
		return each(rec)
	})
}
