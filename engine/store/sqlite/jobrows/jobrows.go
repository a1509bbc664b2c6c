// Package jobrows reads and writes the rows of jobs.
package jobrows

import (
	"encoding/json"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Read returns the jobs that what follows FROM selects, without their members.
func Read(c *sqlconn.Conn, selection string, args ...any) (list []store.Job, err error) {
	const read = `SELECT n, name, kind, playbook, via, segment, at, asked_by, data, state, reason, cursor, looked_at, reached,
		passed_over, ended_at FROM jobs `
	err = c.Query(read+selection, args, func(r sqlconn.Row) error {
		list = append(list, store.Job{
			N: r.Int(0), Name: r.Str(1), Kind: store.JobKind(r.Str(2)), Playbook: r.Str(3), Via: r.Str(4),
			Segment: r.Str(5), At: r.Instant(6), By: r.Str(7), Data: r.Bytes(8), State: store.JobState(r.Str(9)),
			Reason: r.Str(10), Cursor: r.Str(11), LookedAt: int(r.Int(12)), Reached: int(r.Int(13)), PassedOver: int(r.Int(14)),
			EndedAt: r.Instant(15),
		})
		return nil
	})
	return list, err
}

// Add stores a job once under its name.
func Add(c *sqlconn.Conn, j *store.Job) (first bool, err error) {
	var members []byte
	if len(j.Members) > 0 {
		if members, err = json.Marshal(j.Members); err != nil {
			return false, err
		}
	}
	const put = `INSERT INTO jobs (name, kind, playbook, via, segment, members, at, asked_by, data, state, reason, cursor, looked_at,
		reached, passed_over, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	n, err := c.Exec(put, j.Name, string(j.Kind), j.Playbook, j.Via, j.Segment, members, sqlconn.Millis(j.At), j.By,
		j.Data, string(j.State), j.Reason, j.Cursor, j.LookedAt, j.Reached, j.PassedOver, sqlconn.Millis(j.EndedAt))
	return n == 1, err
}

// Put stores how far a job has got.
func Put(c *sqlconn.Conn, j *store.Job) error {
	const put = `UPDATE jobs SET cursor = ?, looked_at = ?, reached = ?, passed_over = ?, state = ?, reason = ?, ended_at = ?
		WHERE n = ?`
	_, err := c.Exec(put, j.Cursor, j.LookedAt, j.Reached, j.PassedOver, string(j.State), j.Reason,
		sqlconn.Millis(j.EndedAt), j.N)
	return err
}
