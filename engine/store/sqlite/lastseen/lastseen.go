// Package lastseen knows when members were last seen, as far as their stored rows do not.
//
// That changes with every event. To store the member for it alone would double what an event costs
// that nobody listens to. So it is read from the events: what is stored holds up to an event, and the
// decided events after it say the rest. They are folded into a map that is kept and grows with the
// watermark. When that has become large, it is brought to the stored rows, a part with each commit.
package lastseen

import (
	"fmt"
	"sync"
)

const (
	// mostUnstored is how many members of a lane the stored rows may know too little of.
	mostUnstored = 4000
	// One transaction brings a part of those that are known to be behind, so that nobody waits for it,
	// and some at least: with as many new ones at each commit as it can be, the parts keep up. At most it
	// brings a few more than the inputs of the largest batch.
	parts     = 16
	leastPart = 300
	mostPart  = 2500
	// mostEvents is how many events may have to be read at a start.
	mostEvents = 25_000
)

// Events is that map, of each lane.
type Events struct {
	mu    sync.Mutex
	lanes []Lane
}

// New returns what is known of so many lanes: nothing yet.
func New(lanes int) *Events { return &Events{lanes: make([]Lane, lanes)} }

// Lane is folded from the decided events of a lane that lie behind the one and up to the other.
type Lane struct {
	from, to int64
	last     map[string]event
	unstored int

	notes []note // of commits whose events were not read yet

	owed map[string]bool // members that are being brought to the stored rows; nil: none are
	goal int64           // up to which event the stored rows know when they are
	part int             // how many one transaction brings
}

// Event is the last event of a member: its instant, in milliseconds, and its number.
type Event struct{ At, Seq int64 }

// event is that, and whether the state of the member says so.
type event struct {
	Event
	stored bool
}

// note is what a commit has stored: until when the states of members know when they were last seen, as
// of an event up to which all are decided.
type note struct {
	to      int64
	members map[string]int64
}

// View is what one reader of the database sees.
type View interface {
	// Bounds returns up to which event of a lane the stored rows know, and up to which all are decided.
	Bounds(lane int) (from, to int64, err error)
	// Seen calls each with the events of the lane between the two that move when their members were
	// last seen, in order.
	Seen(lane int, from, to int64, each func(member string, at, seq int64)) error
}

// Of lends f the events of a lane that a reader sees.
func (e *Events) Of(v View, lane int, f func(*Lane)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	from, to, err := v.Bounds(lane)
	if err != nil {
		return err
	}
	s := &e.lanes[lane]
	switch {
	case from < s.from: // the reader sees what was before the stored rows knew
		s = &Lane{from: from, to: from}
	case from > s.to:
		*s = Lane{from: from, to: from}
	case from > s.from:
		s.forget(from)
	}
	if err := s.read(v, lane, to); err != nil {
		return err
	}
	f(s)
	return nil
}

// forget leaves out what the stored rows know by now.
func (s *Lane) forget(from int64) {
	for id, e := range s.last {
		if e.Seq > from {
			continue
		}
		if !e.stored {
			s.unstored--
		}
		delete(s.last, id)
	}
	s.from = from
}

// read folds the events up to one.
func (s *Lane) read(v View, lane int, to int64) error {
	if s.last == nil {
		s.last = map[string]event{}
	}
	if to <= s.to {
		return nil
	}
	err := v.Seen(lane, s.to, to, func(member string, at, seq int64) {
		if e, has := s.last[member]; !has || e.stored {
			s.unstored++
		}
		s.last[member] = event{Event: Event{at, seq}}
	})
	if err != nil {
		*s = Lane{from: s.from, to: s.from} // what was folded of it must not count as the whole
		return fmt.Errorf("read when members were last seen: %w", err)
	}
	s.to = to
	for len(s.notes) > 0 && s.notes[0].to <= to {
		for member, at := range s.notes[0].members {
			s.stored(member, at)
		}
		s.notes = s.notes[1:]
	}
	return nil
}

// At returns the event by which a member was last seen; false: what is stored says so.
func (s *Lane) At(member string) (last Event, later bool) {
	e, later := s.last[member]
	return e.Event, later
}

// Stored notes that the states of members are stored, which say when they were last seen, in a commit
// that has decided all events up to one. It returns what is to be brought to the stored rows in one
// transaction; nil: nothing is. With it they know all up to an event; 0: there is more to bring before
// they do.
func (e *Events) Stored(lane int, members map[string]int64, decided int64) (list map[string]Event, to int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.lanes[lane]
	if len(members) > 0 {
		s.notes = append(s.notes, note{decided, members})
	}
	return s.toStore()
}

// Behind reports whether so much was decided since the events of a lane were read that they are to be
// read now: else a store that only commits brings nothing, and keeps a note of each commit.
func (e *Events) Behind(lane int, decided int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return decided-e.lanes[lane].to > mostEvents
}

func (s *Lane) stored(member string, at int64) {
	if e, has := s.last[member]; has && !e.stored && at >= e.At {
		e.stored = true
		s.last[member] = e
		s.unstored--
	}
}

func (s *Lane) toStore() (list map[string]Event, to int64) {
	if s.owed == nil {
		if s.unstored < mostUnstored && s.to-s.from < mostEvents {
			return nil, 0
		}
		s.owed, s.goal = make(map[string]bool, s.unstored), s.to
		s.part = min(max(leastPart, s.unstored/parts), mostPart)
		for id, e := range s.last {
			if !e.stored {
				s.owed[id] = true
			}
		}
	}
	list = make(map[string]Event, s.part)
	for id := range s.owed {
		if e, has := s.last[id]; !has || e.stored {
			delete(s.owed, id)
		} else if len(list) < s.part {
			list[id] = e.Event
		} else {
			return list, 0
		}
	}
	return list, s.goal
}

// Brought notes that what Stored gave is in the stored rows.
func (e *Events) Brought(lane int, list map[string]Event, to int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.lanes[lane]
	for id, last := range list {
		s.stored(id, last.At)
		delete(s.owed, id)
	}
	if to > 0 && to == s.goal {
		s.owed, s.goal = nil, 0
	}
}
