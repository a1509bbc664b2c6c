package engine

import (
	"fmt"
	"maps"

	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// use hands a snippet what it is given: its actions come next, and see it as `params`.
func (d *decider) use(r *Run, b *book, s *playbooks.Step) {
	params, left := map[string]any{}, maxVarParts
	for _, name := range s.Fields {
		x, err := d.Value(b, s.Args[name])
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
	d.trace(r, d.Now, TraceEntry{What: s.Key, Step: s.Name(), Detail: detail})
	if len(params) > 0 {
		d.remember(r, b, expression.ParamsKey(s.Name()), params)
		d.Scope(r, b, nil)
	}
	r.PC++
}
