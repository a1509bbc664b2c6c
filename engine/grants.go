package engine

import (
	"slices"
	"time"

	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/playbooks"
)

// What decisions take of pools that others take from, too: see package grants.
type (
	// PoolState is what a lane may grant of a pool.
	PoolState = grants.Pool
	// Ask names a pool, and says how much is to be had of it.
	Ask = grants.Ask
	// NeedPool says that what is reserved of pools does not do.
	NeedPool = grants.Need
)

// Alone returns an engine whose pools nobody else takes from, for a shell that decides for all members. left
// says how much there is of a pool that is not among those given.
func (e *Engine) Alone(left func(Ask) int) *Engine {
	c := *e
	c.left = left
	return &c
}

// ReasonQuota is why a playbook does not take a member, and why a coupon is not issued, when as many were as
// its quota allows.
const ReasonQuota = "quota"

// How the pools of quotas are called: they begin so, with the name of what has the quota and the part of its
// time and of its values behind it. Pools of coupons have no such names.
const (
	quotaOfPlaybook = "quota"
	quotaOfPool     = "coupons"
)

// QuotaPool returns the pool that a playbook's places were taken from, by what an entry of a record says of it.
func QuotaPool(playbook, of string) string { return quotaOfPlaybook + ":" + playbook + ":" + of }

// CouponQuotaPool is the same for a pool of coupons.
func CouponQuotaPool(pool, of string) string { return quotaOfPool + ":" + pool + ":" + of }

// place is one of a playbook's quota that a member is to have.
type place struct {
	Ask
	of string // which part of the time, and of the values
}

// placeAt returns what is asked of a playbook's quota at an instant, whatever the values that it is by.
func (e *Engine) placeAt(b *book, at time.Time) place {
	of, end := b.Quota.Period(at.In(e.ws.Schema.Timezone))
	return place{Ask{Pool: QuotaPool(b.ID, of), Most: b.Quota.Max, Until: end}, of}
}

// withinQuota reports whether a playbook takes one more, and takes the place. Nil: there is no quota.
func (d *decider) withinQuota(b *book) (p *place, ok bool) {
	q := b.Quota
	if q == nil {
		return nil, true
	}
	at := d.e.placeAt(b, d.now)
	if q.By != nil {
		v, err := q.By.Eval(d.env)
		err = d.unread(err)
		var text string
		if err == nil && v != nil {
			text, err = dicedBy(v)
		}
		switch {
		case err != nil:
			d.refuse(b, ReasonError, map[string]any{"quota": err.Error()})
			return nil, false
		case v == nil:
			d.refuse(b, ReasonQuota, map[string]any{"quota": q.Text, "by": "missing"})
			return nil, false
		}
		at.of = q.Of(at.of, text)
		at.Pool = QuotaPool(b.ID, at.of)
	}
	if !d.grants.Has(&at.Ask) {
		d.refuse(b, ReasonQuota, map[string]any{"quota": q.Text, "of": at.of})
		return nil, false
	}
	d.grants.Take(&at.Ask)
	return &at, true
}

// couponsAt returns what is asked of the quota of a pool of coupons at an instant.
func (e *Engine) couponsAt(pool *playbooks.Pool, at time.Time) place {
	of, end := pool.Quota.Period(at.In(e.ws.Schema.Timezone))
	return place{Ask{Pool: CouponQuotaPool(pool.Name, of), Most: pool.Quota.Max, Until: end}, of}
}

// ask adds what may be taken.
func (n *needs) ask(a Ask) {
	n.grants = true
	if !slices.ContainsFunc(n.pools, func(known Ask) bool { return known.Pool == a.Pool }) {
		n.pools = append(n.pools, a)
	}
}

// mostCodes is more codes than anybody loads.
const mostCodes = 1 << 30

// askOf returns what is asked of a pool of coupons beside its quota; false: there is no end to it.
func askOf(p *playbooks.Pool) (a Ask, limited bool) {
	if p.Imported {
		return Ask{Pool: p.Name, Most: mostCodes, Codes: true}, true
	}
	return Ask{Pool: p.Name, Most: p.Budget}, p.Budget > 0
}

// coupons adds what may be asked of a pool of coupons.
func (n *needs) coupons(p *playbooks.Pool) {
	if a, limited := askOf(p); limited {
		n.ask(a)
	}
	if p.Quota != nil {
		n.periods(func(at time.Time) { n.ask(n.engine.couponsAt(p, at).Ask) })
	}
}

// places adds what may be asked of the quota of a playbook. Which values are asked for is found out when it is
// decided.
func (n *needs) places(b *book) {
	n.grants = true
	if b.Quota.By == nil {
		n.periods(func(at time.Time) { n.ask(n.engine.placeAt(b, at).Ask) })
	}
}

// periods calls f with the instants of the first input and of the last. Periods between them, and those of what
// is due, are found out when it is decided.
func (n *needs) periods(f func(time.Time)) {
	n.grants = true
	if last := len(n.inputs) - 1; last >= 0 {
		f(n.inputs[0].At)
		f(n.inputs[last].At)
	}
}
