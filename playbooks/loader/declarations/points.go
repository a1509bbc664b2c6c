package declarations

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/syntax"
)

// mostPointDays is how long points are good at most.
const mostPointDays = 3660

// points reads when points expire.
func (c *reader) points(n *syntax.Node) {
	if n == nil || !c.Mapping(n, "points", "expires") {
		return
	}
	v := c.Require(n, "points", "expires", "expires: 365d")
	if v == nil || v.Broken {
		return
	}
	p := &playbooks.Points{Pos: v.Pos()}
	if v.Kind != syntax.MappingNode {
		d, ok := c.Duration(v, "expires")
		switch {
		case !ok:
			return
		case d.Days == 0 && d.Elapsed < 24*time.Hour, d.Days > mostPointDays, d.Elapsed > mostPointDays*24*time.Hour:
			c.Error("bad-value", v.Pos(), fmt.Sprintf("points expire at the end of a day, 1 to %d days after they were given", mostPointDays)).
				Label("as in 365d")
			return
		}
		p.After = d
		c.Schema.Points = p
		return
	}
	if !c.Mapping(v, "expires", "month", "day") {
		return
	}
	var okMonth, okDay bool
	p.Month, okMonth = c.Integer(c.Require(v, "expires", "month", "month: 12"), "month", 1, 12)
	day := c.Require(v, "expires", "day", "day: 31")
	p.Day, okDay = c.Integer(day, "day", 1, 31)
	if !okMonth || !okDay {
		return
	}
	if last := time.Date(2024, time.Month(p.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day(); p.Day > last {
		c.Error("bad-value", day.Pos(), fmt.Sprintf("%s has no day %d", time.Month(p.Month), p.Day)).Label(fmt.Sprintf("its last is %d", last))
		return
	}
	c.Schema.Points = p
}
