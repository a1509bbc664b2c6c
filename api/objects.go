package api

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
)

// SubjectView says whose something is: a member's, or an object's. It is exported because it is embedded: the maker of
// the OpenAPI document sees only exported fields.
type SubjectView struct {
	Member string            `json:"member,omitempty"`
	Object map[string]string `json:"object,omitempty" doc:"in place of a member: its kind and its id, as in {\"group\": \"g1\"}"`
}

func viewSubject(subject string) SubjectView {
	if kind, id, ok := naming.CutObject(subject); ok {
		return SubjectView{Object: map[string]string{kind: id}}
	}
	return SubjectView{Member: subject}
}

// decisionView is one judgement of a playbook.
type decisionView struct {
	SubjectView
	At       time.Time      `json:"at"`
	Playbook string         `json:"playbook"`
	Input    string         `json:"input" doc:"id of what was judged"`
	Reason   string         `json:"reason" doc:"entered, or the gate that refused"`
	Seen     map[string]any `json:"seen,omitempty" doc:"the values that the condition saw"`
	Run      string         `json:"run,omitempty"`
}

func viewDecision(d engine.Decision) decisionView {
	return decisionView{
		SubjectView: viewSubject(d.Member), At: d.At, Playbook: d.Playbook, Input: d.Input, Reason: d.Reason,
		Seen: d.Seen, Run: d.Run,
	}
}

// objectBody documents PUT /v1/objects/{kind}/{id}.
type objectBody struct {
	Attributes map[string]any `json:"attributes,omitempty" doc:"null removes one"`
	Tags       *tagsBody      `json:"tags,omitempty"`
	Backfill   bool           `json:"backfill,omitempty" doc:"what is written is history: it starts nothing, and attributes that are known stay"`
}

// ObjectHead is an object in lists, and the head of one that is shown whole.
type ObjectHead struct {
	Kind       string         `json:"kind"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	Tags       []string       `json:"tags"`
	CreatedAt  time.Time      `json:"created_at"`
	LastSeenAt *time.Time     `json:"last_seen_at,omitempty"`
}

type objectView struct {
	ObjectHead
	TagEnds  map[string]time.Time `json:"tag_ends,omitempty" doc:"when tags end that are not for ever"`
	Defaults map[string]any       `json:"defaults" doc:"of declared attributes that the object does not have"`
	Computed map[string]any       `json:"computed" doc:"computed attributes, as of now; null where there is no value"`
	Segments []string             `json:"segments" doc:"those that the object is in now"`
	Failed   map[string]string    `json:"failed,omitempty" doc:"computed attributes and segments that could not be evaluated, with the reason"`
	Held     string               `json:"held,omitempty" doc:"why nothing is decided on the object for now"`
	Runs     []RunView            `json:"runs" doc:"the newest 50; all of them are at /v1/runs?object="`
	Pending  []deliveryView       `json:"pending" doc:"messages and webhooks that are not carried out yet"`
	Refused  []decisionView       `json:"refused" doc:"the newest decisions that did not let the object in, out of the last 50"`
}

type objectsView struct {
	Objects []ObjectHead `json:"objects"`
	Next    string       `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func viewObjectHead(m *engine.Member) ObjectHead {
	kind, id, _ := naming.CutObject(m.ID)
	v := ObjectHead{
		Kind: kind, ID: id, Attributes: m.Attributes, Tags: m.Tags,
		CreatedAt: m.CreatedAt, LastSeenAt: optional(m.LastSeenAt),
	}
	if v.Attributes == nil {
		v.Attributes = map[string]any{}
	}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	return v
}

// object returns the object that the path names, of a kind that is declared.
func (s *server) object(c *gin.Context) (string, error) {
	if err := s.kind(c); err != nil {
		return "", err
	}
	ws, _ := s.Workspace()
	if rej := intake.ObjectID(ws.Schema, c.Param("kind"), c.Param("id")); rej != nil {
		return "", rejected(rej)
	}
	return naming.ObjectID(c.Param("kind"), c.Param("id")), nil
}

func (s *server) kind(c *gin.Context) error {
	ws, _ := s.Workspace()
	if ws.Schema.Object(c.Param("kind")) == nil {
		return unknownName(codeNotFound, "kind of objects", c.Param("kind"), ws.Schema.ObjectNames())
	}
	return nil
}

func noObject(c *gin.Context) *apiError {
	return newError(codeNotFound, "there is no %s `%s`", c.Param("kind"), c.Param("id"))
}

func (s *server) putObject(c *gin.Context) (acceptedView, error) {
	var none acceptedView
	var body bytes.Buffer
	raw, err := readJSON(c, &body, maxBody)
	if err != nil {
		return none, err
	}
	if _, err := s.object(c); err != nil {
		return none, err
	}
	ws, _ := s.Workspace()
	in, rej := intake.Object(ws.Schema, c.Param("kind"), c.Param("id"), raw)
	if rej != nil {
		return none, rejected(rej)
	}
	if err := s.resolve(c, ws, &in); err != nil {
		return none, err
	}
	return s.acceptUpdate(c, in)
}

// deleteObject lets the object's own line end what is open of it and forget it.
func (s *server) deleteObject(c *gin.Context) (acceptedView, error) {
	id, err := s.object(c)
	if err != nil {
		return acceptedView{}, err
	}
	_, err = s.Store.Member(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return acceptedView{}, noObject(c)
	}
	return s.acceptUpdate(c, engine.Input{Kind: engine.InputDeletion, Member: id, Payload: &engine.Payload{}})
}

func (s *server) getObject(c *gin.Context) (objectView, error) {
	id, err := s.object(c)
	if err != nil {
		return objectView{}, err
	}
	ctx := c.Request.Context()
	m, err := s.Store.Member(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return objectView{}, noObject(c)
	case errors.Is(err, store.ErrDamaged):
		return objectView{}, newError(codeInternal, "what is stored of the %s `%s` is damaged: see GET /v1/failures", c.Param("kind"),
			c.Param("id"))
	case err != nil:
		return objectView{}, err
	}
	v := objectView{ObjectHead: viewObjectHead(m), TagEnds: m.Rarely().TagEnds}
	err = s.around(ctx, m, &v)
	return v, err
}

// around reads what is known of an object beside its own state.
func (s *server) around(ctx context.Context, m *engine.Member, v *objectView) error {
	profile, err := s.Profile(ctx, m)
	if err != nil {
		return err
	}
	v.Defaults, v.Computed, v.Segments, v.Failed = profile.Defaults, profile.Computed, profile.Segments, profile.Failed
	held, err := s.Store.Held(ctx)
	if err != nil {
		return err
	}
	for _, h := range held {
		if h.Member == m.ID {
			v.Held = h.Error
		}
	}
	pending, err := s.Store.MemberPending(ctx, m.ID)
	if err != nil {
		return err
	}
	v.Pending = each(pending, viewDelivery)
	runs, _, err := s.Store.Runs(ctx, store.RunFilter{Member: m.ID, Limit: 50})
	if err != nil {
		return err
	}
	v.Runs = each(runs, viewRun)
	decisions, _, err := s.Store.Decisions(ctx, store.DecisionFilter{Member: m.ID, Limit: 50})
	v.Refused = each(slices.DeleteFunc(decisions, func(d engine.Decision) bool { return d.Run != "" }), viewDecision)
	return err
}

// getObjects lists the objects of a kind by id. A page looks at so many as its limit says: of a segment it may hold
// fewer of them.
func (s *server) getObjects(c *gin.Context) (objectsView, error) {
	if err := s.kind(c); err != nil {
		return objectsView{}, err
	}
	cursor, limit, err := page(c)
	if err != nil {
		return objectsView{}, err
	}
	ws, _ := s.Workspace()
	kind, segment := c.Param("kind"), c.Query("segment")
	if of := ws.Schema.Of(kind); segment != "" && of.Segment(segment) == nil {
		return objectsView{}, unknownName(codeInvalidQuery, "segment of "+kind, segment, segmentNames(of))
	}
	if cursor != "" {
		cursor = naming.ObjectID(kind, cursor)
	}
	list, err := s.Store.SubjectsAfter(c.Request.Context(), kind, cursor, limit)
	if err != nil {
		return objectsView{}, err
	}
	v := objectsView{Objects: []ObjectHead{}}
	if len(list) == limit {
		v.Next = naming.OutsideID(list[limit-1].ID)
	}
	for _, o := range list {
		if o.Member == nil { // GET of it says why
			o.Member = &engine.Member{ID: o.ID}
		}
		if segment != "" {
			profile, err := s.Profile(c.Request.Context(), o.Member)
			if err != nil {
				return objectsView{}, err
			}
			if !slices.Contains(profile.Segments, segment) {
				continue
			}
		}
		v.Objects = append(v.Objects, viewObjectHead(o.Member))
	}
	return v, nil
}

func (s *server) getObjectTimeline(c *gin.Context) (timelineView, error) {
	id, err := s.object(c)
	if err != nil {
		return timelineView{}, err
	}
	if _, err := s.Store.Member(c.Request.Context(), id); errors.Is(err, store.ErrNotFound) {
		return timelineView{}, noObject(c)
	}
	return s.timeline(c, id)
}

// subjectOf returns the id of the member or of the object that a list is asked for; "": of any.
func (s *server) subjectOf(c *gin.Context) (string, error) {
	asked := c.Query("object")
	if asked == "" {
		return s.memberID(c, c.Query("member")), nil
	}
	kind, id, ok := strings.Cut(asked, ":")
	ws, _ := s.Workspace()
	switch {
	case c.Query("member") != "":
		return "", newError(codeInvalidQuery, "say `member` or `object`, not both")
	case !ok:
		return "", newError(codeInvalidQuery, "`object` is the kind and the id, as in group:g1")
	case ws.Schema.Object(kind) == nil:
		return "", unknownName(codeInvalidQuery, "kind of objects", kind, ws.Schema.ObjectNames())
	}
	return naming.ObjectID(kind, id), nil
}

// targetObjects checks the objects that a playbook is started for.
func targetObjects(ws *playbooks.Workspace, p *playbooks.Playbook, body *triggerBody) error {
	switch {
	case p.For == "" && len(body.Objects) > 0:
		return newError(strictjson.CodeInvalid, "playbook %s is for members: say `members`", p.ID).with("path", "objects")
	case p.For != "" && len(body.Members) > 0:
		return newError(strictjson.CodeInvalid, "playbook %s is for objects of the kind %s: say `objects`", p.ID, p.For).
			with("path", "members")
	}
	for i, id := range body.Objects {
		if rej := intake.ObjectID(ws.Schema, p.For, id); rej != nil {
			return rejected(rej).with("index", i)
		}
		body.Members = append(body.Members, naming.ObjectID(p.For, id))
	}
	return nil
}
