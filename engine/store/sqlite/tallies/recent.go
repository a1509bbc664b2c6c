package tallies

import (
	"sync"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/tally"
)

// Recent keeps what was read of the rows that are not summed up yet, so that each is read once,
// however often and for however many playbooks it is asked. The zero value has read nothing.
type Recent struct {
	mu          sync.Mutex
	first, last int64 // numbers of the rows that were read
	sums        map[string]map[engine.TallyKey]int
}

// Stats sums up what a playbook did, up to the moment that c reads of. c must not have read before in
// its transaction: so the moments of two calls are in the order in which they come in here.
func (r *Recent) Stats(c *sqlconn.Conn, playbook string) (*tally.Stats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.read(c); err != nil {
		return nil, err
	}
	s := tally.NewStats()
	for k, n := range r.sums[playbook] {
		s.Add(k.What, k.Key, n)
	}
	const read = "SELECT what, key, n FROM counts WHERE playbook = ?"
	err := c.Query(read, []any{playbook}, func(row sqlconn.Row) error {
		what, _ := row[0].(string)
		key, _ := row[1].(string)
		n, _ := row[2].(int64)
		s.Add(what, key, int(n))
		return nil
	})
	return s, err
}

// read reads the rows that came since the last call. When the first of those that were read is gone,
// all of them have been summed up.
func (r *Recent) read(c *sqlconn.Conn) error {
	first := int64(0)
	err := c.Query("SELECT min(n) FROM tallies", nil, func(row sqlconn.Row) error {
		first, _ = row[0].(int64)
		return nil
	})
	if err != nil {
		return err
	}
	if first != r.first {
		r.first, r.last, r.sums = first, 0, map[string]map[engine.TallyKey]int{}
	}
	return rows(c, r.last, func(n int64, data []byte) {
		r.last = n
		_ = decode(data, func(k engine.TallyKey, n int) { // who sums up says what cannot be read
			of := r.sums[k.Playbook]
			if of == nil {
				of = map[engine.TallyKey]int{}
				r.sums[k.Playbook] = of
			}
			of[k] += n
		})
	})
}
