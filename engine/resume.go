package engine

import (
	"fmt"
	"maps"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// resumed is a run that goes on: its wait is over, or the answer of its webhook has come.
type resumed struct {
	run *Run
	b   *book
}

// resumeWaits ends the waits for the event, of open runs by start, then playbook. A
// wait that begins later, by what acts on this event, does not see it.
func (d *decider) resumeWaits(in *Input) (out []resumed) {
	for _, r := range d.State.Runs {
		if r.State != RunWaiting {
			continue
		}
		b := d.e.index.Books[r.Revision]
		if b == nil || r.PC >= len(b.Steps) || d.e.index.Status(r.Playbook) == playbooks.Draft {
			continue
		}
		s := &b.Steps[r.PC]
		m := d.matched(r, b, s, in)
		if m == nil {
			continue
		}
		rec, err := in.Record(b.WS.Schema, d.Zone)
		if err != nil {
			continue // not an event that the run's revision could read
		}
		result := map[string]any{"timed_out": false, "event": rec}
		detail := map[string]any{"event": in.Name, "id": in.ID}
		if s.Wait.Count > 0 {
			left, enough := d.countOne(r, b, s, rec)
			result = left
			if !enough {
				detail["count"] = result["count"]
				d.trace(r, d.Now, TraceEntry{What: "counted", Step: s.Name(), Detail: detail})
				continue
			}
		}
		if m.Via != "" {
			result[schema.Via], detail[schema.Via] = m.Via, m.Via
		}
		d.ObserveMatch(&m.Condition)
		d.trace(r, d.Now, TraceEntry{What: "woke", Step: s.Name(), Reason: ReasonEvent, Detail: detail})
		d.endWait(r, b, s, result)
		out = append(out, resumed{r, b})
	}
	return out
}

// matched returns the first of what the run waits for at a step that the event is; nil: it is none.
func (d *decider) matched(r *Run, b *book, s *playbooks.Step, in *Input) *playbooks.Match {
	if s.Wait == nil {
		return nil
	}
	for i := range s.Wait.Matches {
		if m := &s.Wait.Matches[i]; m.Name == in.Name &&
			d.matches(b, r, in, m.If, s, s.Name()) {
			return m
		}
	}
	return nil
}

// resumeDue ends the wait of a run that is due.
func (d *decider) resumeDue(r *Run, b *book) []resumed {
	d.Begin(r.DueAt)
	s := &b.Steps[r.PC]
	if answer := d.takeAnswer(r, s); answer != nil {
		return d.resumeByAnswer(r, b, s, answer)
	}
	entry, result := TraceEntry{What: "woke", Step: s.Name()}, map[string]any(nil)
	if s.Wait != nil && s.Wait.Matches != nil {
		entry.Reason, result = ReasonTimeout, map[string]any{"timed_out": true}
		if s.Wait.Count > 0 {
			result["count"], result["event"] = d.count(r, b, s), r.Actions[s.ID]["event"]
		}
	}
	d.trace(r, d.Now, entry)
	d.endWait(r, b, s, result)
	return []resumed{{r, b}}
}

// resumeByResult takes in what became of a delivery. A run that holds for it goes on.
func (d *decider) resumeByResult(in *Input, p *Payload) (out []resumed, err error) {
	step, _ := p.Properties["step"].(string)
	if step == "" {
		return nil, fmt.Errorf("the answer %s does not say of which step it is", in.ID)
	}
	d.giveBack(in, p)
	if of := effects.Whose(p); of != "" {
		d.c.Emitted = append(d.c.Emitted, effects.Told(of, in.Name, step, in.ID, in.At, p.Properties))
		return nil, nil
	}
	for _, r := range d.State.Runs {
		if r.ID != in.Name {
			continue
		}
		if b, s := d.e.held(r, step); s != nil && r.State == RunWaiting {
			d.Begin(in.At)
			out = append(out, d.resumeByAnswer(r, b, s, p.Properties)...)
			continue
		}
		if d.e.index.Books[r.Revision] == nil && r.DueAt.IsZero() && r.State == RunWaiting {
			d.keepAnswer(r, step, in.At, p.Properties)
			continue
		}
		entry := TraceEntry{What: "result", Step: step, Detail: maps.Clone(p.Properties)}
		delete(entry.Detail, "step")
		d.learn(r, step, entry.Detail)
		d.trace(r, in.At, entry)
	}
	return out, nil
}

// learn adds to what a step of the run left under actions.<id>, also when the run has ended.
func (d *decider) learn(r *Run, step string, values map[string]any) {
	b := d.e.index.Books[r.Revision]
	if b == nil || r.Actions[step] == nil {
		return
	}
	d.Zone = d.e.zones.Of(d.State.Member)
	left := view.Encoded(b.Results[step], r.Actions[step])
	maps.Copy(left, values)
	d.remember(r, b, step, left)
}

// Holds returns the run with this id when it does not go on before the answer of the webhook at
// this step is decided; nil when it does.
func (e *Engine) Holds(st *State, run, step string) *Run {
	for _, r := range st.Runs {
		if r.ID != run || r.State != RunWaiting {
			continue
		}
		if _, s := e.of(r.Member).held(r, step); s != nil {
			return r
		}
	}
	return nil
}

// held returns the webhook that the run holds at, when the result is its answer.
func (e *Engine) held(r *Run, step string) (*book, *playbooks.Step) {
	b := e.index.Books[r.Revision]
	if b == nil || r.PC >= len(b.Steps) || !r.DueAt.IsZero() {
		return nil, nil
	}
	s := &b.Steps[r.PC]
	if s.Key != KeyWebhook || s.Name() != step {
		return nil, nil
	}
	return b, s
}

// resumeByAnswer lets a run go on with the answer of its webhook. One that does not fit what the
// playbook says it returns is missing.
func (d *decider) resumeByAnswer(r *Run, b *book, s *playbooks.Step, answer map[string]any) []resumed {
	d.Scope(r, b, s)
	status, _ := schema.Int.Coerce(answer["status"])
	result := map[string]any{"status": status}
	reason, _ := answer["reason"].(string)
	if want, ok := s.Result.Field("body"); ok && reason == "" {
		body, err := want.Required().Coerce(answer["body"])
		switch {
		case answer["body"] == nil:
			reason = "the answer has no body"
		case err != nil:
			reason = "the answer is not what `returns` says: " + view.Unfit(err)
		default:
			result["body"] = view.Declared(want, body)
		}
	}
	entry := TraceEntry{What: "result", Step: s.Name(), Reason: reason, Detail: map[string]any{"status": status}}
	if body, ok := result["body"]; ok {
		want, _ := s.Result.Field("body")
		entry.Detail["body"] = schema.ToJSON(want, body)
	}
	if reason != "" {
		result["reason"] = reason
	}
	d.remember(r, b, s.ID, result)
	d.trace(r, d.Now, entry)
	if d.e.index.Status(r.Playbook) == playbooks.Draft { // nothing moves: it goes on like a wait that is due
		r.DueAt = d.Now.Add(parked)
		return nil
	}
	r.PC++
	return []resumed{{r, b}}
}
