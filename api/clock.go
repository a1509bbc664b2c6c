package api

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine/clock"
)

type clockView struct {
	Instant time.Time `json:"instant" doc:"what everything is ordered and decided by; it never goes back"`
	Machine time.Time `json:"machine" doc:"what the machine's clock reads"`
	Ahead   float64   `json:"ahead_seconds" doc:"how far the instant is ahead of the machine's clock"`
	State   string    `json:"state" enum:"following,held,refused" doc:"held: nothing is taken in or decided. refused: the machine's clock was set forward, and instants do not follow"`
	Trouble string    `json:"trouble,omitempty" doc:"what is wrong with the machine's clock, in a sentence"`
}

func viewClock(s clock.State) clockView {
	v := clockView{
		Instant: s.At, Machine: s.Machine, Ahead: s.Ahead().Seconds(), State: "following", Trouble: s.Trouble(),
	}
	switch {
	case s.Held:
		v.State = "held"
	case s.Refused:
		v.State = "refused"
	}
	return v
}

func (s *server) getClock(*gin.Context) (clockView, error) { return viewClock(s.Clock.State()), nil }

// acceptClock follows the machine's clock, which an operator has found right.
func (s *server) acceptClock(*gin.Context) (clockView, error) {
	before := s.Clock.State()
	if !s.Clock.Accept() {
		return clockView{}, newError(codeConflict, "there is nothing to accept: the machine's clock is followed")
	}
	after := s.Clock.State()
	s.Log.Warn("the machine's clock was accepted by hand", "before", before.At, "now", after.At)
	return viewClock(after), nil
}

func (s *server) clockRoutes() []route {
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/clock", scope: ScopeAdmin, whileHeld: true, summary: "How instants and the machine's clock stand to each other",
		}, s.getClock),
		reply(s, route{
			method: "POST", path: "/v1/clock/accept", scope: ScopeAdmin, whileHeld: true, errors: []string{codeConflict},
			summary: "Follow the machine's clock, which is right: after a start that waits, or a step forward that was refused",
		}, s.acceptClock),
	}
}

// begun answers for all routes while the clock waits for an operator, and until the workspace is the
// active one then: nothing can be stored before, and there is none to tell of.
func (s *server) begun(c *gin.Context) {
	if err := s.notBegun(); err != nil {
		s.fail(c, err)
	}
}

func (s *server) notBegun() error {
	if state := s.Clock.State(); state.Held {
		return newError(codeUnavailable, "%s", state.Trouble())
	}
	if ws, _ := s.Workspace(); ws == nil {
		return newError(codeUnavailable, "the server begins: its workspace is not the active one yet")
	}
	return nil
}

// now returns the instant.
func (s *server) now() time.Time { return s.Clock.Now() }
