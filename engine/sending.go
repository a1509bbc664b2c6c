package engine

import (
	"time"

	"github.com/usher-run/usher/engine/grants"
)

// ReasonConsent is why a promotional message is skipped: the member has not agreed to be written
// to.
const ReasonConsent = "consent"

// Send decides on a message: it goes to the outbox, is put off to the end of quiet hours, or is
// skipped with the reason.
func (a *Act) Send(channel string, m Message) {
	d := a.d
	a.Detail("channel", channel)
	until, deferred := time.Time{}, false
	if m.Class != Transactional && !a.run.Shadow() {
		until, deferred = d.e.index.WS.Schema.QuietEnd(d.Now.In(d.Zone))
	}
	if reason := a.mayNotSend(channel, &m, deferred); reason != "" {
		a.Result("status", "skipped")
		a.Reason(reason)
		return
	}
	if a.run.Shadow() {
		a.shadowSend(&m)
		return
	}
	m.Of = a.of
	del := Delivery{
		Key: a.deliveryKey(), Member: d.ID,
		Playbook: a.run.Playbook, Run: a.run.ID,
		Step: a.step.Name(), Channel: channel, At: d.Now, NotBefore: d.Now, ReleasedAt: d.Now, Message: m,
	}
	a.Result("status", "queued")
	switch {
	case deferred:
		del.NotBefore, del.ReleasedAt = until.UTC(), time.Time{}
		a.reason = ReasonDeferred
		a.Detail("until", del.NotBefore)
		d.deferMessage(del.Key, Deferred{
			Run: del.Run, Playbook: del.Playbook, Step: del.Step, Channel: channel, At: del.NotBefore, Of: a.of,
		})
	case m.Class != Transactional:
		d.countSend(channel)
	}
	a.Detail("text", m.Text)
	if m.Attach != nil {
		a.Detail("attach", m.Attach)
	}
	if m.Data != nil {
		a.Detail("data", m.Data)
	}
	if m.To != "" {
		a.Detail("to", m.To)
	}
	d.c.Deliveries = append(d.c.Deliveries, del)
	a.effect = del.Key
}

// deliveryKey returns the key of what the step delivers. A message that was handed over has that of its input.
func (a *Act) deliveryKey() string {
	if a.of != "" {
		return a.d.input
	}
	return a.d.e.id(a.d.Now, "delivery", a.run.Playbook, a.run.ID, a.step.Path)
}

// mayNotSend returns the reason why a message is skipped, and finds its address. Frequency caps are
// asked when it goes out: not of one that is put off.
func (a *Act) mayNotSend(channel string, m *Message, deferred bool) string {
	d := a.d
	if d.e.index.WS.Schema.Channel(channel) == nil {
		return ReasonNoChannel
	}
	if attribute, needed := d.e.index.Address[channel]; needed && m.To == "" {
		to, _ := d.MemberBy(d.e.index.Types).Field(attribute).(string)
		if m.To = to; to == "" {
			return ReasonNoAddress
		}
	}
	if m.Class != Transactional && !grants.Consents(d.e.index.WS.Schema, d.State.Member) {
		return ReasonConsent
	}
	if m.Class != Transactional && !deferred && d.capped(channel) {
		return ReasonCapped
	}
	if deferred && len(d.State.Member.Deferred) >= maxDeferred {
		return ReasonTooMany
	}
	return ""
}

// capped reports whether one more message on the channel that goes out now would go over a frequency
// cap.
func (d *decider) capped(channel string) bool {
	return grants.Capped(d.e.index.WS.Schema.Caps, d.State.Member, channel, d.Now.In(d.Zone))
}

// countSend remembers a message that goes out now.
func (d *decider) countSend(channel string) {
	changed := grants.CountSend(d.e.index.WS.Schema.Caps, d.State.Member, channel, d.Now)
	d.touched = d.touched || changed
}
