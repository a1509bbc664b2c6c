package engine

import (
	"maps"
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/eval"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// decider decides for one member. It lives for one call of Decide. The stages read the evaluator,
// change the state in place, and add effects and refusals to the changes. What follows from a stage
// it returns.
type decider struct {
	eval.Evaluator
	e *Engine

	recorder   effects.Recorder
	input      string         // id of the input that is decided on, which the recorder's may have brought about
	missing    map[string]any // why refs of it name nobody, by their path
	grants     grants.Ledger
	c          *Changes
	cascade    cascade
	judged     map[string]outcome // conditions of the present input, by their text
	was        []any              // what the member had in the fields whose changes are told, when last looked at
	touched    bool               // the member is to be stored
	dueChanged bool               // when the member is re-evaluated next has changed
}

func (e *Engine) decider(member string, st *State) *decider {
	d := e.spare.Get().(*decider)
	d.e, d.World, d.State, d.ID = e, &e.world, st, member
	s := e.index.WS.Schema
	d.Past.History, d.Past.Env, d.Past.Zone, d.Past.Schema = &st.History, d.Env, s.Timezone, s
	return d
}

// release lets the decider be used again: empty.
func (d *decider) release() {
	spare, env, judged := d.e.spare, d.Env, d.judged
	env.End()
	clear(judged)
	*d = decider{} // alone, so that it is cleared where it stands
	d.Env, d.judged = env, judged
	spare.Put(d)
}

// refresh makes expressions read again what an action changed of the member.
func (d *decider) refresh() {
	d.touched = true
	d.Env.Forget()
}

// changeTags adds tags of the member, to an end where one is given, and removes some. It returns those
// that really came and went.
func (d *decider) changeTags(add, remove []string, end time.Time) (added, removed []string) {
	before := d.State.Member.Ends()
	added, removed = d.State.Member.ChangeTags(add, remove, end)
	if !d.State.Member.Ends().Equal(before) {
		d.dueChanged = true
	}
	return added, removed
}

// end closes a run.
func (d *decider) end(r *Run, state RunState, reason string) {
	r.State, r.Reason, r.EndedAt, r.DueAt = state, reason, d.Now, time.Time{}
	d.trace(r, d.Now, TraceEntry{What: string(state), Reason: reason})
	if state == RunExited {
		d.dropDeferred(r, ReasonExited)
	}
}

// endWait moves a run behind its wait, with what the wait leaves.
func (d *decider) endWait(r *Run, b *book, s *playbooks.Step, result map[string]any) {
	if result != nil {
		d.remember(r, b, s.ID, result)
	}
	r.DueAt = time.Time{}
	r.PC++
	r.Changed = true
}

// detail returns one value that explains an entry of a trace.
func (d *decider) detail(name string, v any) map[string]any {
	if d.e.o.Brief {
		return nil
	}
	return map[string]any{name: v}
}

// trace adds an entry and marks the run as changed.
func (d *decider) trace(r *Run, at time.Time, t TraceEntry) {
	e := d.note(at)
	t.At = at
	e.Run, e.TraceEntry = r, t
	r.Changed = true
}

// traceEffect is trace for a step that made a delivery or a coupon, by its key or code.
func (d *decider) traceEffect(r *Run, t TraceEntry, effect string) {
	d.trace(r, d.Now, t)
	d.c.All[len(d.c.All)-1].Effect = effect
}

// fail ends a run that an action failed.
func (d *decider) fail(r *Run, s *playbooks.Step, err error) {
	d.trace(r, d.Now, TraceEntry{What: WhatError, Step: s.Name(), Reason: err.Error()})
	d.end(r, RunFailed, s.Name())
}

// refuse adds the decision that a playbook does not take the member, with its reason.
func (d *decider) refuse(b *book, reason string, seen map[string]any) {
	if d.missing != nil && !d.e.o.Brief {
		all := map[string]any{"missing": d.missing}
		maps.Copy(all, seen)
		seen = all
	}
	e := d.note(d.Now)
	e.Playbook, e.Input = b.ID, d.input
	e.What, e.Reason, e.Detail = WhatRefused, reason, seen
}

// matches evaluates the `if` beside an event key of a run, of a step or, without one, of what at names.
// What cannot be evaluated does not match, and the trace says why.
func (d *decider) matches(b *book, r *Run, in *Input, cond *expression.Expr, s *playbooks.Step, at string) bool {
	if cond == nil {
		return true
	}
	rec := d.SeeEvent(in, b.WS.Schema, b.WS.Schema.Event(in.Name))
	d.Scope(r, b, s)
	d.Env.SetEvent(rec)
	ok, err := cond.Test(d.Env)
	if err == nil {
		err = rec.Err
	}
	if err != nil {
		d.trace(r, d.Now, TraceEntry{
			What: WhatError, Step: at, Reason: err.Error(), Detail: map[string]any{"event": in.Name, "id": in.ID},
		})
		return false
	}
	d.ObserveOutcome(cond, ok)
	return ok
}

// stopChain says on the trace of the run that acted last why what it brought about starts nothing, and refuses
// the playbooks.
func (d *decider) stopChain(what string, starts []start, at time.Time, err error) {
	if r := d.cascade.acted; r != nil {
		d.trace(r, at, TraceEntry{What: WhatError, Step: what, Reason: err.Error()})
	}
	for _, s := range starts {
		d.refuse(s.Book, ReasonError, map[string]any{"trigger": err.Error()})
	}
}
