package eval

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

// Test evaluates a condition of a playbook for the member; a nil one holds.
func (ev *Evaluator) Test(x *expression.Expr) (bool, error) {
	ok, err := x.Test(ev.Env)
	if err == nil {
		ev.ObserveOutcome(x, ok)
	}
	return ok, err
}

// ObserveOutcome tells the observer the outcome of a condition.
func (ev *Evaluator) ObserveOutcome(x *expression.Expr, holds bool) {
	if o := ev.World.Observer; o != nil && x != nil {
		o.Judged(x, holds)
	}
}

// ObserveMatch tells the observer that a condition ended a run or a wait, or reached a goal.
func (ev *Evaluator) ObserveMatch(m *playbooks.Condition) {
	if o := ev.World.Observer; o != nil {
		o.Matched(m)
	}
}

// ObserveStep tells the observer that a run came to an action.
func (ev *Evaluator) ObserveStep(s *playbooks.Step) {
	if o := ev.World.Observer; o != nil {
		o.Began(s)
	}
}
