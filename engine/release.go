package engine

import (
	"slices"
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/grants"
)

// ReasonExited is why a message that was put off is dropped when its run exits.
const ReasonExited = "exited"

// lateAfter is how old a release may be to be good when the message is sent.
const lateAfter = 30 * time.Second

// Late reports whether a message that is about to be sent has to be released again: its release was
// a while ago, and consent, quiet hours or frequency caps may speak against it now.
func (e *Engine) Late(d *Delivery, now time.Time) bool {
	s := e.of(d.Member).index.WS.Schema
	return d.Message.Webhook == nil && d.Message.Class != Transactional && now.Sub(d.ReleasedAt) > lateAfter &&
		(s.Consent != "" || s.Quiet != nil || len(s.Caps) > 0)
}

// decideReleaseAgain decides on a late message at the instant of the input.
func (d *decider) decideReleaseAgain(in *Input, p *Payload) {
	text := func(name string) string {
		s, _ := p.Properties[name].(string)
		return s
	}
	d.Begin(in.At)
	d.touched = d.State.Member.UncountSend(p.Channel, in.Time) || d.touched
	d.releaseMessage(text("delivery"), Deferred{
		Run: in.Name, Playbook: text("playbook"), Step: text("step"), Channel: p.Channel, At: in.Time, Of: effects.Whose(p),
	}, true)
}

// decideRelease decides on a message whose time has come.
func (d *decider) decideRelease(key string) {
	m := d.State.Member.Deferred[key]
	d.beginDue("release:" + key)
	d.Begin(m.At)
	d.releaseMessage(key, m, false)
}

// releaseMessage lets a message go out, puts it off or drops it. A message that goes out takes its
// place under the frequency caps.
func (d *decider) releaseMessage(key string, m Deferred, again bool) {
	r := Release{
		Key: key, Member: d.ID, Deferred: m, State: DeliveryPending, At: d.Now, NotBefore: m.At, Again: again,
	}
	member := d.State.Member
	end, quiet := d.e.index.WS.Schema.QuietEnd(d.Now.In(d.Zone))
	switch {
	case d.e.index.WS.Schema.Channel(m.Channel) == nil:
		r.State, r.Reason = DeliveryDropped, ReasonNoChannel
	case member == nil || !grants.Consents(d.e.index.WS.Schema, member):
		r.State, r.Reason = DeliveryDropped, ReasonConsent
	case quiet && again && len(member.Deferred) >= maxDeferred:
		r.State, r.Reason = DeliveryDropped, ReasonTooMany
	case quiet:
		r.State, r.NotBefore = DeliveryDeferred, end.UTC()
	case d.capped(m.Channel):
		r.State, r.Reason = DeliveryDropped, ReasonCapped
	default:
		d.countSend(m.Channel)
	}
	if r.State == DeliveryDeferred {
		m.At = r.NotBefore
		d.deferMessage(key, m)
	} else {
		d.forgetDeferred(key)
	}
	d.released(&r)
}

// deferMessage notes a message that is to be released later.
func (d *decider) deferMessage(key string, m Deferred) {
	if d.State.Member.Deferred == nil {
		d.State.Member.Deferred = map[string]Deferred{}
	}
	d.State.Member.Deferred[key] = m
	d.touched, d.dueChanged = true, true
}

func (d *decider) forgetDeferred(key string) {
	if m := d.State.Member; m != nil && len(m.Deferred) > 0 {
		delete(m.Deferred, key)
		d.touched, d.dueChanged = true, true
	}
}

// dropDeferred drops the messages of a run that exits; nil: all.
func (d *decider) dropDeferred(r *Run, reason string) {
	for _, key := range d.State.Member.DeferredKeys(d.e.index.CompareTurns) {
		m := d.State.Member.Deferred[key]
		if r != nil && (m.Run != r.ID || m.Of != "") {
			continue
		}
		d.forgetDeferred(key)
		d.released(&Release{
			Key: key, Member: d.ID, Deferred: m, State: DeliveryDropped, At: d.Now, NotBefore: m.At, Reason: reason,
		})
	}
}

// released adds a release to the changes, and tells the run.
func (d *decider) released(r *Release) {
	d.c.Releases = append(d.c.Releases, *r)
	i := slices.IndexFunc(d.State.Runs, func(run *Run) bool { return run.ID == r.Run })
	var run *Run
	detail, dropped := d.detail, map[string]any(nil)
	switch {
	case r.Of != "": // it is about the message, whether or not the run is of this line
		run = &Run{ID: r.Key, Playbook: r.Playbook, Member: d.ID}
		dropped = map[string]any{effects.DetailOfRun: r.Run}
		detail = func(name string, v any) map[string]any { return map[string]any{name: v, effects.DetailOfRun: r.Run} }
	case i >= 0:
		run = d.State.Runs[i]
	default:
		return
	}
	switch r.State {
	case DeliveryPending:
		if !r.Again {
			d.trace(run, r.At, TraceEntry{What: "released", Step: r.Step, Detail: detail("channel", r.Channel)})
		}
	case DeliveryDeferred:
		d.trace(run, r.At, TraceEntry{
			What: string(DeliveryDeferred), Step: r.Step, Reason: ReasonDeferred, Detail: detail("until", r.NotBefore),
		})
	default:
		d.trace(run, r.At, TraceEntry{What: string(DeliveryDropped), Step: r.Step, Reason: r.Reason, Detail: dropped})
		left := map[string]any{"status": "skipped", "reason": r.Reason}
		if r.Of != "" {
			d.c.Emitted = append(d.c.Emitted, effects.Told(r.Of, r.Run, r.Step, "release:"+r.Key, r.At, left))
			break
		}
		d.learn(run, r.Step, left)
	}
}

// ResultOf returns the input that tells a run what became of its delivery: see [effects.ResultOf].
func ResultOf(d *Delivery, values map[string]any) Input { return effects.ResultOf(d, values) }

// ReleaseAgain returns the input that asks to release a late message again.
func ReleaseAgain(d *Delivery) Input { return effects.ReleaseAgain(d) }

// giveBack gives back the place under the frequency caps of a message that did not arrive.
func (d *decider) giveBack(in *Input, p *Payload) {
	if status, _ := p.Properties["status"].(string); p.Channel != "" && status == "failed" && d.State.Member != nil {
		d.touched = d.State.Member.UncountSend(p.Channel, in.Time) || d.touched
	}
}
