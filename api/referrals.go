package api

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// directory finds the members whom inputs of one request name, those of inputs before them among these.
type directory struct {
	ctx   context.Context
	store store.Directory
	fresh map[string]time.Time // members of inputs of this request, and since when they would be there
}

// directory returns that of a request; nil: the workspace has no refs to members, and nobody asks.
func (s *server) directory(c *gin.Context, ws *playbooks.Workspace) *directory {
	if !ws.Schema.NamesMembers() {
		return nil
	}
	return &directory{ctx: c.Request.Context(), store: s.Store}
}

// resolve finds the members whom an input names, and knows its own from then on.
func (d *directory) resolve(ws *playbooks.Workspace, in *engine.Input) (*strictjson.Rejection, error) {
	if d == nil {
		return nil, nil
	}
	rej, err := intake.Resolve(ws.Schema, in, d.find)
	if rej == nil && err == nil {
		d.saw(in)
	}
	return rej, err
}

// find returns the member whom a text names.
func (d *directory) find(name string) (engine.Found, bool, error) {
	who, known, err := d.store.Find(d.ctx, name)
	if err != nil {
		return who, false, err
	}
	id := name
	if known {
		id = who.ID
	}
	if at, came := d.fresh[id]; came && (!known || at.Before(who.CreatedAt)) {
		return engine.Found{ID: id, CreatedAt: at}, true, nil
	}
	return who, known, nil
}

// toCome is when members of this request come into being, at one instant: after all who are there.
var toCome = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

// saw notes the member of an input that was admitted. What is history counts by its time.
func (d *directory) saw(in *engine.Input) {
	if naming.IsObject(in.Member) {
		return
	}
	at := toCome
	if bytes.Contains(in.Data, []byte(`"b":true`)) && !in.Time.IsZero() {
		if p, err := (&engine.Input{Data: in.Data}).Decode(); err == nil && p.Backfill {
			at = in.Time
		}
	}
	if d.fresh == nil {
		d.fresh = map[string]time.Time{}
	}
	if first, known := d.fresh[in.Member]; !known || at.Before(first) {
		d.fresh[in.Member] = at
	}
}

// resolve finds the members whom an input names that is alone in its request.
func (s *server) resolve(c *gin.Context, ws *playbooks.Workspace, in *engine.Input) error {
	rej, err := s.directory(c, ws).resolve(ws, in)
	if rej != nil {
		return rejected(rej)
	}
	return err
}

// resolveParams finds the members whom params of a trigger name.
func (s *server) resolveParams(c *gin.Context, params *schema.Type, values map[string]any) (map[string]any, error) {
	ws, _ := s.Workspace()
	d := directory{ctx: c.Request.Context(), store: s.Store}
	out, rej, err := intake.ResolveParams(ws.Schema, params, values, d.find)
	if rej != nil {
		return nil, rejected(rej)
	}
	return out, err
}

// referralView is somebody who was brought, or who brought somebody.
type referralView struct {
	Member string    `json:"member"`
	At     time.Time `json:"at" doc:"when it happened"`
	Event  string    `json:"event" doc:"the id of the event that said so"`
}

// broughtView is somebody who was brought, with whom they brought.
type broughtView struct {
	Member    string         `json:"member"`
	At        time.Time      `json:"at" doc:"when it happened"`
	Event     string         `json:"event" doc:"the id of the event that said so"`
	Referrals []referralView `json:"referrals" doc:"whom they brought: the newest 50"`
	More      bool           `json:"more,omitempty" doc:"they brought more: see /v1/members/{id}/referrals of theirs"`
}

type referralsView struct {
	Member     string        `json:"member"`
	ReferredBy *referralView `json:"referred_by,omitempty" doc:"who brought the member: by their first referral"`
	Referrals  []broughtView `json:"referrals" doc:"whom the member brought, newest first"`
	Next       string        `json:"next,omitempty" doc:"cursor of the next page; left out at the end"`
}

func (s *server) getReferrals(c *gin.Context) (referralsView, error) {
	var none referralsView
	cursor, limit, err := page(c)
	if err != nil {
		return none, err
	}
	ctx, id := c.Request.Context(), s.memberID(c, c.Param("id"))
	if err := s.filtered(ctx, "", id); err != nil {
		return none, err
	}
	v := referralsView{Member: id, Referrals: []broughtView{}}
	switch by, err := s.Store.Referrer(ctx, id); {
	case err == nil:
		first := referralView(by)
		v.ReferredBy = &first
	case !errors.Is(err, store.ErrNotFound):
		return none, err
	}
	list, err := s.Store.Referrals(ctx, id, cursor, limit)
	if err != nil {
		return none, err
	}
	v.Next = list.Next
	for _, r := range list.Referrals {
		theirs, err := s.Store.Referrals(ctx, r.Member, "", pageStandard)
		if err != nil {
			return none, err
		}
		v.Referrals = append(v.Referrals, broughtView{
			Member: r.Member, At: r.At, Event: r.Event, More: theirs.Next != "",
			Referrals: each(theirs.Referrals, func(r store.Referral) referralView { return referralView(r) }),
		})
	}
	return v, nil
}
