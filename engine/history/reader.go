package history

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Unreadable is the error of a decision that would need what cannot be read.
type Unreadable struct{ Err error }

func (u *Unreadable) Error() string { return u.Err.Error() }

// Unwrap returns why.
func (u *Unreadable) Unwrap() error { return u.Err }

// UnreadableEvent says that an event of a member's history cannot be read.
func UnreadableEvent(id string, err error) *Unreadable {
	return &Unreadable{fmt.Errorf("event %s of the history cannot be read: %w", id, err)}
}

// Reader answers what expressions ask of a member's history at an instant. It is an
// [expression.History].
type Reader struct {
	History *History
	Env     *expression.Env   // the items of trees are evaluated in it
	Now     time.Time         // UTC
	Zone    *time.Location    // of the member
	Schema  *playbooks.Schema // that events are read by

	Patient bool // it builds trees of any number of stored events: see NotBuilt

	Unreadable  *Unreadable  // what was asked for and cannot be read
	Unavailable *Unavailable // what could not be had from a store

	spanned spanned
}

// spanned is the span of the window that was asked for last: the same one is asked for again and again.
type spanned struct {
	window   schema.Window
	now      time.Time
	zone     *time.Location
	from, to int64
}

func (s *spanned) is(w schema.Window, r *Reader) bool {
	return s.window == w && s.zone == r.Zone && s.now.Equal(r.Now)
}

// Put adds a decided event to the history and to the trees over it.
func (r *Reader) Put(name string, e Event, t *Tracking, taken map[string]*Taken) {
	p := r.History.find(name)
	if p.stored() {
		p.insert(happenedOf(&e))
		r.growBy(p, &e, taken)
		return
	}
	if r.History.put(name, &e, t) && p != nil && p.far != nil {
		r.growBy(p, &e, taken)
	}
}

// growBy is grow for an event that is not read yet.
func (r *Reader) growBy(p *past, e *Event, taken map[string]*Taken) {
	kept := happenedOf(e)
	r.grow(p, &kept, taken)
}

// list returns the events of a slot, unless they are in a store: the whole name, or
// [now - window, now] with both ends.
func (r *Reader) list(s expression.Slot) []happened {
	p := r.History.find(s.Event)
	if p == nil || p.stored() {
		return nil
	}
	list, now := p.events, r.Now.UnixMilli()
	end := len(list)
	if end > 0 && list[end-1].time > now {
		end = sort.Search(end, func(i int) bool { return list[i].time > now })
	}
	if s.Window.IsZero() {
		return list[:end]
	}
	since := func(from int64) int { return sort.Search(end, func(i int) bool { return list[i].time >= from }) }
	if s.Window.Period != schema.NoPeriod || r.spanned.is(s.Window, r) {
		from, to := r.span(s)
		start := since(from)
		if s.Window.Last {
			end = since(to + 1)
		}
		return list[start:end]
	}
	// Calendar days are asked for when it matters how long they were.
	start := since(now - s.Window.Longest().Milliseconds())
	if start < end && list[start].time < now-s.Window.Shortest().Milliseconds() {
		from, _ := r.span(s)
		start = since(from)
	}
	return list[start:end]
}

// listed returns the events of a slot. Of those in a store it returns one more than a list may have
// at most.
func (r *Reader) listed(s expression.Slot) ([]happened, error) {
	if p := r.History.find(s.Event); p.stored() {
		return r.fetched(p, s)
	}
	return r.list(s), nil
}

// fetched is listed for events that are in a store.
func (r *Reader) fetched(p *past, s expression.Slot) (list []happened, err error) {
	from, to := r.span(s)
	err = r.each(p, from, to, func(h *happened) bool {
		list = append(list, *h)
		return len(list) <= expression.MaxItems
	})
	slices.SortStableFunc(list, func(a, b happened) int { return a.compare(&b) })
	return list, err
}

// Oldest returns the time of the oldest event that a slot holds.
func (r *Reader) Oldest(s expression.Slot) (at time.Time, some bool) {
	if p := r.History.find(s.Event); p.stored() {
		from, to := r.span(s)
		first, some, err := r.first(p, from, to)
		return time.UnixMilli(first).UTC(), some && err == nil
	}
	if list := r.list(s); len(list) > 0 {
		return time.UnixMilli(list[0].time).UTC(), true
	}
	return at, false
}

// Count returns how many events a slot holds.
func (r *Reader) Count(s expression.Slot) (int, error) {
	p := r.History.find(s.Event)
	if p.stored() {
		v, err := r.within(s, nil)
		return v.Events, err
	}
	n := len(r.list(s))
	if p != nil && s.Window.IsZero() {
		n += p.earlier
	}
	return n, nil
}

// readable reports whether an event of the history can be decoded. One that cannot be ends the
// decision: see [Unreadable].
func (r *Reader) readable(h *happened) bool {
	if _, err := h.decode(); err != nil {
		r.Unreadable = UnreadableEvent(h.id, err)
		return false
	}
	return true
}

// List returns the events of a slot as expressions see them. One that the schema does not take any
// more is left out.
func (r *Reader) List(s expression.Slot) ([]any, error) {
	list, err := r.listed(s)
	if err == nil && len(list) > expression.MaxItems {
		err = &expression.TooMany{Slot: s}
	}
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(list))
	for i := range list {
		if !r.readable(&list[i]) {
			continue
		}
		if rec, err := list[i].recordOf(s.Event, r.Schema, r.Zone); err == nil {
			out = append(out, rec)
		}
	}
	return out, nil
}

// Sum adds up an int or a number of a slot's events, exactly; nothing makes 0. One that the schema
// does not take any more is left out.
func (r *Reader) Sum(s expression.Slot, field string) (any, error) {
	e := r.Schema.Event(s.Event)
	if e == nil || e.Properties == nil {
		return 0, nil
	}
	of, _ := e.Properties.Field(field)
	var sum decimal.Total
	list, err := r.listed(s)
	if err != nil {
		return nil, err
	}
	for i := range list {
		h := &list[i]
		if !h.fits(r.Schema, e.Properties) {
			if !r.readable(h) {
				return nil, r.Unreadable
			}
			continue
		}
		value := h.properties[field]
		if f, ok := value.(float64); ok && of.Kind == schema.KindNumber { // most are: no conversion
			sum.AddFloat(f)
			continue
		}
		switch v, _ := of.Coerce(value); v := v.(type) {
		case int:
			sum.AddInt(v)
		case float64:
			sum.AddFloat(v)
		}
	}
	return sum.Value()
}
