package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// listening is all that the engine knows of an event's name.
type listening struct {
	typ     *playbooks.EventType // nil: not declared
	books   []*book              // live and paused playbooks that it triggers, by id
	tracked *tracking            // nil: nothing reads its history
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

// tracking says how much of the history of an event is ever read.
type tracking struct {
	items    bool          // the events themselves
	allItems bool          // also the oldest of them
	longest  time.Duration // an upper bound of the windows; zero: there is none
}

func (e *Engine) track(slots []expression.Slot) {
	for _, s := range slots {
		l, t := e.listen(s.Event), new(tracking)
		if l.tracked != nil {
			*t = *l.tracked
		}
		l.tracked = t
		t.items = t.items || s.Items
		if s.Window.IsZero() {
			t.allItems = t.allItems || s.Items
		} else {
			t.longest = max(t.longest, s.Window.Longest())
		}
	}
}
