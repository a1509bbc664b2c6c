package engine

import (
	"slices"
	"time"
)

// ReasonConsent is why a promotional message is skipped: the member has not agreed to be written
// to.
const ReasonConsent = "consent"

// consents reports whether promotional messages may go to the member.
func (e *Engine) consents(m *Member) bool {
	name := e.ws.Schema.Consent
	if name == "" {
		return true
	}
	v, has := m.Attributes[name]
	if !has {
		if a := e.ws.Schema.Attribute(name); a != nil {
			v = a.Default
		}
	}
	agreed, _ := v.(bool)
	return agreed
}

// Send decides on a message: it goes to the outbox, is put off to the end of quiet hours, or is
// skipped with the reason.
func (a *Act) Send(channel string, m Message) {
	d := a.d
	a.Detail("channel", channel)
	until, deferred := time.Time{}, false
	if m.Class != Transactional {
		until, deferred = d.e.ws.Schema.QuietEnd(d.now.In(d.zone))
	}
	if reason := a.mayNotSend(channel, &m, deferred); reason != "" {
		a.Result("status", "skipped")
		a.Reason(reason)
		return
	}
	del := Delivery{
		Key: d.e.id(d.now, "delivery", a.run.Playbook, a.run.ID, a.step.Path), Member: d.id,
		Playbook: a.run.Playbook, Run: a.run.ID,
		Step: a.step.Name(), Channel: channel, At: d.now, NotBefore: d.now, ReleasedAt: d.now, Message: m,
	}
	a.Result("status", "queued")
	switch {
	case deferred:
		del.NotBefore, del.ReleasedAt = until.UTC(), time.Time{}
		a.reason = ReasonDeferred
		a.Detail("until", del.NotBefore)
		d.deferMessage(del.Key, Deferred{
			Run: del.Run, Playbook: del.Playbook, Step: del.Step, Channel: channel, At: del.NotBefore,
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

// mayNotSend returns the reason why a message is skipped, and finds its address. Frequency caps are
// asked when it goes out: not of one that is put off.
func (a *Act) mayNotSend(channel string, m *Message, deferred bool) string {
	d := a.d
	if d.e.ws.Schema.Channel(channel) == nil {
		return ReasonNoChannel
	}
	if attribute, needed := d.e.address[channel]; needed && m.To == "" {
		to, _ := d.memberBy(d.e.types).Field(attribute).(string)
		if m.To = to; to == "" {
			return ReasonNoAddress
		}
	}
	if m.Class != Transactional && !d.e.consents(d.st.Member) {
		return ReasonConsent
	}
	if m.Class != Transactional && !deferred && d.capped(channel) {
		return ReasonCapped
	}
	if deferred && len(d.st.Member.Deferred) >= maxDeferred {
		return ReasonTooMany
	}
	return ""
}

// capped reports whether one more message on the channel that goes out now would go over a frequency
// cap.
func (d *decider) capped(channel string) bool {
	for i := range d.e.ws.Schema.Caps {
		f := &d.e.ws.Schema.Caps[i]
		if !f.Counts(channel) {
			continue
		}
		since, n := f.Per.Before(d.now.In(d.zone)), 0
		for _, s := range d.st.Member.Sends {
			if s.At.After(since) && f.Counts(s.Channel) {
				n++
			}
		}
		if n >= f.Max {
			return true
		}
	}
	return false
}

// countSend remembers a message that goes out now, for as long as a frequency cap can see it, and
// forgets what none can see any more.
func (d *decider) countSend(channel string) {
	counts := func(s Send) bool {
		for i := range d.e.ws.Schema.Caps {
			if f := &d.e.ws.Schema.Caps[i]; f.Counts(s.Channel) && d.now.Sub(s.At) <= f.Per.Longest() {
				return true
			}
		}
		return false
	}
	m, s := d.st.Member, Send{Channel: channel, At: d.now}
	known := len(m.Sends)
	m.Sends = slices.DeleteFunc(m.Sends, func(s Send) bool { return !counts(s) })
	d.touched = d.touched || len(m.Sends) < known
	if counts(s) {
		m.Sends = append(m.Sends, s)
		d.touched = true
	}
}
