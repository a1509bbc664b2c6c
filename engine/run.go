package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// ready is what is to act on an input: runs that go on, and playbooks that the member enters.
type ready struct {
	resumed []resumed
	entries []*entry
}

// acted is what came of letting runs act. Effects are in the changes.
type acted struct {
	last    *Run    // that acted last; nil: none did
	emitted []Input // events for the member themselves
}

// act lets the runs that go on and those that begin act, by the priority of their playbooks, then by their ids. Of one
// playbook, those that go on come first.
func (d *decider) act(ready ready) (out acted) {
	open, entries := ready.resumed, ready.entries
	slices.SortStableFunc(open, func(x, y resumed) int { return d.e.index.CompareTurns(x.b.ID, y.b.ID) })
	if d.e.index.Prioritized { // else they come by id
		slices.SortStableFunc(entries, func(x, y *entry) int { return d.e.index.CompareTurns(x.b.ID, y.b.ID) })
	}
	for len(open)+len(entries) > 0 {
		if len(entries) == 0 || len(open) > 0 && d.e.index.CompareTurns(open[0].b.ID, entries[0].b.ID) <= 0 {
			if w := open[0]; w.run.State == RunWaiting { // not ended by what acted before
				d.advance(w.run, w.b, &out)
			}
			open = open[1:]
			continue
		}
		en := entries[0]
		if r := d.enter(en); !en.holdout {
			d.advance(r, en.b, &out)
		}
		entries = entries[1:]
	}
	return out
}

// enter begins a run. One of the control group ends at once.
func (d *decider) enter(en *entry) *Run {
	b := en.b
	if b.Mode == playbooks.Restart {
		for _, r := range d.State.Runs {
			if openAmong(r, b) {
				d.end(r, RunExited, ReasonRestarted)
			}
		}
	}
	if b.Reentry != nil || !d.e.o.Brief { // also without `reentry`: one may be written tomorrow
		d.noteEntry(b.Among())
	}
	r := &Run{
		ID: d.e.id(d.Now, "run", b.ID, d.ID, d.input), Playbook: b.ID, Revision: b.Revision, Member: d.ID,
		State: RunWaiting, StartedAt: d.Now, Trigger: en.trigger.All(), Actions: en.remembered(),
		New: true, Typed: true, Zone: d.Zone,
	}
	d.State.AddRun(r)
	detail := d.detail("input", d.input)
	if r.Shadow() && detail != nil {
		detail["status"] = string(playbooks.Shadow)
	}
	if en.vars != nil && detail != nil {
		detail["vars"] = view.Plain(maps.Clone(en.vars[expression.VarsKey]))
	}
	if d.missing != nil && detail != nil {
		detail["missing"] = d.missing
	}
	if en.place != nil && detail != nil {
		detail["quota"] = en.place.Of
	}
	if dropped := d.watchGoals(r, b); dropped != "" && detail != nil {
		detail["goal_given_up"] = dropped
	}
	d.touched = true
	if en.holdout {
		r.State, r.EndedAt = RunHoldout, d.Now
		d.trace(r, d.Now, TraceEntry{What: ReasonHoldout, Detail: detail})
		return r
	}
	d.trace(r, d.Now, TraceEntry{What: ReasonEntered, Detail: detail})
	if err := d.noteSince(r, b); err != nil {
		d.fail(r, &b.Steps[0], err)
		return r
	}
	d.lookAtEntry(r, b)
	return r
}

// advance lets a run act until it waits or ends.
func (d *decider) advance(r *Run, b *book, out *acted) {
	out.last = r
	if r.State == RunWaiting {
		r.Reason = "" // that of a parked run, which goes on
	}
	d.Scope(r, b, nil)
	for r.State == RunWaiting && r.PC < len(b.Steps) {
		s := &b.Steps[r.PC]
		if s.Key == "jump" {
			r.PC = s.Jump
			continue
		}
		d.Env.SetFrame(s.Frame)
		run, err := d.Test(s.Guard)
		if err == nil && run {
			d.ObserveStep(s)
		}
		switch {
		case err != nil:
			d.fail(r, s, err)
		case s.Key == "if":
			d.branch(r, s, run)
		case !run:
			d.trace(r, d.Now, TraceEntry{What: "skipped", Step: s.Name(), Detail: d.Seen(s.Guard)})
			r.PC = max(r.PC+1, s.Jump)
		case s.Key == "choose":
			d.choose(r, s)
		case s.Key == "split":
			d.split(r, b, s)
		case s.Key == "wait":
			if d.beginWait(r, b, s) {
				return
			}
		case s.Key == "use":
			d.use(r, b, s)
		case s.Key == "exit":
			reason, _ := s.Literal("reason").(string)
			d.end(r, RunExited, reason)
		default:
			if d.carryOut(r, b, s, out) {
				return
			}
		}
	}
	if r.State == RunWaiting {
		r.State, r.EndedAt = RunDone, d.Now
		d.trace(r, d.Now, TraceEntry{What: string(RunDone)})
	}
}

// branch goes on with `then` or with `else`, and says which and why.
func (d *decider) branch(r *Run, s *playbooks.Step, then bool) {
	taken := "else"
	if then {
		taken = "then"
	}
	d.trace(r, d.Now, TraceEntry{What: "if", Step: s.Name(), Reason: taken, Detail: d.Seen(s.Guard)})
	if then {
		r.PC++
	} else {
		r.PC = s.Jump
	}
}

// carryOut carries out one action. It reports whether the run holds there until the action's result
// comes. What fails fails the run.
func (d *decider) carryOut(r *Run, b *book, s *playbooks.Step, out *acted) (holds bool) {
	effect := d.e.o.Effects[s.Key]
	if effect == nil {
		d.fail(r, s, fmt.Errorf("the action %q is not known", s.Key))
		return false
	}
	variant := ""
	if s.Variants != nil {
		s, variant = d.varied(b, s)
	}
	if s.HandsTo != "" {
		effect = (*Act).handOver
	}
	args, err := d.Args(b, s, false)
	if err != nil {
		d.fail(r, s, err)
		return false
	}
	a := &Act{d: d, run: r, book: b, step: s, Args: args}
	if variant != "" {
		a.Result("variant", variant)
		a.Detail("variant", variant)
	}
	err = effect(a)
	out.emitted = append(out.emitted, a.emitted...)
	if err != nil {
		d.fail(r, s, err)
		return false
	}
	if a.result != nil {
		d.remember(r, b, s.ID, a.result)
	}
	d.traceEffect(r, TraceEntry{What: s.Key, Step: s.Name(), Reason: a.reason, Detail: view.Plain(a.detail)}, a.effect)
	if a.holds {
		return true
	}
	r.PC++
	d.Scope(r, b, nil)
	return false
}
