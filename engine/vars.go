package engine

import (
	"fmt"

	"github.com/usher-run/usher/engine/view"
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
		d.Env.SetActions(out)
		x, err := v.Expr.Eval(d.Env)
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
		vars[v.Name] = view.Decoded(t, view.Encoded(t, one), d.Zone)[v.Name] // as it will be read later
	}
	return out, nil
}
