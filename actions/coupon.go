package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func coupon() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:         "coupon",
			MembersOnly: true,
			Doc:         "Gives the member a coupon of a pool, within the pool's budget and limit.",
			Shorthand:   "pool",
			Fields: []schema.FieldSpec{
				{Name: "pool", Kind: schema.FieldPool, Required: true, Doc: "a coupon pool of usher.yaml"},
			},
			Results: []schema.ResultSpec{
				{Name: "issued", Type: schema.Bool, Doc: "whether the member got one"},
				{Name: "reason", Type: schema.String.AsOptional(), Doc: "why not: pool empty, per member, quota, not active"},
				{Name: "code", Type: schema.String.AsOptional(), Doc: "the code; missing when not issued", When: "issued"},
				{Name: "expires_at", Type: schema.Datetime.AsOptional(), Doc: "when it expires; missing when not issued, or never"},
				{Name: "redeemed_at", Type: schema.Datetime.AsOptional(), Doc: "when it was redeemed; missing until then"},
			},
			Example: "coupon: {pool: newcomer-10}",
		},
		effect: func(a *engine.Act) error {
			a.IssueCoupon(a.String("pool"))
			return nil
		},
	}
}
