package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func points() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:       "points",
			Doc:       "Adds points to the member's, or takes some away. They never fall below 0.",
			Shorthand: "add",
			Fields: []schema.FieldSpec{
				{Name: "add", Kind: schema.FieldInt, Required: true, Doc: "how many; a negative number takes them away"},
				{Name: "reason", Kind: schema.FieldString, Doc: "what for, kept on the run's trace"},
			},
			Results: []schema.ResultSpec{{Name: "balance", Type: schema.Int, Doc: "the member's points afterwards"}},
			Example: "points: {add: = int(trigger.total), reason: cart}",
		},
		effect: func(a *engine.Act) error {
			n, _ := a.Args["add"].(int)
			if reason := a.String("reason"); reason != "" {
				a.Detail("for", reason)
			}
			return a.AddPoints(n)
		},
	}
}
