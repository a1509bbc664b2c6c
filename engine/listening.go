package engine

import (
	"maps"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// listening is all that the engine knows of an event's name.
type listening struct {
	typ     *playbooks.EventType      // nil: not declared
	books   []*book                   // live and paused playbooks that it triggers, by id
	tracked *history.Tracking         // nil: nothing reads its history
	taken   map[string]*history.Taken // what is taken of its events over a long history, by key
}

// nobody is what is known of an event that nothing listens to.
var nobody listening

func (e *Engine) listening(event string) *listening {
	if l := e.events[event]; l != nil {
		return l
	}
	return &nobody
}

// listen returns what is known of an event, to add to it.
func (e *Engine) listen(event string) *listening {
	l := &listening{typ: e.ws.Schema.Event(event)}
	if known := e.events[event]; known != nil {
		*l = *known // an engine without what comes now may be deciding
	}
	e.events[event] = l
	return l
}

func (e *Engine) track(slots []expression.Slot) {
	for _, s := range slots {
		l := e.listen(s.Event)
		l.tracked = l.tracked.With(s)
	}
}

// take makes the engine keep up trees over what expressions take of events.
func (e *Engine) take(list []*expression.Aggregate, s *playbooks.Schema) {
	for _, a := range list {
		l := e.listen(a.Event)
		taken := maps.Clone(l.taken)
		if taken == nil {
			taken = map[string]*history.Taken{}
		}
		taken[a.Key] = &history.Taken{Aggregate: a, Schema: s}
		l.taken = taken
	}
}
