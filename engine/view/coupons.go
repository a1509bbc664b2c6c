package view

import (
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks/schema"
)

// shownFor is for how many days a coupon is shown that has ended.
const shownFor = 90

// coupons returns the coupons that a member was given: those that hold, and those that ended in the last days.
func (v *Member) coupons(m *member.Member) []any {
	k := m.Rarely().Coupons
	if k == nil {
		return []any{}
	}
	out := make([]any, 0, len(k.List))
	for i := range k.List {
		c := &k.List[i]
		if ended := c.EndedAt(v.Now); !ended.IsZero() && v.leaves(ended).Before(v.Now) {
			continue
		}
		item := map[string]any{
			"pool": c.Pool, "code": c.Code, "issued_at": c.IssuedAt.Time().In(v.Zone), "expires_at": nil, "redeemed_at": nil,
		}
		if !c.ExpiresAt.IsZero() {
			item["expires_at"] = c.ExpiresAt.Time().In(v.Zone)
		}
		if !c.RedeemedAt.IsZero() {
			item["redeemed_at"] = c.RedeemedAt.Time().In(v.Zone)
		}
		out = append(out, item)
	}
	return out
}

// leaves returns the last instant at which a coupon is shown that ended.
func (v *Member) leaves(ended time.Time) time.Time { return schema.AddDays(ended.In(v.Zone), shownFor) }

// CouponTimes returns when time alone changes what is shown of coupons, those instants among them that are over.
func (v *Member) CouponTimes() (out []time.Time) {
	if v.Of == nil || v.Of.Rarely().Coupons == nil {
		return nil
	}
	for _, c := range v.Of.Rarely().Coupons.List {
		ends := c.RedeemedAt.Time()
		if ends.IsZero() {
			ends = c.ExpiresAt.Time()
		}
		if !ends.IsZero() {
			out = append(out, v.leaves(ends).Add(time.Millisecond))
		}
	}
	return out
}
