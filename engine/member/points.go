package member

import (
	"slices"
	"time"
)

// Lots are a member's points by when they expire. All of them are in lots.
type Lots struct {
	Since int64 `json:"since"`          // the watch of points that they belong to, in milliseconds
	List  []Lot `json:"list,omitempty"` // by their ends, of which none stands twice
}

// Lot is points that expire together.
type Lot struct {
	Points int       `json:"points"`
	Ends   time.Time `json:"ends"`
}

// maxLots is more days than points are commonly good for. Of more lots the last two become one, with the later end.
const maxLots = 1000

// Add adds points that expire at an end.
func (l *Lots) Add(n int, ends time.Time) {
	i, has := slices.BinarySearchFunc(l.List, ends, func(x Lot, t time.Time) int { return x.Ends.Compare(t) })
	switch {
	case n <= 0:
	case has:
		l.List[i].Points += n
	default:
		l.List = slices.Insert(l.List, i, Lot{n, ends})
		if last := len(l.List) - 1; last >= maxLots {
			l.List[last].Points += l.List[last-1].Points
			l.List = slices.Delete(l.List, last-1, last)
		}
	}
}

// Spend takes points away, those first that expire first.
func (l *Lots) Spend(n int) {
	for n > 0 && len(l.List) > 0 {
		first := &l.List[0]
		took := min(n, first.Points)
		n -= took
		if first.Points -= took; first.Points == 0 {
			l.List = slices.Delete(l.List, 0, 1)
		}
	}
}

// Expire takes away the points that have expired at an instant, and returns how many those were.
func (l *Lots) Expire(at time.Time) (n int) {
	for len(l.List) > 0 && !l.List[0].Ends.After(at) {
		n += l.List[0].Points
		l.List = slices.Delete(l.List, 0, 1)
	}
	return n
}

// Expiring returns how many points expire after an instant and up to another.
func (l *Lots) Expiring(after, to time.Time) (n int) {
	if l == nil {
		return 0
	}
	for _, lot := range l.List {
		if lot.Ends.After(after) && !lot.Ends.After(to) {
			n += lot.Points
		}
	}
	return n
}

// Next returns when the first points expire; zero: none do.
func (l *Lots) Next() time.Time {
	if l == nil || len(l.List) == 0 {
		return time.Time{}
	}
	return l.List[0].Ends
}

// Expiry is how points expire.
type Expiry struct {
	// Rule says when points do that are granted at an instant, given in the member's zone; nil: they do not expire.
	Rule interface {
		Ends(granted time.Time) time.Time
	}
	Since time.Time // when they began to; zero: nobody said when
}

// ends returns when points expire that are granted at an instant, given in the member's zone.
func (x *Expiry) ends(granted time.Time) time.Time { return x.Rule.Ends(granted).UTC() }

// Unlotted reports whether the member has points of which it is not noted yet when they expire.
func (m *Member) Unlotted(x Expiry) bool {
	l := m.Rarely().Lots
	return x.Rule != nil && m.Points > 0 && (l == nil || l.Since != Number(x.Since))
}

// LotPoints makes the points that the member had when they began to expire a lot of that moment, or of the present
// one, which is given in the member's zone, where nobody said when.
func (m *Member) LotPoints(x Expiry, now time.Time) {
	l := &Lots{Since: Number(x.Since)}
	l.Add(m.Points, x.ends(Begun(x.Since, now).In(now.Location())))
	m.Rarer().Lots = l
}

// ChangePoints adds points, or takes some away that there are, now, given in the member's zone. It reports whether lots
// changed.
func (m *Member) ChangePoints(n int, x Expiry, now time.Time) bool {
	before, l := m.Points, m.Rarely().Lots
	m.Points += n
	if x.Rule != nil && before == 0 && !now.Before(x.Since) {
		l = &Lots{Since: Number(x.Since)}
		m.Rarer().Lots = l
	}
	switch {
	case x.Rule == nil || l == nil || l.Since != Number(x.Since):
		return false
	case n > 0:
		l.Add(n, x.ends(now))
	default:
		l.Spend(-n)
	}
	return true
}

// EndPoints takes away the points that have expired at an instant, and returns how many. Lots of points that do not
// expire any more are forgotten.
func (m *Member) EndPoints(x Expiry, at time.Time) (n int) {
	switch l := m.Rarely().Lots; {
	case l == nil:
	case x.Rule == nil || l.Since != Number(x.Since):
		m.Rare.Lots = nil
	default:
		n = min(l.Expire(at), m.Points)
		m.Points -= n
	}
	return n
}

// Number is how a watch is called in what is kept of members, by when it began; 0 where nobody said when.
func Number(since time.Time) int64 {
	if since.IsZero() {
		return 0
	}
	return since.UnixMilli()
}

// Begun returns when a watch began; where nobody said when, it is at.
func Begun(since, at time.Time) time.Time {
	if since.IsZero() {
		return at
	}
	return since
}
