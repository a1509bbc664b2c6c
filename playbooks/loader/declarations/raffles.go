package declarations

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// mostOf is the largest number of prizes, and of entries.
const mostOf = 1_000_000_000

func (c *reader) raffle(key, value *syntax.Node) {
	c.declarable(key, "a raffle")
	r := playbooks.Raffle{Name: key.Value, Pos: key.Pos()}
	defer func() { c.Schema.Raffles = append(c.Schema.Raffles, r) }()
	if !c.Mapping(value, "a raffle", shapes.RaffleKeys...) {
		return
	}
	r.PerMember, _ = c.Integer(value.Get("per_member"), "per_member", 1, mostOf)
	if v := value.Get("prizes_each"); v != nil {
		each, _ := c.Literal(v, schema.Bool, "prizes_each")
		r.PrizesEach, _ = each.(bool)
	}
	r.Active = c.Active(value.Get("active"), false)
	draw := value.Get("draw")
	if draw != nil {
		if m, ok := c.Moment(draw, "draw", c.Schema.Zone()); ok {
			r.At = m.At
		}
	}
	intended := slices.Contains(value.Intended, "draw")
	c.prizes(&r, c.Require(value, "a raffle", "prizes", "prizes: {…}"), draw, intended)
}

// prizes reads the prizes of a raffle in the order in which they are written. intended says that a draw is meant that
// is misspelt.
func (c *reader) prizes(r *playbooks.Raffle, n, draw *syntax.Node, intended bool) {
	if n == nil || n.Broken {
		return
	}
	if n.Kind != syntax.MappingNode || len(n.Entries) == 0 {
		c.WrongType(n, "prizes must be a mapping (`name: …`)").Label("as in {一等奖: {count: 1}}")
		return
	}
	all := new(big.Rat)
	for _, e := range n.Entries {
		p := raffle.Prize{Name: e.Key.Value}
		if !e.Value.IsNull() && c.Mapping(e.Value, "a prize", "count", "odds") {
			p.Count, _ = c.Integer(e.Value.Get("count"), "count", 1, mostOf)
			p.Odds = c.odds(e.Value, draw, all)
		}
		if draw == nil && !intended && p.Odds == "" && e.Value.Get("odds") == nil && !e.Value.Broken {
			c.Error("missing-key", e.Key.Pos(), "a prize needs the key `odds` where there is no `draw`").
				Label("add `odds: 1/100`, or a `draw` of all tickets to the raffle")
		}
		r.Prizes = append(r.Prizes, p)
	}
	if all.Cmp(big.NewRat(1, 1)) > 0 {
		c.Error("bad-value", n.Pos(), "the odds of all prizes together are above 1").Label("they are " + all.RatString())
	}
}

// odds reads how often a ticket hits a prize, and adds it to those of all.
func (c *reader) odds(prize, draw *syntax.Node, all *big.Rat) string {
	n := prize.Get("odds")
	if n == nil || n.Broken {
		return ""
	}
	if draw != nil {
		c.Error("exclusive-keys", prize.Key("odds").Pos(), "`odds` are of tickets that are drawn at once, and this raffle has a `draw`").
			Label("leave one of them out").Related("all tickets are drawn together", draw.Pos())
		return ""
	}
	rat, ok := raffle.ParseOdds(n.Value)
	if n.Kind != syntax.ScalarNode || !ok {
		c.Error("bad-value", n.Pos(), fmt.Sprintf("odds cannot be `%s`", n.Value)).Label("write one in so many, as in 1/50")
		return ""
	}
	all.Add(all, rat)
	return n.Value
}
