package playbooks

import (
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// ExpiringField begins the name of the field of a member that says how many points expire within a time.
const ExpiringField = expression.ExpiringField

// Points says when points expire.
type Points struct {
	After      schema.Duration // so long after they were granted; zero: on Month and Day
	Month, Day int             // the first such day after they were
	Pos        diag.Pos
}

// Ends returns when points expire that are granted at an instant, given in the member's zone: at the end of a day
// there.
func (p *Points) Ends(granted time.Time) time.Time {
	if !p.After.IsZero() {
		y, m, d := p.After.After(granted).Date()
		return schema.WallClock(y, m, d+1, 0, 0, 0, 0, granted.Location())
	}
	y, m, d := granted.Date()
	day := p.dayIn(y)
	if int(m) > p.Month || int(m) == p.Month && d >= day {
		y++
		day = p.dayIn(y)
	}
	return schema.WallClock(y, time.Month(p.Month), day+1, 0, 0, 0, 0, granted.Location())
}

// dayIn returns the day of the month in a year: 29 February is the 28th in most.
func (p *Points) dayIn(year int) int {
	return min(p.Day, time.Date(year, time.Month(p.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day())
}

// PointsExpire reports whether points do.
func (s *Schema) PointsExpire() bool { return s.Points != nil }
