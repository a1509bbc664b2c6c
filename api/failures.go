package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

type failureView struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	What string    `json:"what" enum:"input,wait,reevaluation,run,delivery,member,counts,request" doc:"what failed, was set aside or given up on; a member is held until what is stored of them can be read"`
	Key  string    `json:"key" doc:"the event's id, the run's id, the delivery's key, the member's id or the idempotency key"`
	SubjectView
	Error     string               `json:"error"`
	Outcome   store.FailureOutcome `json:"outcome,omitempty" enum:"retried,dropped" doc:"what became of it; left out while it is open"`
	SettledAt *time.Time           `json:"settled_at,omitempty" doc:"when it was retried or dropped"`
}

func viewFailure(f store.Failure) failureView {
	return failureView{
		ID: strconv.FormatInt(f.N, 10), At: f.At, What: f.What, Key: naming.OutsideID(f.ID),
		SubjectView: viewSubject(f.Member), Error: f.Error,
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
	f, err := failureFilter(c, cursor, limit)
	if err != nil {
		return failuresView{}, err
	}
	if o := c.Query("outcome"); o != failuresOpen {
		f.Outcome = store.FailureOutcome(o)
	}
	list, next, err := s.Store.Failures(c.Request.Context(), f)
	if err != nil {
		return failuresView{}, err
	}
	return failuresView{Next: next, Failures: each(list, viewFailure)}, nil
}

// failureKinds are what a failure may be about.
var failureKinds = []string{
	store.FailedInput, store.FailedWait, store.FailedReevaluation, store.FailedRun, store.FailedDelivery,
	store.FailedMember,
	store.FailedCounts, store.FailedRequest,
}

// failureQuery are the parameters that select failures.
func failureQuery(more ...query) []query {
	return append(more, oneOf("what", "only of this kind", failureKinds...),
		text("playbook", "only of this playbook: its runs and their deliveries"), text("since", "only from this time on"))
}

func failureFilter(c *gin.Context, cursor string, limit int) (store.FailureFilter, error) {
	f := store.FailureFilter{What: c.Query("what"), Playbook: c.Query("playbook"), Cursor: cursor, Limit: limit}
	since := c.Query("since")
	if since == "" {
		return f, nil
	}
	at, rej := intake.ParseInstant("since", since)
	if rej != nil {
		return f, newError(codeInvalidQuery, "%s", rej)
	}
	f.Since = at
	return f, nil
}

// A group of failures that is settled by one request.
const (
	groupMost     = 200
	groupStandard = 100
)

func groupQuery() []query {
	return failureQuery(text("cursor", "the `next` of the group before"),
		query{name: "limit", doc: "how many at most", most: groupMost, standard: groupStandard})
}

type keptView struct {
	ID     string `json:"id"`
	What   string `json:"what"`
	Key    string `json:"key"`
	Reason string `json:"reason" doc:"why it could not be settled"`
}

type settledView struct {
	Settled int        `json:"settled" doc:"how many were retried or dropped"`
	Kept    []keptView `json:"kept" doc:"those that could not be, which stay as they are"`
	Next    string     `json:"next,omitempty" doc:"cursor of the next group; left out at the end"`
}

// settleFailures retries a group of failures or drops it.
func (s *server) settleFailures(
	do func(store.Failures, context.Context, store.FailureFilter, time.Time) (store.Settled, error),
) func(*gin.Context) (settledView, error) {
	return func(c *gin.Context) (settledView, error) {
		cursor, limit, err := pageOf(c, groupStandard)
		if err != nil {
			return settledView{}, err
		}
		f, err := failureFilter(c, cursor, limit)
		if err != nil {
			return settledView{}, err
		}
		group, err := do(s.Store, c.Request.Context(), f, s.now())
		if err != nil {
			return settledView{}, err
		}
		for i := range group.Done {
			s.settled(&group.Done[i])
		}
		return settledView{
			Settled: len(group.Done), Next: group.Next, Kept: each(group.Kept, func(k store.Kept) keptView {
				v := viewFailure(k.Failure)
				return keptView{ID: v.ID, What: v.What, Key: v.Key, Reason: k.Reason}
			}),
		}, nil
	}
}

// settled says in the log what was done by hand, and wakes whoever may have something to decide.
// The worker's sweep finds deliveries.
func (s *server) settled(f *store.Failure) {
	s.Log.Info("a failure was settled by hand", "failure", f.N, "outcome", f.Outcome, "what", f.What, "key", f.ID,
		"member", f.Member, "error", f.Error)
	if f.What == store.FailedInput || f.What == store.FailedMember {
		s.Wake(f.Member)
	}
}

// settleFailure retries a failure or drops it.
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
		s.settled(&f)
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
			query: pageQuery(failureQuery(oneOf("outcome", "those that were retried or dropped, instead of those that are open",
				failuresOpen, string(store.FailureRetried), string(store.FailureDropped)))...),
			summary: "Inputs that were set aside, runs that failed and deliveries that were given up on, newest first",
		}, s.getFailures),
		reply(s, route{
			method: "POST", path: "/v1/failures/retry", scope: ScopeAdmin, query: groupQuery(),
			summary: "Put back a group of what failed, oldest first; all of it by asking again with `cursor` until there is no `next`",
		}, s.settleFailures(store.Failures.RetryAll)),
		reply(s, route{
			method: "POST", path: "/v1/failures/drop", scope: ScopeAdmin, query: groupQuery(),
			summary: "Take a group of failures from the list of what is open, oldest first; all of it by asking again with `cursor` until there is no `next`",
		}, s.settleFailures(store.Failures.DropAll)),
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
