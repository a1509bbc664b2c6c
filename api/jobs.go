package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine/store"
)

type jobView struct {
	ID         string         `json:"id"`
	Kind       store.JobKind  `json:"kind" enum:"schedule,trigger,reevaluation,raffle" doc:"an occurrence of a schedule, a call for many members, the draw of a raffle, or the first look at who is in a segment that begins to be watched"`
	Playbook   string         `json:"playbook,omitempty"`
	Segment    string         `json:"segment,omitempty" doc:"whose members it is for; without one: all, or those whom the call named"`
	At         time.Time      `json:"at" doc:"the occurrence, or when it was asked for"`
	By         string         `json:"by" doc:"who asked for it: a key by its scope and a part of its hash, the schedule, or the workspace"`
	State      store.JobState `json:"state" enum:"open,done,cancelled,skipped" doc:"skipped: an occurrence that was carried out for nobody"`
	Reason     string         `json:"reason,omitempty" doc:"why it was cancelled or skipped"`
	LookedAt   int            `json:"looked_at" doc:"members that it has looked at so far"`
	Reached    int            `json:"reached" doc:"members for whom it has accepted an input, which is decided after"`
	PassedOver int            `json:"passed_over" doc:"members of whom nobody could tell whether they are meant: the log says why"`
	EndedAt    *time.Time     `json:"ended_at,omitempty"`
}

func jobID(n int64) string { return strconv.FormatInt(n, 10) }

func viewJob(j store.Job) jobView {
	return jobView{
		ID: jobID(j.N), Kind: j.Kind, Playbook: j.Playbook, Segment: j.Segment, At: j.At, By: j.By, State: j.State,
		Reason: j.Reason, LookedAt: j.LookedAt, Reached: j.Reached, PassedOver: j.PassedOver, EndedAt: optional(j.EndedAt),
	}
}

type jobsView struct {
	Jobs []jobView `json:"jobs"`
	Next string    `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getJobs(c *gin.Context) (jobsView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return jobsView{}, err
	}
	f := store.JobFilter{
		State: store.JobState(c.Query("state")), Playbook: c.Query("playbook"), Cursor: cursor, Limit: limit,
	}
	if err := s.filtered(c.Request.Context(), f.Playbook, ""); err != nil {
		return jobsView{}, err
	}
	list, next, err := s.Store.Jobs(c.Request.Context(), f)
	if err != nil {
		return jobsView{}, err
	}
	return jobsView{Jobs: each(list, viewJob), Next: next}, nil
}

func (s *server) getJob(c *gin.Context) (jobView, error) {
	id := c.Param("id")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return jobView{}, noJob(id)
	}
	j, err := s.Store.Job(c.Request.Context(), n)
	if errors.Is(err, store.ErrNotFound) {
		return jobView{}, noJob(id)
	}
	return viewJob(j), err
}

func (s *server) cancelJob(c *gin.Context) (jobView, error) {
	id := c.Param("id")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return jobView{}, noJob(id)
	}
	j, err := s.Store.CancelJob(c.Request.Context(), n, "by "+s.askedBy(c), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return jobView{}, noJob(id)
	case errors.Is(err, store.ErrConflict):
		return jobView{}, newError(codeConflict, "the job %s has ended already: %s at %s", id, j.State, s.local(j.EndedAt)).
			with("state", j.State)
	case err != nil:
		return jobView{}, err
	}
	s.Log.Info("a job was cancelled", "job", id, "kind", j.Kind, "playbook", j.Playbook, "reached", j.Reached, "by",
		s.askedBy(c))
	return viewJob(j), nil
}

func noJob(id string) *apiError {
	return newError(codeNotFound, "there is no job `%s`: an id is the number that GET /v1/jobs lists", cut(id, 100))
}

func (s *server) jobRoutes() []route {
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/jobs", scope: ScopeAdmin, errors: []string{codeNotFound},
			query: pageQuery(oneOf("state", "only in this state", string(store.JobOpen), string(store.JobDone),
				string(store.JobCancelled), string(store.JobSkipped)), text("playbook", "only of this playbook")),
			summary: "Jobs, newest first: what is done for many members, and how far it is",
		}, s.getJobs),
		reply(s, route{
			method: "GET", path: "/v1/jobs/:id", scope: ScopeAdmin, errors: []string{codeNotFound}, summary: "A job",
		}, s.getJob),
		reply(s, route{
			method: "POST", path: "/v1/jobs/:id/cancel", scope: ScopeAdmin, errors: []string{codeNotFound, codeConflict},
			summary: "Let a job reach nobody more. Whom it has reached is decided all the same",
		}, s.cancelJob),
	}
}
