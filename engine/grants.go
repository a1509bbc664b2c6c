package engine

import (
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/view"
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
	return e.each(func(of *Engine) *Engine {
		c := *of
		c.left = left
		return &c
	})
}

// ReasonQuota is why a playbook does not take a member, and why a coupon is not issued, when as many were as
// its quota allows.
const ReasonQuota = "quota"

// withinQuota reports whether a playbook takes one more, and takes the place. Nil: there is no quota.
func (d *decider) withinQuota(b *book) (p *grants.Place, ok bool) {
	q := b.Quota
	if q == nil {
		return nil, true
	}
	at := grants.PlaceAt(grants.OfPlaybook, b.Among(), q, d.now.In(d.e.index.WS.Schema.Timezone))
	if q.By != nil {
		v, err := q.By.Eval(d.env)
		err = d.unread(err)
		var text string
		if err == nil && v != nil {
			text, err = view.DicedBy(v)
		}
		switch {
		case err != nil:
			d.refuse(b, ReasonError, map[string]any{"quota": err.Error()})
			return nil, false
		case v == nil:
			d.refuse(b, ReasonQuota, map[string]any{"quota": q.Text, "by": "missing"})
			return nil, false
		}
		at.Of = q.Of(at.Of, text)
		at.Pool = grants.Name(grants.OfPlaybook, b.Among(), at.Of)
	}
	if !d.grants.Has(&at.Ask) {
		d.refuse(b, ReasonQuota, map[string]any{"quota": q.Text, "of": at.Of})
		return nil, false
	}
	d.grants.Take(&at.Ask)
	return &at, true
}
