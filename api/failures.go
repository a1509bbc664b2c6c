package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine/store"
)

type failureView struct {
	ID        string               `json:"id"`
	At        time.Time            `json:"at"`
	What      string               `json:"what" enum:"input,wait,look,run,delivery,member,counts,request" doc:"what failed, was set aside or given up on; a member is held until what is stored of them can be read"`
	Key       string               `json:"key" doc:"the event's id, the run's id, the delivery's key, the member's id or the idempotency key"`
	Member    string               `json:"member" doc:"whom it is about; empty for counts and requests"`
	Error     string               `json:"error"`
	Outcome   store.FailureOutcome `json:"outcome,omitempty" enum:"retried,dropped" doc:"what became of it; left out while it is open"`
	SettledAt *time.Time           `json:"settled_at,omitempty" doc:"when it was retried or dropped"`
}

func viewFailure(f store.Failure) failureView {
	return failureView{
		ID: strconv.FormatInt(f.N, 10), At: f.At, What: f.What, Key: f.ID, Member: f.Member, Error: f.Error,
		Outcome:   f.Outcome,
		SettledAt: optional(f.SettledAt),
	}
}

type failuresView struct {
	Failures []failureView `json:"failures"`
	Next     string        `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

// failuresOpen is the word for failures without an outcome.
const failuresOpen = "open"

func (s *server) getFailures(c *gin.Context) (failuresView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return failuresView{}, err
	}
	f := store.FailureFilter{Cursor: cursor, Limit: limit}
	if o := c.Query("outcome"); o != failuresOpen {
		f.Outcome = store.FailureOutcome(o)
	}
	list, next, err := s.Store.Failures(c.Request.Context(), f)
	if err != nil {
		return failuresView{}, err
	}
	return failuresView{Next: next, Failures: each(list, viewFailure)}, nil
}

// settleFailure retries a failure or drops it. What is undecided again has its shard woken; the
// worker's sweep finds deliveries.
func (s *server) settleFailure(
	outcome string, do func(store.Failures, context.Context, int64, time.Time) (store.Failure, error),
) func(*gin.Context) (failureView, error) {
	return func(c *gin.Context) (failureView, error) {
		id := c.Param("id")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return failureView{}, noFailure(id)
		}
		f, err := do(s.Store, c.Request.Context(), n, s.now())
		var kept *store.NotSettled
		switch {
		case errors.Is(err, store.ErrNotFound):
			return failureView{}, noFailure(id)
		case errors.As(err, &kept):
			return failureView{}, newError(codeConflict, "the failure %s (%s %s) cannot be %s: %s", id, f.What, f.ID, outcome,
				kept.Reason).
				with("what", f.What)
		case err != nil:
			return failureView{}, err
		}
		s.Log.Info("a failure was settled by hand", "failure", id, "outcome", f.Outcome, "what", f.What, "key", f.ID,
			"member", f.Member, "error", f.Error)
		if f.Outcome == store.FailureRetried && (f.What == store.FailedInput || f.What == store.FailedMember) {
			s.Wake(f.Member)
		}
		return viewFailure(f), nil
	}
}

func noFailure(id string) *apiError {
	return newError(codeNotFound, "there is no failure `%s`: an id is the number that GET /v1/failures lists",
		cut(id, 100))
}

func (s *server) failureRoutes() []route {
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/failures", scope: ScopeAdmin,
			query: pageQuery(oneOf("outcome", "those that were retried or dropped, instead of those that are open",
				failuresOpen, string(store.FailureRetried), string(store.FailureDropped))),
			summary: "Inputs that were set aside, runs that failed and deliveries that were given up on, newest first",
		}, s.getFailures),
		reply(s, route{
			method: "POST", path: "/v1/failures/:id/retry", scope: ScopeAdmin, errors: []string{codeNotFound, codeConflict},
			summary: "Put back what failed: an input is decided again, a delivery attempted again, a member let go on. What has ended is not begun again",
		}, s.settleFailure("retried", store.Failures.Retry)),
		reply(s, route{
			method: "POST", path: "/v1/failures/:id/drop", scope: ScopeAdmin, errors: []string{codeNotFound, codeConflict},
			summary: "Take a failure from the list of what is open. It is kept among the dropped",
		}, s.settleFailure("dropped", store.Failures.Drop)),
	}
}
