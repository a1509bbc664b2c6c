package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func points() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:         "points",
			MembersOnly: true,
			Doc:         "Adds points to the member's, or takes some away. They never fall below 0: `take` takes all that it says, or nothing.",
			Shorthand:   "add",
			Fields: []schema.FieldSpec{
				{Name: "add", Kind: schema.FieldInt, OneOf: "what", Doc: "how many; a negative number takes them away, as far as there are any"},
				{Name: "take", Kind: schema.FieldInt, OneOf: "what", Least: 1, Doc: "how many are taken when the member has them; below 1 the run fails"},
				{Name: "reason", Kind: schema.FieldString, Doc: "what for, kept on the run's trace"},
			},
			Results: []schema.ResultSpec{
				{Name: "taken", Type: schema.Bool, With: "take", Doc: "of `take`: whether the member had them, and has them no more"},
				{Name: "balance", Type: schema.Int, Doc: "the member's points afterwards"},
			},
			Example: "points: {add: = int(trigger.total), reason: cart}",
		},
		effect: func(a *engine.Act) error {
			if reason := a.String("reason"); reason != "" {
				a.Detail("for", reason)
			}
			if n, takes := a.Args["take"].(int); takes {
				return a.TakePoints(n)
			}
			n, _ := a.Args["add"].(int)
			return a.AddPoints(n)
		},
	}
}
