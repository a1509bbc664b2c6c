package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
)

// recordPoints notes when the points expire that the member had when they began to. It reports whether there were some.
func (d *decider) recordPoints(at time.Time) bool {
	m, x := d.State.Member, d.e.index.Expiry()
	if !m.Unlotted(x) || at.Before(x.Since) {
		return false
	}
	m.LotPoints(x, at.In(d.e.zones.Of(m)))
	d.touched, d.dueChanged = true, true
	return true
}

// changePoints adds points of the member, or takes some away that there are.
func (d *decider) changePoints(n int) {
	if d.State.Member.ChangePoints(n, d.e.index.Expiry(), d.Now.In(d.Zone)) {
		d.dueChanged = true
	}
}

// endPoints takes away the points that have expired, and returns how many, with the event that says so.
func (d *decider) endPoints(at time.Time) (n int, made []Input) {
	if n = d.State.Member.EndPoints(d.e.index.Expiry(), at); n > 0 {
		made = d.made(playbooks.PointsExpired, map[string]any{"amount": n}, "", nil)
	}
	return n, made
}
