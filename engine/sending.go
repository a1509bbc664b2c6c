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

// Reviews reports whether a message that goes out at an instant is to be looked at again: it was
// decided a while ago.
func (e *Engine) Reviews(del *Delivery, now time.Time) bool {
	s := e.ws.Schema
	return del.Message.Webhook == nil && del.Message.Class != Transactional && now.Sub(del.At) > reviewAfter &&
		(s.Consent != "" || s.Quiet != nil || len(s.Caps) > 0)
}

// reviewAfter is how old a decision on a message may be to be good when it is sent.
const reviewAfter = 30 * time.Second

// Review looks at a message again that is about to be sent, late: by today's consent, frequency
// caps and quiet hours. It gives the reason why it is not sent at all, or the end of the quiet
// hours that it has to wait for; neither when it may go out.
func (e *Engine) Review(m *Member, del *Delivery, now time.Time) (skip string, until time.Time) {
	if m == nil || !e.consents(m) {
		return ReasonConsent, until
	}
	zone := e.zoneOf(m)
	// The message itself is among the member's sends: the first since it was decided.
	own := slices.IndexFunc(m.Sends, func(s Send) bool { return s.Channel == del.Channel && !s.At.Before(del.At) })
	gone := func(i int) bool { return i != own && !m.Sends[i].At.After(now) }
	if e.capped(m.Sends, gone, del.Channel, now.In(zone)) {
		return ReasonCapped, until
	}
	if end, quiet := e.ws.Schema.QuietEnd(now.In(zone)); quiet {
		return "", end.UTC()
	}
	return "", until
}

// Send decides on a message: it goes to the outbox, waits for the end of quiet hours, or is skipped
// with the reason.
func (a *Act) Send(channel string, m Message) {
	d := a.d
	a.Detail("channel", channel)
	at, deferred := d.now, false
	if m.Class != Transactional {
		if end, quiet := d.e.ws.Schema.QuietEnd(d.now.In(d.zone)); quiet {
			at, deferred = end.UTC(), true
		}
	}
	if reason := a.mayNotSend(channel, &m, at); reason != "" {
		a.Result("status", "skipped")
		a.Reason(reason)
		return
	}
	del := Delivery{
		Key: d.e.id(d.now, "delivery", a.run.Playbook, a.run.ID, a.step.Path), Member: d.id,
		Playbook: a.run.Playbook, Run: a.run.ID,
		Step: a.step.Name(), Channel: channel, At: d.now, NotBefore: at, Message: m,
	}
	a.Result("status", "queued")
	if deferred {
		a.reason = ReasonDeferred
		a.Detail("until", at)
	}
	if m.Class != Transactional {
		d.countSend(channel, at)
	}
	a.Detail("text", m.Text)
	if m.To != "" {
		a.Detail("to", m.To)
	}
	d.c.Deliveries = append(d.c.Deliveries, del)
}

// mayNotSend returns the reason why a message is skipped, and finds its address.
func (a *Act) mayNotSend(channel string, m *Message, at time.Time) string {
	d := a.d
	if d.e.ws.Schema.Channel(channel) == nil {
		return ReasonNoChannel
	}
	if attribute, needed := d.e.address[channel]; needed && m.To == "" {
		to, _ := memberView{&d.evaluator, d.e.types}.Field(attribute).(string)
		if m.To = to; to == "" {
			return ReasonNoAddress
		}
	}
	if m.Class != Transactional && !d.e.consents(d.st.Member) {
		return ReasonConsent
	}
	all := func(int) bool { return true } // also what is put off
	if m.Class != Transactional && d.e.capped(d.st.Member.Sends, all, channel, at.In(d.zone)) {
		return ReasonCapped
	}
	return ""
}

// capped reports whether one more message on the channel, sent at that local time, would go over a
// frequency cap. counts says which of the member's sends count beside it, by their place.
func (e *Engine) capped(sends []Send, counts func(i int) bool, channel string, at time.Time) bool {
	for _, f := range e.ws.Schema.Caps {
		if len(f.Channels) > 0 && !slices.Contains(f.Channels, channel) {
			continue
		}
		since, n := f.Per.Before(at), 0
		for i, s := range sends {
			if counts(i) && s.At.After(since) && (len(f.Channels) == 0 || slices.Contains(f.Channels, s.Channel)) {
				n++
			}
		}
		if n >= f.Max {
			return true
		}
	}
	return false
}

// countSend remembers a send for as long as a frequency cap can see it: it counts when it goes out,
// also when it is deferred.
func (d *decider) countSend(channel string, at time.Time) {
	caps := d.e.ws.Schema.Caps
	if len(caps) == 0 {
		return
	}
	var longest time.Duration
	for _, f := range caps {
		longest = max(longest, f.Per.Longest())
	}
	m := d.st.Member
	m.Sends = slices.DeleteFunc(m.Sends, func(s Send) bool { return d.now.Sub(s.At) > longest })
	m.Sends = append(m.Sends, Send{Channel: channel, At: at})
	d.touched = true
}
