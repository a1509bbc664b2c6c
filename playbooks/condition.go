package playbooks

import (
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
)

// Condition is what an exit, a goal or a wait is about: an event, with the `if` beside it; the crossing of a segment's
// border; or an expression that holds. A trigger's is an event.
type Condition struct {
	Name    string           // of the event; empty: it is not about one
	Segment string           // whose border is crossed; empty: none
	Leaves  bool             // of a segment: the subject leaves it; else comes into it
	If      *expression.Expr // of an event: which of them, nil: every one; else what holds, or who is in the segment
	Pos     diag.Pos         // of the name, or of the expression

	turns *reevaluation.Reevaluation
}

// Watched reports whether the condition is about the state of the subject: it is looked at after every decision, and
// when time may turn it. Else it is about an event.
func (c *Condition) Watched() bool { return c.Name == "" }

// Crosses reports whether the condition is about the crossing of a segment's border.
func (c *Condition) Crosses() bool { return c.Segment != "" }

// Met reports whether what If says now meets the condition, by what it said when it was looked at before.
func (c *Condition) Met(was, is bool) bool {
	if !c.Crosses() {
		return is
	}
	return was == c.Leaves && is != c.Leaves
}

// Turns tells when the passing of time may turn a condition that is watched.
func (c *Condition) Turns() *reevaluation.Reevaluation { return c.turns }

// WithTurns returns the condition with when the passing of time may turn it.
func (c Condition) WithTurns(t *reevaluation.Reevaluation) Condition {
	c.turns = t
	return c
}

// Label names the condition as it is written.
func (c *Condition) Label() string {
	switch {
	case c.Crosses() && c.Leaves:
		return string(TriggerExit) + " " + c.Segment
	case c.Crosses():
		return string(TriggerEnter) + " " + c.Segment
	case c.Name == "" && c.If != nil:
		return "if " + c.If.Text
	}
	return c.Name
}
