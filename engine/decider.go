package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
)

// decider decides for one member. It lives for one call of Decide.
type decider struct {
	evaluator

	input   string // id of the input that is decided on
	pools   map[string]*PoolState
	c       *Changes
	judged  map[string]outcome // conditions of the present input, by their text
	touched bool
	quiet   bool // crossings of segments' borders are recorded and fire nothing
	lookAt  bool // when to look at the member again has changed
	idle    bool // the input was about nothing that there is, or not for this member
	acted   *Run // that acted last
	cascade cascade
}

func (e *Engine) decider(member string, st *State) *decider {
	d := e.spare.Get().(*decider)
	d.e, d.st, d.id = e, st, member
	return d
}

// release lets the decider be used again: empty.
func (d *decider) release() {
	spare := d.e.spare
	d.env.End()
	clear(d.judged)
	*d = decider{evaluator: evaluator{env: d.env}, judged: d.judged}
	spare.Put(d)
}

// refresh makes expressions see what an action changed of the member.
func (d *decider) refresh() {
	d.touched = true
	d.env.Forget()
}

// end closes a run.
func (d *decider) end(r *Run, state RunState, reason string) {
	r.State, r.Reason, r.EndedAt, r.DueAt = state, reason, d.now, time.Time{}
	d.trace(r, d.now, TraceEntry{What: string(state), Reason: reason})
}

// detail is one value that explains an entry of a trace.
func (d *decider) detail(name string, v any) map[string]any {
	if d.e.o.Brief {
		return nil
	}
	return map[string]any{name: v}
}

// trace adds an entry and marks the run as changed.
func (d *decider) trace(r *Run, at time.Time, t TraceEntry) {
	d.c.traced++
	t.At, t.order = at, d.c.traced
	r.Trace = append(r.Trace, t)
	r.Changed = true
}

func (d *decider) fail(r *Run, s *playbooks.Step, err error) {
	d.trace(r, d.now, TraceEntry{What: "error", Step: s.Name(), Reason: err.Error()})
	d.end(r, RunFailed, s.Name())
}
