package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func raffle() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:         "raffle",
			MembersOnly: true,
			Doc:         "Enters the member for a raffle: with a ticket, which is drawn at once or with all others.",
			Shorthand:   "enter",
			Fields: []schema.FieldSpec{
				{Name: "enter", Kind: schema.FieldRaffle, Required: true, Doc: "a raffle of usher.yaml"},
			},
			Results: []schema.ResultSpec{
				{Name: "entered", Type: schema.Bool, Doc: "whether the member got a ticket"},
				{Name: "reason", Type: schema.String.AsOptional(), Doc: "why not: per member, drawn, not active"},
				{Name: "ticket", Type: schema.String.AsOptional(), Doc: "the ticket; missing when not entered", When: "entered"},
				{Name: "prize", Type: schema.String.AsOptional(), Doc: "drawn at once: the prize; missing when none"},
			},
			Example: "raffle: {enter: spring}",
		},
		effect: func(a *engine.Act) error {
			a.EnterRaffle(a.String("enter"))
			return nil
		},
	}
}
