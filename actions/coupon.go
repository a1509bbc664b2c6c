package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

func coupon() action {
	return action{
		ActionSpec: playbooks.ActionSpec{
			Key:       "coupon",
			Doc:       "Gives the member a coupon of a pool, within the pool's budget and limit.",
			Shorthand: "pool",
			Fields: []playbooks.FieldSpec{
				{Name: "pool", Kind: playbooks.FieldPool, Required: true, Doc: "a coupon pool of usher.yaml"},
			},
			Results: []playbooks.ResultSpec{
				{Name: "issued", Type: playbooks.Bool, Doc: "whether the member got one"},
				{Name: "reason", Type: playbooks.String.AsOptional(), Doc: "why not: pool empty, per member"},
				{Name: "code", Type: playbooks.String.AsOptional(), Doc: "the code; missing when not issued", When: "issued"},
				{Name: "expires_at", Type: playbooks.Datetime.AsOptional(), Doc: "when it expires; missing when not issued, or never"},
			},
			Example: "coupon: {pool: newcomer-10}",
		},
		effect: func(a *engine.Act) error {
			return a.IssueCoupon(a.String("pool"))
		},
	}
}
