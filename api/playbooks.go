package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
)

type playbookView struct {
	ID       string           `json:"id"`
	Name     string           `json:"name,omitempty"`
	Stage    string           `json:"stage"`
	Owner    string           `json:"owner,omitempty"`
	Status   playbooks.Status `json:"status" doc:"as the workspace says"`
	Paused   bool             `json:"paused" doc:"paused over HTTP"`
	Active   string           `json:"active,omitempty" doc:"when members may enter, as written; left out: always"`
	Quota    string           `json:"quota,omitempty" doc:"how many may enter; left out: any number"`
	Trigger  string           `json:"trigger" doc:"the kind of the trigger"`
	Holdout  float64          `json:"holdout" doc:"percent of members"`
	File     string           `json:"file"`
	Revision string           `json:"revision"`
	Params   any              `json:"params,omitempty" doc:"that an http trigger takes, typed as usher.yaml types them"`
	Next     []time.Time      `json:"next,omitempty" doc:"the next three occurrences of its schedule"`
}

type playbooksView struct {
	Workspace string         `json:"workspace" doc:"hash of the active workspace"`
	Playbooks []playbookView `json:"playbooks"`
	Next      string         `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
	Segments  []string       `json:"segments" doc:"that a trigger may name"`
}

func viewPlaybook(p *playbooks.Playbook, paused map[string]bool, now time.Time) playbookView {
	var next []time.Time
	for _, t := range p.Trigger.Items() {
		if t.Schedule != nil {
			next = append(next, t.Schedule.Next3(now)...)
		}
	}
	slices.SortFunc(next, time.Time.Compare)
	next = next[:min(len(next), 3)]
	var params any
	if t := p.Trigger.HTTP(); t != nil && t.Params != nil {
		params = t.Params.Syntax()
	}
	active := ""
	if p.Active != nil {
		active = p.Active.Text
	}
	quota := ""
	if p.Quota != nil {
		quota = p.Quota.Text
	}
	return playbookView{
		Active: active, Quota: quota, Next: next, Params: params,

		ID: p.ID, Name: p.Name, Stage: p.Stage, Owner: p.Owner, Status: p.Status, Paused: paused[p.ID],
		Trigger: string(p.Trigger.Kind),
		Holdout: p.Holdout, File: p.File, Revision: p.Revision,
	}
}

func (s *server) getPlaybooks(c *gin.Context) (playbooksView, error) {
	cursor, limit, err := pageOf(c, pageMost)
	if err != nil {
		return playbooksView{}, err
	}
	_, paused, err := s.Store.Active(c.Request.Context())
	if err != nil {
		return playbooksView{}, err
	}
	ws, hash := s.Workspace()
	list := ws.Playbooks
	if cursor != "" {
		i := slices.IndexFunc(list, func(p *playbooks.Playbook) bool { return p.ID == cursor })
		if i < 0 {
			return playbooksView{}, store.ErrCursor
		}
		list = list[i+1:]
	}
	v := playbooksView{Workspace: hash, Segments: segmentNames(ws.Schema)}
	if len(list) > limit {
		list = list[:limit]
		v.Next = list[limit-1].ID
	}
	v.Playbooks = each(list, func(p *playbooks.Playbook) playbookView { return viewPlaybook(p, paused, s.now()) })
	return v, nil
}

// playbook finds the playbook of the path.
func (s *server) playbook(c *gin.Context) (*playbooks.Playbook, error) {
	ws, _ := s.Workspace()
	if p := ws.Playbook(c.Param("id")); p != nil {
		return p, nil
	}
	return nil, s.noPlaybook(c.Param("id"))
}

func (s *server) getPlaybook(c *gin.Context) (playbookView, error) {
	p, err := s.playbook(c)
	if err != nil {
		return playbookView{}, err
	}
	_, paused, err := s.Store.Active(c.Request.Context())
	if err != nil {
		return playbookView{}, err
	}
	return viewPlaybook(p, paused, s.now()), nil
}

func (s *server) pause(paused bool) func(*gin.Context) (playbookView, error) {
	return func(c *gin.Context) (playbookView, error) {
		p, err := s.playbook(c)
		if err != nil {
			return playbookView{}, err
		}
		ctx := c.Request.Context()
		if err := s.Store.SetPaused(ctx, p.ID, paused, s.now()); err != nil {
			return playbookView{}, err
		}
		if s.Paused != nil {
			if err := s.Paused(ctx); err != nil {
				return playbookView{}, err
			}
		}
		return viewPlaybook(p, map[string]bool{p.ID: paused}, s.now()), nil
	}
}

func (s *server) getStats(c *gin.Context) (*tally.Stats, error) {
	p, err := s.playbook(c)
	if err != nil {
		return nil, err
	}
	return s.Store.Stats(c.Request.Context(), p.ID)
}

type triggerBody struct {
	Members []string        `json:"members,omitempty" doc:"either these members"`
	Objects []string        `json:"objects,omitempty" doc:"or these objects, of a playbook that is for their kind"`
	Segment *string         `json:"segment,omitempty" doc:"or a segment of the workspace"`
	Params  json.RawMessage `json:"params,omitempty" doc:"typed as the trigger declares them"`
}

type triggerView struct {
	Key       string `json:"key" doc:"the idempotency key"`
	Accepted  int    `json:"accepted"`
	Duplicate int    `json:"duplicate" doc:"started under this key already"`
	Job       string `json:"job,omitempty" doc:"of a segment, or of more than 500 members: the job that starts them, as GET /v1/jobs/{id} shows it; the counts here are 0 then"`
}

func (s *server) trigger(c *gin.Context) (triggerView, error) {
	var none triggerView
	p, err := s.playbook(c)
	if err != nil {
		return none, err
	}
	http := p.Trigger.HTTP()
	if http == nil {
		return none, newError(codeNotHTTP, "playbook %s has a trigger of kind %s; only one with `trigger: {http: …}` can be started over HTTP",
			p.ID, p.Trigger.Kind)
	}
	var body triggerBody
	if err := decode(c, &body, false); err != nil {
		return none, err
	}
	if err := s.targets(p, &body); err != nil {
		return none, err
	}
	if len(body.Params) > maxParams { // they are kept with each member's run, as an event is
		return none, newError(strictjson.CodeTooLarge, "params have at most %d bytes", maxParams).with("path", "params")
	}
	params, rej := intake.Params(http.Params, body.Params)
	if rej != nil {
		return none, rejected(rej)
	}
	if params, err = s.resolveParams(c, http.Params, params); err != nil {
		return none, err
	}
	key, err := s.idempotencyKey(c)
	if err != nil {
		return none, err
	}
	if err := s.remember(c, "trigger:"+p.ID+":"+key, key, body); err != nil {
		return none, err
	}
	view := triggerView{Key: key}
	if body.Segment != nil || len(body.Members) > mostAtOnce {
		view.Job, err = s.startJob(c, p.ID, key, &body, params)
	} else {
		err = s.startMembers(c, p.ID, body.Members, params, &view)
	}
	return view, err
}

// remember refuses a request whose Idempotency-Key stands for another one. A request without the
// header has a key of its own.
func (s *server) remember(c *gin.Context, under, key string, body any) error {
	if c.GetHeader("Idempotency-Key") == "" {
		return nil
	}
	content, err := canonical(body)
	if err != nil {
		return err
	}
	same, err := s.Store.Remember(c.Request.Context(), under, content)
	if err == nil && !same {
		err = otherBody(key)
	}
	return err
}

// canonical returns a hash of a body that does not depend on how the body was written.
func canonical(body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	value, rej := strictjson.ReadJSON(raw)
	if rej != nil {
		return nil, rej
	}
	if raw, err = json.Marshal(value); err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	hash := sha256.Sum256(raw)
	return hash[:], nil
}

// targets checks whom a trigger is for: members or objects by id, or a segment.
func (s *server) targets(p *playbooks.Playbook, body *triggerBody) error {
	whom := "members"
	if p.For != "" {
		whom = "objects"
	}
	if (len(body.Members)+len(body.Objects) > 0) == (body.Segment != nil) {
		return newError(strictjson.CodeMissingField, "a trigger needs either `%s`, a list of ids, or `segment`, a name", whom)
	}
	ws, _ := s.Workspace()
	for i, id := range body.Members {
		if rej := strictjson.MemberID(id); rej != nil {
			return rejected(rej).with("index", i)
		}
		body.Members[i] = ws.Schema.MemberID(id)
	}
	if err := targetObjects(ws, p, body); err != nil {
		return err
	}
	if body.Segment == nil {
		return nil
	}
	// Also an empty one: a forgotten name must not start it for everyone.
	if of := ws.Schema.Of(p.For); of.Segment(*body.Segment) == nil {
		return unknownName(strictjson.CodeInvalid, "segment", *body.Segment, segmentNames(of)).with("path", "segment")
	}
	return nil
}

// mostAtOnce is for how many members a playbook is started in the request itself: in one commit.
const mostAtOnce = 500

// triggerName begins the ids of the inputs of a trigger, and names its job.
func triggerName(playbook, key string) string { return naming.TriggerName(playbook, key) }

func (s *server) startMembers(
	c *gin.Context, playbook string, members []string, params map[string]any, v *triggerView,
) error {
	inputs := make([]engine.Input, len(members))
	for i, id := range members {
		inputs[i] = engine.Input{
			Kind: engine.InputTrigger, ID: naming.JobInputID(triggerName(playbook, v.Key), id), Member: id, Name: playbook,
			Payload: &engine.Payload{Properties: params},
		}
	}
	known, err := s.acceptInputs(c, inputs)
	for i := range known {
		if known[i].Duplicate {
			v.Duplicate++
		} else {
			v.Accepted++
		}
	}
	return err
}

// startJob leaves it to a job to start a playbook. The same key again is the same job.
func (s *server) startJob(
	c *gin.Context, playbook, key string, body *triggerBody, params map[string]any,
) (id string, err error) {
	data, err := json.Marshal(engine.Payload{Properties: params})
	if err != nil {
		return "", fmt.Errorf("encode params: %w", err)
	}
	j := store.Job{
		Name: triggerName(playbook, key), Kind: store.JobTrigger, Playbook: playbook, Members: body.Members, At: s.now(),
		By: s.askedBy(c), Data: data, State: store.JobOpen,
	}
	if body.Segment != nil {
		j.Segment = *body.Segment
	}
	j, first, err := s.Store.AddJob(c.Request.Context(), j)
	if first && s.WakeJobs != nil {
		s.WakeJobs()
	}
	return jobID(j.N), err
}
