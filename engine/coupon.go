package engine

import (
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks"
)

// Reasons why a coupon was not issued.
const (
	ReasonPoolEmpty = "pool empty"
	ReasonPerMember = "per member"
	ReasonNoPool    = "no such pool"
)

// IssueCoupon draws a coupon of the pool for the member: budget, quota, limit and expiry are today's.
func (a *Act) IssueCoupon(name string) {
	a.Detail("pool", name)
	pool := a.d.e.index.WS.Schema.Pool(name)
	reason, code := a.draw(pool)
	a.Result("issued", reason == "")
	if reason != "" {
		a.Reason(reason)
		return
	}
	if a.run.Shadow() {
		a.shadowCoupon(pool)
		return
	}
	d := a.d
	loaded := code != ""
	if !loaded {
		code = d.e.code(pool.Prefix, a.run.ID, a.step.Path)
	}
	c := Coupon{
		Loaded: loaded, Code: code, Pool: name, Member: d.ID, Playbook: a.run.Playbook, Run: a.run.ID, Step: a.step.Name(),
		IssuedAt: d.Now,
	}
	if end := pool.Ends(d.Now.In(d.Zone)); !end.IsZero() {
		c.ExpiresAt = end.UTC()
		a.Result("expires_at", c.ExpiresAt.In(d.Zone))
		a.Detail("expires_at", c.ExpiresAt)
	}
	a.Result("code", code)
	a.Detail("code", code)
	d.c.Coupons = append(d.c.Coupons, c)
	a.effect = code
	if d.State.Member.Coupons == nil {
		d.State.Member.Coupons = map[string]int{}
	}
	d.State.Member.Coupons[name]++ // also without a limit: one may be set tomorrow
	d.gave(&c)
	made := map[string]any{"pool": name, "code": code}
	if !c.ExpiresAt.IsZero() {
		made["expires_at"] = c.ExpiresAt.Format(time.RFC3339Nano)
	}
	a.emitted = append(a.emitted, d.made(playbooks.CouponIssued, made, code, a.run)...)
}

// draw takes one from the pool; the reason when it may not. The code is one that was loaded; "" of others.
func (a *Act) draw(pool *playbooks.Pool) (reason, code string) {
	d := a.d
	switch {
	case pool == nil:
		return ReasonNoPool, ""
	case !pool.Active.Holds(d.Now):
		return ReasonNotActive, ""
	case pool.PerMember > 0 && d.State.Member.Coupons[pool.Name] >= pool.PerMember:
		return ReasonPerMember, ""
	}
	if a.run.Shadow() {
		return "", ""
	}
	budget, limited := grants.Coupons(pool)
	if limited && !d.grants.Has(&budget) {
		return ReasonPoolEmpty, ""
	}
	if pool.Quota != nil {
		p := grants.PlaceAt(grants.OfCoupons, pool.Name, pool.Quota, d.Now.In(d.e.index.WS.Schema.Timezone))
		if !d.grants.Has(&p.Ask) {
			return ReasonQuota, ""
		}
		d.grants.Take(&p.Ask)
		a.Detail("quota", p.Of)
	}
	if limited {
		code = d.grants.Take(&budget)
	}
	return "", code
}

// gave notes a coupon that the member was given.
func (d *decider) gave(c *Coupon) {
	k := d.State.Member.GiveCoupon(member.Coupon{
		Code: c.Code, Pool: c.Pool, IssuedAt: member.InstantOf(c.IssuedAt), ExpiresAt: member.InstantOf(c.ExpiresAt),
	})
	if w := d.e.index.Expiring; w.Unrecorded(d.State.Member) { // the first: those before were noted
		k.Watched(member.Number(w.Since), d.Now)
	}
	d.awaitCoupons()
	d.refresh()
}

// awaitCoupons notes when the next coupon expires of which that is to be told.
func (d *decider) awaitCoupons() {
	k := d.State.Member.Rarely().Coupons
	if k == nil {
		return
	}
	var next time.Time
	if d.makes(playbooks.CouponExpired) {
		next = k.Expires()
	}
	if next := member.InstantOf(next); next != k.Next {
		k.Next, d.dueChanged, d.touched = next, true, true
	}
}

// recordCoupons notes when the coupons expire that the member was given before anybody asked for that. It reports
// whether there was something to note.
func (d *decider) recordCoupons(at time.Time) (noted bool) {
	w := d.e.index.Expiring
	if !w.Unrecorded(d.State.Member) || at.Before(w.Since) {
		return false
	}
	d.State.Member.Rarely().Coupons.Watched(member.Number(w.Since), member.Begun(w.Since, at))
	d.touched = true
	d.awaitCoupons()
	return true
}

// endCoupons finds the coupons that have expired, where somebody asks for that, and returns their events.
func (d *decider) endCoupons(at time.Time) (codes []string, made []Input) {
	k := d.State.Member.Rarely().Coupons
	if k == nil || k.Next.IsZero() || k.Next.Time().After(at) {
		return nil, nil
	}
	if d.makes(playbooks.CouponExpired) {
		for _, c := range k.Owes(at) {
			codes = append(codes, c.Code)
			made = append(made, d.made(playbooks.CouponExpired, map[string]any{"pool": c.Pool, "code": c.Code}, c.Code, nil)...)
		}
	}
	k.Told = member.InstantOf(at)
	d.awaitCoupons()
	d.touched = true
	return codes, made
}

// RedemptionOf returns the input that tells the member's line that a coupon was redeemed: see [effects.RedemptionOf].
func RedemptionOf(c *Coupon) Input { return effects.RedemptionOf(c) }

// redeem takes in that a coupon was redeemed, also for the run that gave it, as long as somebody may ask that: it is
// open, or its goal may be reached.
func (d *decider) redeem(in *Input, p *Payload) {
	d.Begin(in.At)
	if d.State.Member == nil {
		return // a coupon of nobody
	}
	field := func(name string) string {
		text, _ := p.Properties[name].(string)
		return text
	}
	code, step := field("code"), field("step")
	if d.State.Member.RedeemCoupon(code, in.At) {
		d.awaitCoupons()
	}
	d.refresh()
	d.updateLevel(in.At)
	var run *Run
	for _, r := range d.State.Runs {
		if r.ID == in.Name && (r.State == RunWaiting || d.State.Member.Awaits(r.ID)) {
			run = r
			d.learn(r, step, map[string]any{"redeemed_at": in.At.UTC().Format(time.RFC3339Nano)})
			d.trace(r, in.At, TraceEntry{What: "redeemed", Step: step, Detail: d.detail("code", code)})
		}
	}
	d.cascade.add(d.made(playbooks.CouponRedeemed, map[string]any{"pool": field("pool"), "code": code}, code, run)...)
}
