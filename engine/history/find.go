package history

import (
	"cmp"
	"math"
	"slices"

	"github.com/usher-run/usher/engine/tree"
	"github.com/usher-run/usher/playbooks/expression"
)

// first returns when the first event from a time to another was, of a part that is in a store. Windows begin a little
// later each time they are asked for, so the answer is most often the same as before.
func (r *Reader) first(p *past, from, to int64) (at int64, some bool, err error) {
	if !p.quiet.covers(from, to) {
		q := &quiet{from: from, to: to + 1}
		err := p.archive.Events(from, to, false, func(e *Event) bool {
			q.to, q.ended = e.Time.UnixMilli(), true
			return false
		})
		if err != nil {
			return 0, false, r.broken(err)
		}
		p.quiet = q
	}
	at = math.MaxInt64
	if p.quiet.ended {
		at = p.quiet.to
	}
	if i := p.since(from); i < len(p.events) {
		at = min(at, p.events[i].time)
	}
	return at, at <= to, nil
}

// End returns the first or the last event of a slot for which the condition of an aggregate holds.
func (r *Reader) End(s expression.Slot, a *expression.Aggregate, last bool) (found any, err error) {
	p := r.History.find(s.Event)
	if p == nil {
		return nil, nil
	}
	from, to := r.span(s)
	if a == nil {
		return r.end(p, nil, from, to, last)
	}
	err = r.ask(p, &Taken{a, r.Schema}, func(g *grown) error {
		return g.tree().Hits(from, to, last, func(part tree.Part) (bool, error) {
			found, err = r.end(p, g, part.From, part.To, last)
			return found == nil, err
		})
	})
	return found, err
}

// end returns the first or the last event from a time to another that the schema takes, and for
// which the item holds.
func (r *Reader) end(p *past, g *grown, from, to int64, last bool) (found any, err error) {
	var same []*happened // of one time
	settle := func() bool {
		if last {
			slices.Reverse(same)
		}
		slices.SortStableFunc(same, (*happened).compare)
		if last {
			slices.Reverse(same)
		}
		for i := range same {
			if found, err = r.held(same[i], p.name, g); found != nil || err != nil {
				return false
			}
		}
		same = same[:0]
		return true
	}
	more := true
	failed := r.from(p, from, to, last, func(h *happened) bool {
		if len(same) > 0 && same[0].time != h.time {
			more = settle()
		}
		if more {
			same = append(same, h)
		}
		return more
	})
	if more && failed == nil {
		settle()
	}
	return found, cmp.Or(err, failed)
}

// held returns the event as expressions see it when the item holds for it; nil when it does not.
func (r *Reader) held(h *happened, name string, g *grown) (any, error) {
	if !r.readable(h) {
		return nil, r.Unreadable
	}
	var item any = true
	if g != nil {
		item = g.items([]*happened{h})[0]
	}
	if failed, is := item.(error); is {
		return nil, failed
	}
	if rec, err := h.recordOf(name, r.Schema, r.Zone); err == nil && item == true { // else the schema does not take it
		return rec, nil
	}
	return nil, nil
}
