package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

// redeem redeems the newest coupon that an action gave the member, as over HTTP: one that was redeemed or has expired
// is refused.
func (t *tester) redeem(s *playbooks.TestStep) error {
	member, now := t.id(s.Member), t.world.Now()
	for _, c := range slices.Backward(t.coupons) {
		if c.Step != s.Redeem || c.Member != member || c.Playbook != t.file.Playbook {
			continue
		}
		if !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) {
			return fmt.Errorf("the coupon of %s expired at %s", s.Redeem, c.ExpiresAt.In(t.zones[member]).Format(time.RFC3339))
		}
		if at, was := t.redeemed[c.Code]; was {
			return fmt.Errorf("the coupon of %s was redeemed at %s already", s.Redeem, at.In(t.zones[member]).Format(time.RFC3339))
		}
		if t.redeemed == nil {
			t.redeemed = map[string]time.Time{}
		}
		t.redeemed[c.Code] = now
		in := engine.RedemptionOf(&c)
		in.Time, in.At = now, now
		return t.world.Input(in)
	}
	return fmt.Errorf("%s has given the member no coupon that could be redeemed", s.Redeem)
}
