package server

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine/clock"
)

const (
	// clockEvery is how often the machine's clock is looked at.
	clockEvery = time.Second
	// sayClockAgain is how often the log says again what is wrong with it.
	sayClockAgain = 10 * time.Minute
)

// untilClockGoes waits until the clock is held no longer; false when ctx ends before.
func (s *Server) untilClockGoes(ctx context.Context) bool {
	tick := time.NewTicker(clockEvery / 10)
	defer tick.Stop()
	for s.clock.State().Held {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// watchClock says in the log what is wrong with the machine's clock, and when it is well again.
func (s *Server) watchClock(ctx context.Context) {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	var said clockSaid
	for {
		if state := s.clock.State(); said.again(state) {
			switch trouble := state.Trouble(); {
			case trouble == "":
				s.o.Log.Info("the machine's clock is followed again", "instant", state.At)
			case state.Held, state.Refused:
				s.o.Log.Error(trouble)
			default: // it passes by itself
				s.o.Log.Warn(trouble)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// clockSaid is what the log said last of the machine's clock.
type clockSaid struct {
	kind  clockTrouble
	looks int // since
}

// clockTrouble tells troubles apart, of which each has a sentence that changes with time.
type clockTrouble struct{ held, refused, any bool }

// again reports whether the log is to say how the clock stands: there is something new to say, or
// it is as bad as it was and that was long ago.
func (c *clockSaid) again(s clock.State) bool {
	kind := clockTrouble{s.Held, s.Refused, s.Trouble() != ""}
	c.looks++
	if kind == c.kind && (!kind.any || c.looks < int(sayClockAgain/clockEvery)) {
		return false
	}
	*c = clockSaid{kind: kind}
	return true
}
