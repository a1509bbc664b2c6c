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
			d.began(s)
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

func (d *decider) fail(r *Run, s *playbooks.Step, err error) {
	d.trace(r, d.now, TraceEntry{What: "error", Step: s.Name(), Reason: err.Error()})
	d.end(r, RunFailed, s.Name())
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

// value evaluates a field of an action.
func (d *decider) value(b *book, v *playbooks.Value) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Expr != nil:
		return v.Expr.Eval(d.env)
	case v.Text != nil:
		return d.text(b, v.Text)
	case v.List != nil:
		out := make([]any, 0, len(v.List))
		for _, item := range v.List {
			x, err := d.value(b, item)
			if err != nil {
				return nil, err
			}
			if x != nil {
				out = append(out, x)
			}
		}
		return out, nil
	case v.Map != nil:
		out := make(map[string]any, len(v.Map))
		for _, k := range v.Keys {
			x, err := d.value(b, v.Map[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	}
	return v.Literal, nil
}

// text renders a message text with the fields of the member that it shows, computed ones among them.
func (d *decider) text(b *book, t *playbooks.Template) (string, error) {
	member := make(map[string]any, len(t.Refs.Attributes))
	for _, name := range t.Refs.Attributes {
		v := memberView{d, d.types}.Field(name)
		if x := b.computed[name]; x != nil {
			var err error
			if v, err = x.Eval(d.env); err != nil {
				return "", err
			}
		}
		if v != nil {
			member[name] = v
		}
	}
	vars := map[string]any{"member": member, "trigger": d.env.Trigger(), "actions": d.env.Actions(), "now": d.env.Now().In(d.zone)}
	o := d.e.o.Observer
	if o == nil {
		return t.Render(vars)
	}
	return t.RenderNoting(vars, func(branch int) { o.Took(t, branch) })
}
