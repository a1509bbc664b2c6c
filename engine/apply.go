package engine

import (
	"time"

	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/playbooks"
)

// ensureMember makes a member of somebody who was not seen before. The result of a delivery makes
// none, nor does a redemption or a message.
func (d *decider) ensureMember(in *Input) {
	if d.State.Member == nil && in.Kind != InputResult && in.Kind != InputRelease && in.Kind != InputRedeem &&
		in.Kind != InputDeletion && in.Kind != InputMessage {
		d.State.Member = &Member{ID: d.ID, CreatedAt: in.At}
		d.View.Of = d.State.Member
		d.touched = true
	}
}

// applyEvent brings what an event carries to the member, and the event into their history.
func (d *decider) applyEvent(in *Input, p *Payload, l *index.Listening) {
	d.applyPayload(in, p)
	// That alone is read from the history: the member need not be stored for it.
	if p.MovesLastSeen() && (l.Type == nil || !l.Type.Builtin) {
		d.State.Member.LastSeenAt = in.At
	}
	d.keep(in, l)
	d.noteReferral(in, p)
}

// noteReferral notes by whom the member was brought. Intake has seen to it that the property is there only where it is
// a referral.
func (d *decider) noteReferral(in *Input, p *Payload) {
	property := d.e.index.WS.Schema.Referral.Of(in.Name)
	if property == "" {
		return
	}
	if by, _ := p.Properties[property].(string); by != "" {
		d.c.Referrals = append(d.c.Referrals, Referral{Member: d.ID, By: by, At: in.Time, Event: in.ID})
	}
}

// keep puts a decided event into the member's history.
func (d *decider) keep(in *Input, l *index.Listening) {
	if l.Tracked == nil && len(d.State.History) == 0 {
		return // nothing asks about it
	}
	d.Past.Put(in.Name, in.Happened(), l.Tracked, l.Taken)
}

// applyUpdate writes what came over HTTP or from a file to the member.
func (d *decider) applyUpdate(in *Input, p *Payload) {
	d.applyPayload(in, p)
	d.Begin(in.At)
	d.updateLevel(in.At)
}

// applyPayload writes attributes and tags that came from outside.
func (d *decider) applyPayload(in *Input, p *Payload) {
	if len(p.Attributes)+len(p.AddTags)+len(p.RemoveTags) == 0 {
		return
	}
	m := d.State.Member
	if len(p.Attributes) > 0 && m.Attributes == nil {
		m.Attributes = make(map[string]any, len(p.Attributes))
	}
	for k, v := range p.Attributes {
		if d.e.index.WS.Schema.IsLevel(k) {
			continue // it was accepted before levels were declared
		}
		v = d.e.normalized(k, v)
		m.Wrote(k, v, in.At)
		if v == nil {
			delete(m.Attributes, k)
		} else {
			m.Attributes[k] = v
		}
	}
	d.changeTags(p.AddTags, p.RemoveTags, time.Time{})
	d.touched = true
}

// normalized returns a value of an attribute as the member keeps it, wherever it comes from.
func (e *Engine) normalized(name string, v any) any {
	if a := e.index.WS.Schema.Attribute(name); a != nil && a.Normal != playbooks.NormalNone {
		return e.index.WS.Schema.Normalized(a, v)
	}
	return v
}
