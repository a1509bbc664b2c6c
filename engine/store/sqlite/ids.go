package sqlite

import (
	"errors"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// idKey is the number of the key that ids are hashed with: the database's secret.
const idKey = 1

var errIDs = errors.New("an id has the hashes of others")

// takeID notes an input under its id. It returns the input that is known by it already; then
// nothing is noted.
func (t *tx) takeID(in *engine.Input) (first *engine.Input, err error) {
	for _, at := range t.ids.Of(store.IdentityOf(in)) {
		const put = "INSERT INTO ids VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
		n, err := t.exec(put, at, idKey, t.lanes.OfMember(in.Member), in.Seq)
		if err != nil || n == 1 {
			return nil, err
		}
		if first, _, err = t.inputAt(at, in.ID); first != nil || err != nil {
			return first, err
		}
	}
	return nil, errIDs
}

// input returns the stored input that is known by this; nil when there is none.
func (c *conn) input(known store.Identity) (*engine.Input, error) {
	for _, at := range c.ids.Of(known) {
		if first, taken, err := c.inputAt(at, known.ID); first != nil || !taken || err != nil {
			return first, err
		}
	}
	return nil, errIDs
}

// inputAt returns the input of an id at one of its places, and whether the place is taken, if only by
// another id.
func (c *conn) inputAt(at int64, id string) (first *engine.Input, taken bool, err error) {
	taken, err = c.one("SELECT 1 FROM ids WHERE hash = ?", []any{at}, func(row) error { return nil })
	if !taken || err != nil { // nearly always: looking for no more costs half
		return nil, false, err
	}
	const read = "SELECT " + inputColumns + " FROM ids k CROSS JOIN inbox i WHERE k.hash = ? AND i.lane = k.lane AND i.seq = k.seq"
	_, err = c.one(read, []any{at}, func(r row) error {
		if in := storedInput(r); in.ID == id {
			first = &in
		}
		return nil
	})
	return first, taken, err
}

// putBack moves an input behind everything that is in the inbox, as the kind that it was accepted as,
// and as of now unless it is to be as it was.
func (t *tx) putBack(kind engine.InputKind, id string, lane int, seq int64, accepted acceptance) error {
	if err := t.load(); err != nil {
		return err
	}
	to := t.clock.seq + 1
	const put = "UPDATE inbox SET seq = ?, kind = ?, at = CASE WHEN ? THEN at ELSE ? END WHERE lane = ? AND seq = ?"
	keeps := accepted == acceptedThen || kind == engine.InputSchedule
	if _, err := t.exec(put, to, string(kind), keeps, t.clock.at, lane, seq); err != nil {
		return err
	}
	t.clock.seq, t.dirty = to, true
	const note = "UPDATE ids SET seq = ? WHERE hash = ? AND lane = ? AND seq = ?"
	for _, at := range t.ids.Of(store.Identity{Kind: kind, ID: id}) {
		if n, err := t.exec(note, to, at, lane, seq); err != nil || n == 1 {
			return err
		}
	}
	return nil // what is stored of it is damaged, and nobody knows its id any more
}
