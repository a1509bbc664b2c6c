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
	for _, f := range e.ws.Schema.Caps {
		if len(f.Channels) > 0 && !slices.Contains(f.Channels, del.Channel) {
			continue
		}
		since, sent := f.Per.Before(now.In(zone)), 0
		for k, s := range m.Sends {
			if k != own && s.At.After(since) && !s.At.After(now) &&
				(len(f.Channels) == 0 || slices.Contains(f.Channels, s.Channel)) {
				sent++
			}
		}
		if sent >= f.Max {
			return ReasonCapped, until
		}
	}
	if end, quiet := e.ws.Schema.QuietEnd(now.In(zone)); quiet {
		return "", end.UTC()
	}
	return "", until
}
