package index

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
)

// Watched is a segment whose members' coming and going starts runs.
type Watched struct {
	*playbooks.Segment
	Since time.Time // when it began to be watched as it is: members were in it then or not, and that fires nothing
	Turns *reevaluation.Reevaluation
	Enter []Start // by playbook id
	Exit  []Start
}

// watch prepares the segments that triggers are about.
func (x *Index) watch() {
	for _, name := range slices.Sorted(maps.Keys(watches.By(x.WS))) {
		g := x.WS.Schema.Segment(name)
		if g == nil || g.Expr == nil {
			continue
		}
		w := &Watched{Segment: g, Since: x.opt.Watched[name], Turns: x.WS.Schema.ReevaluationOf(name)}
		for _, p := range x.WS.Playbooks {
			for _, t := range p.Trigger.Items() {
				into := map[playbooks.TriggerKind]*[]Start{playbooks.TriggerEnter: &w.Enter, playbooks.TriggerExit: &w.Exit}[t.Kind]
				if into == nil || p.Status == playbooks.Draft || t.Segment != name {
					continue
				}
				if n := len(*into); n == 0 || (*into)[n-1].Book.Playbook != p { // of several the first
					*into = append(*into, Start{x.Active[p.ID], t})
				}
			}
		}
		x.Watching = append(x.Watching, w)
	}
}

// Known returns what is recorded of the member and the segment as it is watched now.
func (w *Watched) Known(m *member.Member) (member.Membership, bool) {
	k, ok := m.Segments[w.Name]
	return k, ok && k.Since == member.Number(w.Since)
}

// Unrecorded returns when the earliest watch began of which nothing is recorded about the subject; zero when all is.
func (x *Index) Unrecorded(m *member.Member) (since time.Time) {
	if m == nil {
		return since
	}
	for _, w := range x.Watching {
		if _, ok := w.Known(m); !ok {
			since = member.Sooner(since, w.Since)
		}
	}
	for _, w := range x.Dated {
		if _, ok := w.Known(m); !ok {
			since = member.Sooner(since, w.Since)
		}
	}
	for _, w := range x.Ending {
		if w.Unrecorded(m) {
			since = member.Sooner(since, w.Since)
		}
	}
	if m.Unlotted(x.Expiry()) {
		since = member.Sooner(since, x.opt.Watched[watches.Points])
	}
	if w := x.Levels; w != nil && m.LevelOf(&w.Levels) == nil {
		since = member.Sooner(since, w.Since)
	}
	if w := x.Expiring; w.Unrecorded(m) {
		since = member.Sooner(since, w.Since)
	}
	return since
}

// Watches reports whether something is watched since that instant.
func (x *Index) Watches(since time.Time) bool {
	return slices.ContainsFunc(x.Watching, func(w *Watched) bool { return w.Since.Equal(since) }) ||
		slices.ContainsFunc(x.Dated, func(w *Dated) bool { return w.Since.Equal(since) }) ||
		slices.ContainsFunc(x.Ending, func(w *Ending) bool { return w.Since.Equal(since) }) ||
		x.Expiring != nil && x.Expiring.Since.Equal(since) ||
		x.Levels != nil && x.Levels.Since.Equal(since) ||
		x.WS.Schema.Points != nil && x.opt.Watched[watches.Points].Equal(since)
}

// making prepares the events that usher makes itself.
func (x *Index) making() {
	for i := range x.WS.Schema.Events {
		if t := &x.WS.Schema.Events[i]; t.Builtin {
			x.listen(t.Name) // what it is, is to be known where it comes from a file or a test
		}
	}
	x.Makes = x.WS.Makes()
	if x.Makes[playbooks.CouponExpired] {
		x.Expiring = &Expiring{Since: x.opt.Watched[watches.Coupons]}
	}
}

// Expiring is the watch of when coupons expire.
type Expiring struct{ Since time.Time }

// Unrecorded reports whether the member has coupons of which it is not noted yet when they expire.
func (w *Expiring) Unrecorded(m *member.Member) bool {
	k := m.Rarely().Coupons
	return w != nil && k != nil && (k.Watch == nil || *k.Watch != member.Number(w.Since))
}

// Expiry returns how points expire.
func (x *Index) Expiry() member.Expiry {
	if x.WS.Schema.Points == nil {
		return member.Expiry{}
	}
	return member.Expiry{Rule: x.WS.Schema.Points, Since: x.opt.Watched[watches.Points]}
}
