package engine

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// Observer is told what the core decides where traces and refusals do not say it, at the moment of
// the decision. It takes no part: nothing is evaluated for its sake, and decisions are the same
// without it. The pointers are those of the playbook itself.
type Observer interface {
	// Judged tells the outcome of a condition or of an `if`. One that cannot be evaluated has none.
	Judged(x *expression.Expr, holds bool)
	// Matched tells that an event ended a run by an exit, ended a wait, or reached a goal.
	Matched(m *playbooks.Condition)
	// Began tells that a run came to an action and its `if` let it pass, whatever becomes of the
	// action.
	Began(s *playbooks.Step)
	// TookBranch tells which of its branches a text took.
	TookBranch(t *playbooks.Template, branch int)
}

// test evaluates a condition of a playbook for the member; a nil one holds.
func (ev *evaluator) test(x *expression.Expr) (bool, error) {
	ok, err := x.Test(ev.env)
	if err == nil {
		ev.observeOutcome(x, ok)
	}
	return ok, err
}

func (ev *evaluator) observeOutcome(x *expression.Expr, holds bool) {
	if o := ev.e.o.Observer; o != nil && x != nil {
		o.Judged(x, holds)
	}
}

func (ev *evaluator) observeMatch(m *playbooks.Condition) {
	if o := ev.e.o.Observer; o != nil {
		o.Matched(m)
	}
}

func (ev *evaluator) observeStep(s *playbooks.Step) {
	if o := ev.e.o.Observer; o != nil {
		o.Began(s)
	}
}
