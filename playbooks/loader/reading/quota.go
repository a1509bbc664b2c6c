package reading

import (
	"fmt"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// maxQuota is the largest quota, as of a budget.
const maxQuota = 1_000_000_000

// QuotaKeys are those of every quota.
var QuotaKeys = []string{"max", "per"}

// Quota reads a quota that has these keys; nil: there is none, or it has a mistake.
func (c *Reader) Quota(n *syntax.Node, keys ...string) *playbooks.Quota {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind == syntax.ScalarNode && !n.IsNull() {
		r := c.WrongType(n, "quota must be a mapping (`key: value`)").Label("as in {max: 100, per: day}")
		if n.Tag == "int" {
			r.Label(fmt.Sprintf("write {max: %s, per: day} when it is that many a day", n.Value))
		}
		return nil
	}
	if !c.Mapping(n, "quota", keys...) {
		return nil
	}
	before := len(c.Diags)
	q := new(playbooks.Quota)
	if v := c.Require(n, "quota", "max", "max: 100"); v != nil {
		q.Max, _ = c.Integer(v, "max", 1, maxQuota)
	}
	q.Per = c.period(n.Get("per"))
	if len(c.Diags) > before {
		return nil
	}
	if q.Text = fmt.Sprintf("%d in all", q.Max); q.Per != playbooks.PerEver {
		q.Text = fmt.Sprintf("%d per %s", q.Max, q.Per)
	}
	return q
}

// periodsOf are the periods that are as long as a duration.
var periodsOf = map[string]playbooks.Per{
	"1h": playbooks.PerHour, "24h": playbooks.PerDay, "1d": playbooks.PerDay, "7d": playbooks.PerWeek, "1w": playbooks.PerWeek,
	"30d": playbooks.PerMonth, "31d": playbooks.PerMonth, "daily": playbooks.PerDay, "hourly": playbooks.PerHour,
	"weekly": playbooks.PerWeek, "monthly": playbooks.PerMonth,
}

// period reads the period of a quota. A duration is none: a quota begins anew by the calendar.
func (c *Reader) period(n *syntax.Node) playbooks.Per {
	if n != nil && !n.Broken && n.Kind == syntax.ScalarNode && !n.IsNull() {
		_, err := schema.ParseDuration(n.Value)
		meant := periodsOf[n.Value]
		if err == nil || meant != "" {
			r := c.Error("bad-value", n.Pos(), fmt.Sprintf("per cannot be `%s`", n.Value)).
				Label("write hour, day, week or month: a quota begins anew by the calendar")
			if meant != "" {
				r.Label(fmt.Sprintf("write %s: a quota begins anew by the calendar", meant)).Edit(n.Pos(), string(meant)).
					UnsureUnless(err != nil)
			}
			return ""
		}
	}
	per, _ := c.Enum(n, "per", playbooks.Periods...)
	return playbooks.Per(per)
}
