package api

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// RunView is a run in lists, and the head of a run with its trace. It is exported because it is
// embedded: the maker of the OpenAPI document sees only exported fields.
type RunView struct {
	ID       string `json:"id"`
	Playbook string `json:"playbook"`
	Revision string `json:"revision"`
	SubjectView
	State       engine.RunState `json:"state" enum:"waiting,done,exited,failed,holdout"`
	Shadow      bool            `json:"shadow,omitempty" doc:"it began while its playbook was in shadow: nothing of it leaves or is done"`
	Reason      string          `json:"reason,omitempty" doc:"why it exited or failed; of one that waits: why it is parked"`
	StartedAt   time.Time       `json:"started_at"`
	EndedAt     *time.Time      `json:"ended_at,omitempty"`
	ConvertedAt *time.Time      `json:"converted_at,omitempty"`
	DueAt       *time.Time      `json:"due_at,omitempty" doc:"when its wait is over"`
}

func viewRun(r engine.Run) RunView {
	return RunView{
		ID: r.ID, Playbook: r.Playbook, Revision: r.Revision, SubjectView: viewSubject(r.Member), State: r.State,
		Reason: r.Reason, Shadow: r.Shadow(),
		StartedAt: r.StartedAt,
		EndedAt:   optional(r.EndedAt), ConvertedAt: optional(r.ConvertedAt), DueAt: optional(r.DueAt),
	}
}

type runsView struct {
	Runs []RunView `json:"runs"`
	Next string    `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getRuns(c *gin.Context) (runsView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return runsView{}, err
	}
	state := engine.RunState(c.Query("state"))
	subject, err := s.subjectOf(c)
	if err != nil {
		return runsView{}, err
	}
	f := store.RunFilter{
		Playbook: c.Query("playbook"), Member: subject, State: state, Prefix: c.Query("id"), Cursor: cursor, Limit: limit,
	}
	if err := s.filtered(c.Request.Context(), f.Playbook, f.Member); err != nil {
		return runsView{}, err
	}
	runs, next, err := s.Store.Runs(c.Request.Context(), f)
	if err != nil {
		return runsView{}, err
	}
	return runsView{Runs: each(runs, viewRun), Next: next}, nil
}

type tracedRunView struct {
	RunView
	Trigger    map[string]any            `json:"trigger,omitempty" doc:"what started it"`
	Actions    map[string]map[string]any `json:"actions,omitempty" doc:"results by action id"`
	Trace      []engine.TraceEntry       `json:"trace"`
	Deliveries []deliveryView            `json:"deliveries"`
	Coupons    []couponView              `json:"coupons"`
}

type deliveryView struct {
	Key       string              `json:"key"`
	Channel   string              `json:"channel"`
	Step      string              `json:"step"`
	State     store.DeliveryState `json:"state" enum:"deferred,pending,sent,archived,dropped"`
	Attempts  int                 `json:"attempts"`
	OutOfTurn bool                `json:"out_of_turn,omitempty" doc:"an attempt has failed: messages of the member that were decided later may have gone out before"`
	Error     string              `json:"error,omitempty" doc:"of the last attempt"`
	Provider  string              `json:"provider_id,omitempty" doc:"what the receiver calls a message that was sent"`
	At        time.Time           `json:"at"`
	NotBefore *time.Time          `json:"not_before,omitempty"`
	SettledAt *time.Time          `json:"settled_at,omitempty"`
	To        string              `json:"to,omitempty" doc:"the address; of a webhook its url"`
	Subject   string              `json:"subject,omitempty" doc:"of a webhook its method"`
	Text      string              `json:"text"`

	Attach []engine.Attachment `json:"attach,omitempty" doc:"what hangs on the message"`
	Data   map[string]any      `json:"data,omitempty" doc:"further fields of the message"`
}

func viewDelivery(a store.Attempted) deliveryView {
	if w := a.Message.Webhook; w != nil {
		a.Channel, a.Message = engine.KeyWebhook, engine.Message{To: w.URL, Subject: w.Method, Text: string(w.Body)}
	}
	return deliveryView{
		Key: a.Key, Channel: a.Channel, Step: a.Step, State: a.State, Attempts: a.Attempts, OutOfTurn: a.OutOfTurn(),
		Error: a.Error, Provider: a.ProviderID, At: a.At,
		NotBefore: optional(a.NotBefore), SettledAt: optional(a.SettleAt), To: a.Message.To, Subject: a.Message.Subject,
		Text: a.Message.Text, Attach: a.Message.Attach, Data: a.Message.Data,
	}
}

func (s *server) getRun(c *gin.Context) (tracedRunView, error) {
	r, err := s.Store.Run(c.Request.Context(), c.Param("id"))
	if errors.Is(err, store.ErrNotFound) {
		return tracedRunView{}, newError(codeNotFound, "there is no run `%s`", c.Param("id"))
	}
	if err != nil {
		return tracedRunView{}, err
	}
	v := tracedRunView{
		RunView: viewRun(r.Run), Trigger: r.Trigger, Actions: r.Actions, Trace: r.Trace,
		Deliveries: each(r.Deliveries, viewDelivery), Coupons: each(r.Coupons, s.viewCoupon),
	}
	if v.Trace == nil {
		v.Trace = []engine.TraceEntry{}
	}
	return v, nil
}

type decisionsView struct {
	Decisions []decisionView `json:"decisions"`
	Next      string         `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getDecisions(c *gin.Context) (decisionsView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return decisionsView{}, err
	}
	subject, err := s.subjectOf(c)
	if err != nil {
		return decisionsView{}, err
	}
	f := store.DecisionFilter{Playbook: c.Query("playbook"), Member: subject, Cursor: cursor, Limit: limit}
	if f.Playbook == "" && f.Member == "" {
		return decisionsView{}, newError(codeInvalidQuery, "say whose decisions: ?member=ID, ?object=KIND:ID, ?playbook=ID or both")
	}
	if err := s.filtered(c.Request.Context(), f.Playbook, f.Member); err != nil {
		return decisionsView{}, err
	}
	decisions, next, err := s.Store.Decisions(c.Request.Context(), f)
	if err != nil {
		return decisionsView{}, err
	}
	return decisionsView{Decisions: each(decisions, viewDecision), Next: next}, nil
}

func (s *server) getCoupon(c *gin.Context) (couponView, error) {
	r, err := s.Store.Coupon(c.Request.Context(), c.Param("code"))
	if errors.Is(err, store.ErrNotFound) {
		return couponView{}, noCoupon(c.Param("code"))
	}
	if err != nil {
		return couponView{}, err
	}
	return s.viewCoupon(r), nil
}
