package engine

import (
	"errors"
	"fmt"

	"github.com/usher-run/usher/playbooks"
)

// advance lets a run act until it waits or ends.
func (d *decider) advance(r *Run, b *book) error {
	d.acted = r
	if r.State == RunWaiting {
		r.Reason = "" // that of a parked run, which goes on
	}
	d.scope(r, b)
	for r.State == RunWaiting && r.PC < len(b.Steps) {
		s := &b.Steps[r.PC]
		if s.Key == "jump" {
			r.PC = s.Jump
			continue
		}
		run, err := d.test(s.Guard)
		if err == nil && run {
			d.observeStep(s)
		}
		switch {
		case err != nil:
			d.fail(r, s, err)
		case s.Key == "if":
			d.branch(r, s, run)
		case !run:
			d.trace(r, d.now, TraceEntry{What: "skipped", Step: s.Name(), Detail: d.seen(s.Guard)})
			r.PC = max(r.PC+1, s.Jump)
		case s.Key == "choose":
			d.choose(r, s)
		case s.Key == "split":
			d.split(r, b, s)
		case s.Key == "wait":
			if d.wait(r, b, s) {
				return nil
			}
		case s.Key == "exit":
			reason, _ := literal(s, "reason").(string)
			d.end(r, RunExited, reason)
		default:
			if holds, err := d.act(r, b, s); err != nil || holds {
				return err
			}
		}
	}
	if r.State == RunWaiting {
		r.State, r.EndedAt = RunDone, d.now
		d.trace(r, d.now, TraceEntry{What: string(RunDone)})
	}
	return nil
}

// branch goes one of two ways, and says which and why.
func (d *decider) branch(r *Run, s *playbooks.Step, then bool) {
	way := "else"
	if then {
		way = "then"
	}
	d.trace(r, d.now, TraceEntry{What: "if", Step: s.Name(), Reason: way, Detail: d.seen(s.Guard)})
	if then {
		r.PC++
	} else {
		r.PC = s.Jump
	}
}

func literal(s *playbooks.Step, field string) any {
	if v := s.Args[field]; v != nil {
		return v.Literal
	}
	return nil
}

// act carries out one action. It reports whether the run holds there until the action's result
// comes. What fails fails the run. The error is a *NeedPool, which ends the decision.
func (d *decider) act(r *Run, b *book, s *playbooks.Step) (holds bool, err error) {
	effect := d.e.o.Effects[s.Key]
	if effect == nil {
		d.fail(r, s, fmt.Errorf("the action %q is not known", s.Key))
		return false, nil
	}
	a := &Act{d: d, run: r, book: b, step: s, Args: make(map[string]any, len(s.Args))}
	for _, name := range s.Fields {
		value, err := d.value(b, s.Args[name])
		if err != nil {
			d.fail(r, s, fmt.Errorf("%s: %w", name, err))
			return false, nil
		}
		if value != nil {
			a.Args[name] = value
		}
	}
	if err := effect(a); err != nil {
		var need *NeedPool
		if errors.As(err, &need) {
			return false, need
		}
		d.fail(r, s, err)
		return false, nil
	}
	if a.result != nil {
		d.remember(r, b, s.ID, a.result)
	}
	d.trace(r, d.now, TraceEntry{What: s.Key, Step: s.Name(), Reason: a.reason, Detail: plain(a.detail)})
	if a.holds {
		return true, nil
	}
	r.PC++
	d.scope(r, b)
	return false, nil
}
