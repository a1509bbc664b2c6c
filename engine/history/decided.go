package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
)

// Decided is an event as it was decided.
type Decided struct {
	ID     string
	At     time.Time      // when it was decided
	Record map[string]any // as expressions see it
}

// toldLate is how long before an instant an event may have happened that is told after it, in a history that is not a
// list: a range of it is read by the time of events.
const toldLate = 30 * 24 * time.Hour

// Decided returns the events of a name that were decided at an instant or later, in the order of their decisions,
// whenever they happened. In a long history those are left out that happened more than 30 days before it. One that the
// schema does not take any more is left out. The name is to be loaded whole; of more than a list may have it is an
// error.
func (r *Reader) Decided(name string, from, to time.Time) ([]Decided, error) {
	var kept []*happened // the events themselves: what is decoded of one is kept with it
	keep := func(h *happened) bool {
		if h.at >= from.UnixMilli() {
			kept = append(kept, h)
		}
		return len(kept) <= expression.MaxItems
	}
	p := r.History.find(name)
	switch {
	case p.stored():
		one := func(h *happened) bool { c := *h; return keep(&c) }
		if err := r.each(p, from.Add(-toldLate).UnixMilli(), to.UnixMilli(), one); err != nil {
			return nil, err
		}
	case p != nil:
		for i := range p.events {
			if !keep(&p.events[i]) {
				break
			}
		}
	}
	if len(kept) > expression.MaxItems {
		return nil, &expression.TooMany{Slot: expression.Slot{Event: name, Items: true}}
	}
	slices.SortStableFunc(kept, func(a, b *happened) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.place, b.place))
	})
	out := make([]Decided, 0, len(kept))
	for _, h := range kept {
		if !r.readable(h) {
			return nil, r.Unreadable
		}
		if rec, err := h.recordOf(name, r.Schema, r.Zone); err == nil {
			out = append(out, Decided{ID: h.id, At: time.UnixMilli(h.at).UTC(), Record: rec})
		}
	}
	return out, nil
}
