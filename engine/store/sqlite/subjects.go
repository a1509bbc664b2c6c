package sqlite

import (
	"cmp"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/lastseen"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// subjectOfMember is the beginning of what selects the number of a member, by the id that follows.
const subjectOfMember = "SELECT n FROM subjects WHERE kind = 'member' AND id = "

// known returns the number of a member as far as no row is to be read for it; else 0.
func (t *tx) known(member string) int64 { return cmp.Or(t.subjects[member], t.numbers.Of(member)) }

// subject returns the number of a member, which rows refer to, and gives one to whom has none.
func (t *tx) subject(member string) (n int64, err error) {
	if n = t.known(member); n != 0 {
		return n, nil
	}
	found, err := t.one(subjectOfMember+"?", []any{member}, func(r row) error {
		n = r.int(0)
		return nil
	})
	if err == nil && !found {
		n, err = t.insertSubject(member, nil)
	}
	if err == nil {
		t.subjects[member] = n
	}
	return n, err
}

// insertSubject makes the row of a subject that has none; the number is 0 when there is one.
func (t *tx) insertSubject(id string, state []byte) (n int64, err error) {
	const insert = "INSERT INTO subjects (kind, id, hash, state, code) VALUES ('member', ?, ?, ?, ?) ON CONFLICT (kind, id) DO NOTHING"
	code := ""
	if !naming.IsObject(id) {
		code = t.keys.ReferralCode(id)
	}
	var stored any
	if state != nil {
		stored = document.Formatted(state)
	}
	return t.Insert(insert, id, store.HashOf(store.SubjectMember, id), stored, code)
}

// putMember stores the state of a member.
func (t *tx) putMember(id string, state []byte) error {
	n := t.known(id)
	if n == 0 { // nearly always there is no row
		var err error
		n, err = t.insertSubject(id, state)
		if n != 0 {
			t.subjects[id] = n
			return nil
		}
		if err != nil {
			return err
		}
		if n, err = t.subject(id); err != nil {
			return err
		}
	}
	_, err := t.exec("UPDATE subjects SET state = ? WHERE n = ?", document.Formatted(state), n)
	return err
}

// deleteSubject leaves nothing of a subject that a decision would read: no state, and no event that was decided
// before. What came from outside stays, for replay; what runs emitted comes out of that again. `seen` is below 0 until
// there is a later event: up to that one, none counts that somebody has folded before.
func (t *tx) deleteSubject(d *engine.Deletion) error {
	n, err := t.subject(d.Member)
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE subjects SET state = NULL, seen = -? WHERE n = ?", d.Seq, n); err != nil {
		return err
	}
	const came = `UPDATE inbox SET kind = '` + inbox.Erased + `' WHERE hash = ? AND member = ? AND kind = 'event' AND seq < ?`
	const emitted = `DELETE FROM inbox WHERE hash = ? AND member = ? AND kind = 'cascaded'
		AND CASE WHEN cause > 0 THEN cause < ? ELSE at <= ? END`
	hash := store.HashOf(store.SubjectMember, d.Member)
	if _, err := t.exec(came, hash, d.Member, d.Seq); err != nil {
		return err
	}
	if _, err := t.exec(emitted, hash, d.Member, d.Seq, millis(d.At)); err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM referrals WHERE subject = ? OR inviter = ?", n, n); err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM trees WHERE subject = ?", n)
	return err
}

// members reads the states of a list of members, and returns the numbers of those who have one. Of
// what cannot be read the state says so.
func (c *conn) members(states map[string]*engine.State, ids []string) (list []int64, err error) {
	seen, err := c.lastSeen(ids)
	if err != nil {
		return nil, err
	}
	const read = `SELECT s.id, s.state, s.seen, s.n FROM json_each(?) j CROSS JOIN subjects s
		WHERE s.kind = 'member' AND s.id = j.value`
	met := make(map[string]int64, len(ids))
	err = c.query(read, []any{sqlconn.List(ids)}, func(r row) error {
		row := subjectOf(r)
		list, met[row.id] = append(list, r.int(3)), r.int(3)
		if r[1] == nil {
			return nil
		}
		s := states[row.id]
		m, err := row.member(seen)
		if err != nil {
			s.SetUnreadable(err.Error())
		}
		s.Member = m
		return nil
	})
	if c.seen != nil { // not of the writer, who may take back what it has given
		c.numbers.Add(met)
	}
	return list, err
}

// subject is a row of subjects.
type subject struct {
	id    string
	state []byte
	seen  int64 // when it was last seen; below 0: up to which event it was another
}

func subjectOf(r row) subject { return subject{r.str(0), document.Unformatted(r.bytes(1)), r.int(2)} }

// member decodes the state. Events that were decided since may say that the member was seen later.
func (s *subject) member(seen map[string]lastseen.Event) (*engine.Member, error) {
	m := new(engine.Member)
	if err := m.Decode(s.state); err != nil {
		return nil, fmt.Errorf("%w: the state of member %s: %w", store.ErrDamaged, s.id, err)
	}
	if m.ID != s.id {
		return nil, fmt.Errorf("%w: the state of member %s is that of %q", store.ErrDamaged, s.id, m.ID)
	}
	at := s.seen
	if last := seen[s.id]; last.Seq > -at {
		at = max(at, last.At)
	}
	if at := instant(max(at, 0)); at.After(m.LastSeenAt) {
		m.LastSeenAt = at
	}
	return m, nil
}
