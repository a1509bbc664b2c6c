package engine

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// Observer is told what the core decides where traces and refusals do not say it, at the moment of the decision. It takes no part:
// nothing is evaluated for its sake, and decisions are the same without it. The pointers are those of the playbook itself.
type Observer interface {
	// Judged tells the outcome of a condition or of an `if`. One that cannot be evaluated has none.
	Judged(x *expression.Expr, holds bool)
	// Met tells that an event ended a run by an exit, ended a wait, or reached a goal.
	Met(m *playbooks.EventMatch)
	// Began tells that a run came to an action and its `if` let it pass, whatever becomes of the action.
	Began(s *playbooks.Step)
	// Took tells which of its branches a text took.
	Took(t *playbooks.Template, branch int)
}

// test evaluates a condition of a playbook for the member; a nil one holds.
func (d *decider) test(x *expression.Expr) (bool, error) {
	ok, err := x.Test(d.env)
	if err == nil {
		d.judgedAs(x, ok)
	}
	return ok, err
}

func (d *decider) judgedAs(x *expression.Expr, holds bool) {
	if o := d.e.o.Observer; o != nil && x != nil {
		o.Judged(x, holds)
	}
}

func (d *decider) metBy(m *playbooks.EventMatch) {
	if o := d.e.o.Observer; o != nil {
		o.Met(m)
	}
}

func (d *decider) began(s *playbooks.Step) {
	if o := d.e.o.Observer; o != nil {
		o.Began(s)
	}
}
