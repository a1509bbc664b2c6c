package history

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
)

// History is what is loaded of a member's decided events, by name: few, so that a list is smaller
// and faster than a map.
type History []past

// past is the part of a history that is about events of one name.
type past struct {
	name    string
	events  []happened // by time, then as they were decided: what Needs asked for
	earlier int        // how many more there were before those, when nothing reads more of them than their number

	*far // of a long history; nil: there is none of it
}

// far is what a long history has beside its events, or instead of them.
type far struct {
	archive Archive           // holds all events but those of this decision; nil: there are no others
	roots   map[string][]byte // of the stored trees, by key
	trees   map[string]*grown // by key; nil: none yet
	gone    []string          // keys of stored trees that are given up
	quiet   *quiet            // what was found out of the archive last; nil: nothing
}

// quiet is a time from one instant to before another in which the archive has no events; at the second one it has,
// when it is known what comes then.
type quiet struct {
	from, to int64
	ended    bool
}

// covers reports whether it is known when the first event from a time to another is.
func (q *quiet) covers(from, to int64) bool {
	return q != nil && from >= q.from && from <= q.to && (q.ended || to < q.to)
}

// stored reports whether the events are in a store.
func (p *past) stored() bool { return p != nil && p.far != nil && p.archive != nil }

// long returns what a long history has beside its events.
func (p *past) long() *far {
	if p.far == nil {
		p.far = &far{}
	}
	return p.far
}

// Add puts an event at the end of those of its name.
func (h *History) Add(name string, e Event) {
	p := h.of(name)
	p.events = append(p.events, happenedOf(&e))
}

// Load puts the events of a name that are in a store, and the roots of the trees over them by key.
func (h *History) Load(name string, a Archive, roots map[string][]byte) {
	p := h.of(name)
	p.far = &far{archive: a, roots: roots}
}

// Sort puts the events of each name in the order of their time; of the same time they keep theirs.
func (h History) Sort() {
	for i := range h {
		slices.SortStableFunc(h[i].events, func(a, b happened) int { return cmp.Compare(a.time, b.time) })
	}
}

// find returns the part of a name, nil when there is none. It is good until the next call of of.
func (h History) find(name string) *past {
	for i := range h {
		if h[i].name == name {
			return &h[i]
		}
	}
	return nil
}

// of returns the part of a name, a new one when there is none.
func (h *History) of(name string) *past {
	if p := h.find(name); p != nil {
		return p
	}
	*h = append(*h, past{name: name})
	return &(*h)[len(*h)-1]
}

// Tracking says how much of the history of an event is ever read; nil: nothing.
type Tracking struct {
	items    bool          // the events themselves
	allItems bool          // also the oldest of them
	longest  time.Duration // an upper bound of the windows; zero: there is none
}

// With returns what is tracked when a slot is read, too.
func (t *Tracking) With(s expression.Slot) *Tracking {
	out := Tracking{}
	if t != nil {
		out = *t
	}
	out.items = out.items || s.Items
	if s.Window.IsZero() {
		out.allItems = out.allItems || s.Items
	} else {
		out.longest = max(out.longest, s.Window.Longest())
	}
	return &out
}

// put adds a decided event at its place. An event that nothing asks about is not kept.
func (h *History) put(name string, e *Event, t *Tracking) (kept bool) {
	if t == nil {
		return false
	}
	p := h.of(name)
	if !t.items && t.longest == 0 {
		p.earlier++
		return false
	}
	event := happenedOf(e)
	if !t.items {
		event.properties, event.later = nil, nil
	}
	if !t.allItems {
		p.forget(e.At.Add(-t.longest).UnixMilli())
	}
	p.insert(event)
	return true
}

// insert puts an event at its place.
func (p *past) insert(h happened) {
	i := len(p.events)
	for i > 0 && p.events[i-1].compare(&h) > 0 {
		i--
	}
	p.events = slices.Insert(p.events, i, h)
}

// forget lets go of events that no window will reach again, once they are half of all. They still
// count.
func (p *past) forget(since int64) {
	half := max(1, len(p.events)/2)
	if len(p.events) == 0 || p.events[half-1].time >= since {
		return
	}
	old := sort.Search(len(p.events), func(i int) bool { return p.events[i].time >= since })
	p.earlier += old
	p.far = nil
	kept := copy(p.events, p.events[old:])
	clear(p.events[kept:])
	p.events = p.events[:kept]
}
