package history

import (
	"github.com/usher-run/usher/engine/tree"
	"github.com/usher-run/usher/playbooks/expression"
)

// values reports whether what is taken is told apart: [tree.Values] are kept, no tree.
func (t *Taken) values() bool { return t != nil && t.Aggregate.Values }

// different returns how many different values a slot has; where that is not known it has failed.
func (r *Reader) different(s expression.Slot, of *Taken) (out expression.Aggregated, err error) {
	p := r.History.find(s.Event)
	if p == nil {
		return out, nil
	}
	err = r.ask(p, of, func(g *grown) error {
		n, told, err := g.kept.(*tree.Values).Within(r.span(s))
		if out.Different = n; !told {
			out.Failed = 1
		}
		return err
	})
	return out, err
}

// valuesBuilder has few nodes, which are complete at the end.
type valuesBuilder struct{ *tree.Values }

func (b valuesBuilder) Add(at int64, item any) { _ = b.Values.Add(at, item) } // it reads nothing that could fail
func (valuesBuilder) Waiting() int             { return 0 }
func (valuesBuilder) Take() []tree.Node        { return nil }
func (b valuesBuilder) done() kept             { return b.Values }
