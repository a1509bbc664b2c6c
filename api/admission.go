package api

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const (
	// DefaultAdmitAge is how old the oldest undecided input of a lane may be for more to be taken.
	DefaultAdmitAge = time.Minute
	// admitLook is how long it counts what the ages were.
	admitLook = 500 * time.Millisecond
	// admitWait is the longest that a sender is told to wait.
	admitWait = 30 * time.Second
)

// admission knows how old the oldest undecided input of each lane is.
type admission struct {
	mu       sync.Mutex
	lookedAt time.Time
	oldest   []store.Undecided // by lane; nil: nobody knows
}

// ages returns what is undecided, looked at a moment ago at most. When it cannot be, what is known
// stays: whatever is wrong with the database, taking the input says so.
func (a *admission) ages(ctx context.Context, s *server) []store.Undecided {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := s.now(); now.Sub(a.lookedAt).Abs() >= admitLook {
		if oldest, err := s.Store.Undecided(ctx); err == nil {
			a.oldest, a.lookedAt = oldest, now
		}
	}
	return a.oldest
}

// undecidedFor returns for how long this server has not decided the oldest input of a lane, 0 where
// there is none. It is not to blame for the time before its start.
func (s *server) undecidedFor(u *store.Undecided, now time.Time) time.Duration {
	switch {
	case u.Accepted.IsZero():
		return 0
	case u.Accepted.Before(s.start):
		return now.Sub(s.start)
	}
	return now.Sub(u.Accepted)
}

// admits refuses inputs, all of a request or none, while one of their lanes is late: to take more
// would only make it later. It sets Retry-After to how late the lane is, within bounds.
func (s *server) admits(c *gin.Context, inputs []engine.Input) error {
	oldest, now := s.admission.ages(c.Request.Context(), s), s.now()
	if oldest == nil {
		return nil
	}
	lanes, late := s.Store.Lanes(), time.Duration(0)
	for i := range inputs {
		late = max(late, s.undecidedFor(&oldest[lanes.OfMember(inputs[i].Member)], now)-s.AdmitAge)
	}
	if late <= 0 {
		return nil
	}
	wait := math.Ceil(min(late, admitWait).Seconds())
	c.Header("Retry-After", strconv.Itoa(int(wait)))
	return newError(codeBehind, "what came in before is not decided yet: its oldest is %s older than the %s that are allowed; send it again in %g seconds",
		late.Round(time.Second), s.AdmitAge, wait)
}
