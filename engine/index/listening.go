package index

import (
	"maps"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// Listening is all that is known of an event's name.
type Listening struct {
	Type    *playbooks.EventType      // nil: not declared
	Books   []*Book                   // live and paused playbooks that it triggers, by id
	Tracked *history.Tracking         // nil: nothing reads its history
	Taken   map[string]*history.Taken // what is taken of its events over a long history, by key
}

// nobody is what is known of an event that nothing listens to.
var nobody Listening

// Listening returns what is known of an event: never nil.
func (x *Index) Listening(event string) *Listening {
	if l := x.events[event]; l != nil {
		return l
	}
	return &nobody
}

// listen returns what is known of an event, to add to it.
func (x *Index) listen(event string) *Listening {
	l := &Listening{Type: x.WS.Schema.Event(event)}
	if known := x.events[event]; known != nil {
		*l = *known // an engine without what comes now may be deciding
	}
	x.events[event] = l
	return l
}

func (x *Index) track(slots []expression.Slot) {
	for _, s := range slots {
		l := x.listen(s.Event)
		l.Tracked = l.Tracked.With(s)
	}
}

// take makes the engine keep up trees over what expressions take of events.
func (x *Index) take(list []*expression.Aggregate, s *playbooks.Schema) {
	for _, a := range list {
		l := x.listen(a.Event)
		taken := maps.Clone(l.Taken)
		if taken == nil {
			taken = map[string]*history.Taken{}
		}
		taken[a.Key] = &history.Taken{Aggregate: a, Schema: s}
		l.Taken = taken
	}
}
