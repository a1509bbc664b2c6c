package engine

import (
	"fmt"
	"maps"

	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// maxVarParts is how many single values the vars of one entry hold at most: lists are kept with the run.
const maxVarParts = 1000

// compute computes what a playbook keeps of an entry beside its trigger, as the run will have it.
func (d *decider) compute(b *book) (map[string]map[string]any, error) {
	out := map[string]map[string]any{expression.VarsKey: {}}
	vars, left := out[expression.VarsKey], maxVarParts
	t := b.Results[expression.VarsKey]
	for _, v := range b.Vars {
		d.env.SetActions(out)
		x, err := v.Expr.Eval(d.env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		if x == nil {
			continue
		}
		if left -= view.Parts(x); left < 0 {
			return nil, fmt.Errorf("%s: a run keeps at most %d values: keep what is counted or summed of them", v.Name, maxVarParts)
		}
		one := map[string]any{v.Name: x}
		vars[v.Name] = view.Decoded(t, view.Encoded(t, one), d.zone)[v.Name] // as it will be read later
	}
	return out, nil
}

// use hands a snippet what it is given: its actions come next, and see it as `params`.
func (d *decider) use(r *Run, b *book, s *playbooks.Step) {
	params, left := map[string]any{}, maxVarParts
	for _, name := range s.Fields {
		x, err := d.value(b, s.Args[name])
		if err == nil {
			if left -= view.Parts(x); left < 0 {
				err = fmt.Errorf("a run keeps at most %d values of a snippet", maxVarParts)
			}
		}
		if err != nil {
			d.fail(r, s, fmt.Errorf("%s: %w", name, err))
			return
		}
		if x != nil {
			params[name] = x
		}
	}
	detail := d.detail("snippet", s.Snippet)
	if detail != nil && len(params) > 0 {
		detail["params"] = view.Plain(maps.Clone(params))
	}
	d.trace(r, d.now, TraceEntry{What: s.Key, Step: s.Name(), Detail: detail})
	if len(params) > 0 {
		d.remember(r, b, expression.ParamsKey(s.Name()), params)
		d.scope(r, b, nil)
	}
	r.PC++
}
