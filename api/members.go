package api

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
)

// eventBody documents POST /v1/events.
type eventBody struct {
	ID         string         `json:"id,omitempty" doc:"accepted once, ever; made here when left out" maxLength:"256"`
	Event      string         `json:"event,omitempty" doc:"the event's name, as in order.paid" maxLength:"128"`
	Member     string         `json:"member,omitempty" doc:"who did it; may be left out of an event that names an object" maxLength:"256"`
	Time       *time.Time     `json:"time,omitempty" doc:"when it happened; the acceptance when left out"`
	Properties map[string]any `json:"properties,omitempty" doc:"typed by the workspace's schema where it declares them"`
	Attributes map[string]any `json:"attributes,omitempty" doc:"attributes of the member that are written with the event; null removes one"`
	Backfill   bool           `json:"backfill,omitempty" doc:"the event is history: it counts in events(), attributes and created_at, and starts nothing"`
	Object     map[string]any `json:"object,omitempty" doc:"in place of event and member: an object, as in {\"group\": \"g1\"}, whose attributes are written"`
}

// memberBody documents PUT /v1/members/{id}.
type memberBody struct {
	Attributes map[string]any `json:"attributes,omitempty" doc:"null removes one"`
	Tags       *tagsBody      `json:"tags,omitempty"`
	Backfill   bool           `json:"backfill,omitempty" doc:"what is written is history: it starts nothing, and attributes that are known stay"`
}

type tagsBody struct {
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

type acceptedView struct {
	Status string `json:"status" enum:"accepted,duplicate"`
	ID     string `json:"id"`
}

type memberView struct {
	ID         string               `json:"id"`
	Attributes map[string]any       `json:"attributes"`
	Tags       []string             `json:"tags"`
	Kept       map[string]time.Time `json:"kept_until,omitempty" doc:"to when an attribute that follows a number is kept though the number is below it"`
	TagEnds    map[string]time.Time `json:"tag_ends,omitempty" doc:"when tags end that are not for ever"`
	Points     int                  `json:"points"`
	Code       string               `json:"referral_code,omitempty" doc:"by which others may call the member, where a ref to a member is wanted"`
	Defaults   map[string]any       `json:"defaults" doc:"of declared attributes that the member does not have"`
	Computed   map[string]any       `json:"computed" doc:"computed attributes, as of now; null where there is no value"`
	Segments   []string             `json:"segments" doc:"those that the member is in now"`
	// Failed is seldom there: expressions are checked before they are served.
	Failed     map[string]string `json:"failed,omitempty" doc:"computed attributes and segments that could not be evaluated, with the reason"`
	Held       string            `json:"held,omitempty" doc:"why nothing is decided on the member for now: what cannot be read, or that a long history is being added up"`
	CreatedAt  time.Time         `json:"created_at"`
	LastSeenAt *time.Time        `json:"last_seen_at,omitempty"`
	Coupons    []couponView      `json:"coupons" doc:"the newest 50; all of them are at /v1/members/{id}/coupons"`
	Runs       []RunView         `json:"runs" doc:"the newest 50; all of them are at /v1/runs?member="`
	Pending    []deliveryView    `json:"pending" doc:"messages and webhooks that are not carried out yet: deferred ones have a not_before to come"`
	// Refused answers "why did she not get this?".
	Refused []decisionView `json:"refused" doc:"the newest decisions that did not let the member in, out of the last 50"`
}

type couponView struct {
	Code       string     `json:"code"`
	Pool       string     `json:"pool"`
	Name       string     `json:"name,omitempty" doc:"of the pool, for people"`
	Member     string     `json:"member"`
	Playbook   string     `json:"playbook"`
	Run        string     `json:"run"`
	IssuedAt   time.Time  `json:"issued_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RedeemedAt *time.Time `json:"redeemed_at,omitempty"`
	Redemption string     `json:"redemption,omitempty" doc:"the id that redeemed it"`
}

func (s *server) viewCoupon(r store.CouponRecord) couponView {
	name := ""
	if ws, _ := s.Workspace(); ws != nil {
		if p := ws.Schema.Pool(r.Pool); p != nil {
			name = p.Title
		}
	}
	return couponView{
		Code: r.Code, Pool: r.Pool, Name: name, Member: r.Member, Playbook: r.Playbook, Run: r.Run, IssuedAt: r.IssuedAt,
		ExpiresAt: optional(r.ExpiresAt), RedeemedAt: optional(r.RedeemedAt), Redemption: r.RedemptionID,
	}
}

// each turns a list into its view; an empty one is [] in JSON.
func each[A, B any](list []A, view func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, item := range list {
		out = append(out, view(item))
	}
	return out
}

func (s *server) putMember(c *gin.Context) (acceptedView, error) {
	var none acceptedView
	var body bytes.Buffer
	raw, err := readJSON(c, &body, maxBody)
	if err != nil {
		return none, err
	}
	ws, _ := s.Workspace()
	in, rej := intake.Member(ws.Schema, c.Param("id"), raw)
	if rej != nil {
		return none, rejected(rej)
	}
	if err := s.resolve(c, ws, &in); err != nil {
		return none, err
	}
	return s.acceptUpdate(c, in)
}

// acceptUpdate accepts what a request says of a member or an object, once under its key.
func (s *server) acceptUpdate(c *gin.Context, in engine.Input) (acceptedView, error) {
	var none acceptedView
	key, err := s.idempotencyKey(c)
	if err != nil {
		return none, err
	}
	in.ID = naming.UpdateID(key, in.Member)
	known, err := s.acceptInputs(c, []engine.Input{in})
	switch {
	case err != nil:
		return none, err
	case known[0].Differs:
		return none, otherBody(key)
	case known[0].Duplicate:
		return acceptedView{Status: "duplicate", ID: in.ID}, nil
	}
	return acceptedView{Status: "accepted", ID: in.ID}, nil
}

// idempotencyKey returns the request's Idempotency-Key, or a new one.
func (s *server) idempotencyKey(c *gin.Context) (string, error) {
	key := c.GetHeader("Idempotency-Key")
	if key == "" {
		return s.newID()
	}
	if len(key) > 128 {
		return "", newError(strictjson.CodeTooLarge, "an Idempotency-Key has at most 128 bytes")
	}
	if !utf8.ValidString(key) {
		return "", newError(strictjson.CodeInvalid, "an Idempotency-Key must be valid UTF-8")
	}
	return key, nil
}

// otherBody says that an Idempotency-Key came again with another request.
func otherBody(key string) *apiError {
	return newError(codeConflict, "the Idempotency-Key %q was used here for another body: send a new key with a new request", key).
		with("idempotency_key", key)
}

// acceptInputs stores inputs that are no events, wakes their members and tells which were known
// already.
func (s *server) acceptInputs(c *gin.Context, inputs []engine.Input) ([]store.Known, error) {
	if err := s.admits(c, inputs); err != nil {
		return nil, err
	}
	known, err := s.Store.Take(c.Request.Context(), inputs)
	if err != nil {
		return nil, err
	}
	var members []string
	for i := range known {
		if !known[i].Duplicate {
			members = append(members, inputs[i].Member)
		}
	}
	if len(members) > 0 {
		s.Wake(members...)
	}
	return known, nil
}

func (s *server) getMember(c *gin.Context) (memberView, error) {
	ctx, id := c.Request.Context(), s.memberID(c, c.Param("id"))
	m, err := s.Store.Member(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return memberView{}, noMember(id)
	}
	if errors.Is(err, store.ErrDamaged) {
		s.Log.Error("a member cannot be read", "member", id, "error", err)
		return memberView{}, newError(codeInternal,
			"what is stored of member `%s` is damaged: nothing is decided on them until it can be read, and what comes in is kept; see GET /v1/failures", id)
	}
	if err != nil {
		return memberView{}, err
	}
	held, err := s.Store.Held(ctx)
	if err != nil {
		return memberView{}, err
	}
	profile, err := s.Profile(ctx, m)
	if err != nil {
		return memberView{}, err
	}
	pending, err := s.Store.MemberPending(ctx, id)
	if err != nil {
		return memberView{}, err
	}
	coupons, _, err := s.Store.MemberCoupons(ctx, id, "", pageStandard)
	if err != nil {
		return memberView{}, err
	}
	runs, _, err := s.Store.Runs(ctx, store.RunFilter{Member: id, Limit: 50})
	if err != nil {
		return memberView{}, err
	}
	decisions, _, err := s.Store.Decisions(ctx, store.DecisionFilter{Member: id, Limit: 50})
	if err != nil {
		return memberView{}, err
	}
	refused := slices.DeleteFunc(decisions, func(d engine.Decision) bool { return d.Run != "" })
	v := memberView{
		Refused: each(refused, viewDecision),
		ID:      m.ID, Attributes: m.Attributes, Tags: m.Tags, Kept: profile.Kept, TagEnds: m.Rarely().TagEnds,
		Points: m.Points, CreatedAt: m.CreatedAt,
		LastSeenAt: optional(m.LastSeenAt), Code: profile.Code,
		Defaults: profile.Defaults, Computed: profile.Computed, Segments: profile.Segments, Failed: profile.Failed,
		Coupons: each(coupons, s.viewCoupon), Runs: each(runs, viewRun), Pending: each(pending, viewDelivery),
	}
	for _, h := range held {
		if h.Member == id {
			v.Held = h.Error
		}
	}
	if v.Attributes == nil {
		v.Attributes = map[string]any{}
	}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	return v, nil
}

// timelineItem is one line of a member's timeline; exactly one of its last fields is set.
type timelineItem struct {
	At       time.Time      `json:"at"`
	Event    *eventView     `json:"event,omitempty"`
	Decision *decisionView  `json:"decision,omitempty"`
	Run      *RunView       `json:"run,omitempty"`
	Coupon   *couponView    `json:"coupon,omitempty"`
	Ended    map[string]any `json:"ended,omitempty" doc:"what the member had to an end that has come: tags, points, coupons"`
	Message  map[string]any `json:"message,omitempty" doc:"of an object: what became of a message that a run of a member handed over, with the run and the reason"`
	Level    map[string]any `json:"level,omitempty" doc:"what became of the level of the member: before, after, the number, and the reason: reached, below, grace or edited"`
}

type eventView struct {
	ID    string `json:"id"`
	Event string `json:"event"`
	SubjectView
	Time       time.Time      `json:"time"`
	AcceptedAt time.Time      `json:"accepted_at"`
	Properties map[string]any `json:"properties,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Backfill   bool           `json:"backfill,omitempty"`
	Sent       map[string]any `json:"sent,omitempty" doc:"by path: what named a member when the event came in, where another text is kept or none"`
	Missing    map[string]any `json:"missing,omitempty" doc:"by path: why what was sent names nobody"`
	Unreadable string         `json:"unreadable,omitempty" doc:"why what is stored of the event cannot be read"`
}

type timelineView struct {
	Items []timelineItem `json:"items"`
	Next  string         `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getTimeline(c *gin.Context) (timelineView, error) {
	id := s.memberID(c, c.Param("id"))
	if err := s.filtered(c.Request.Context(), "", id); err != nil {
		return timelineView{}, err
	}
	return s.timeline(c, id)
}

// timeline returns a page of what happened to a member or an object.
func (s *server) timeline(c *gin.Context, subject string) (timelineView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return timelineView{}, err
	}
	list, next, err := s.Store.Timeline(c.Request.Context(), subject, cursor, limit)
	if err != nil {
		return timelineView{}, err
	}
	v := timelineView{Items: make([]timelineItem, 0, len(list)), Next: next}
	for i := range list {
		v.Items = append(v.Items, s.viewTimelineItem(&list[i]))
	}
	return v, nil
}

func (s *server) viewTimelineItem(item *store.TimelineItem) timelineItem {
	v := timelineItem{At: item.At, Ended: item.Ended, Level: item.Level, Message: item.Message}
	switch {
	case item.Decision != nil:
		decision := viewDecision(*item.Decision)
		v.Decision = &decision
	case item.Coupon != nil:
		coupon := s.viewCoupon(*item.Coupon)
		v.Coupon = &coupon
	case item.Run != nil:
		run := viewRun(*item.Run)
		v.Run = &run
	case item.Event != nil:
		v.Event = viewEvent(item.Event)
	}
	return v
}

// viewEvent shows an event; seen from an object, its member is one who took part.
func viewEvent(in *engine.Input) *eventView {
	v := &eventView{SubjectView: viewSubject(in.Member), ID: in.ID, Event: in.Name, Time: in.Time, AcceptedAt: in.At}
	p, err := in.Decode()
	if err != nil {
		v.Unreadable = err.Error()
		return v
	}
	v.Properties, v.Attributes, v.Backfill = p.Properties, p.Attributes, p.Backfill
	v.Sent, v.Missing = p.Sent, p.Missing
	if member, ok := p.Properties["member"].(string); ok && v.Object != nil {
		v.Member, v.Properties = member, maps.Clone(p.Properties)
		delete(v.Properties, "member")
	}
	return v
}

type couponsView struct {
	Coupons []couponView `json:"coupons"`
	Next    string       `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getMemberCoupons(c *gin.Context) (couponsView, error) {
	cursor, limit, err := page(c)
	if err != nil {
		return couponsView{}, err
	}
	ctx, id := c.Request.Context(), s.memberID(c, c.Param("id"))
	if err := s.filtered(ctx, "", id); err != nil {
		return couponsView{}, err
	}
	list, next, err := s.Store.MemberCoupons(ctx, id, cursor, limit)
	if err != nil {
		return couponsView{}, err
	}
	return couponsView{Coupons: each(list, s.viewCoupon), Next: next}, nil
}
