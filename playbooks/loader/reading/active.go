package reading

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Active reads the time in which something holds; nil when there is none. runs says that it has open runs, of which
// `open` says what becomes at the end.
func (c *Reader) Active(n *syntax.Node, runs bool) *playbooks.Active {
	keys := []string{"from", "to"}
	if runs {
		keys = append(keys, "open")
	}
	if n == nil || !c.Mapping(n, "active", keys...) {
		return nil
	}
	from, fromText := c.moment(n, "from")
	to, toText := c.moment(n, "to")
	open, given := "", false
	if runs {
		open, given = c.Enum(n.Get("open"), "open", "finish", "exit")
	}
	switch {
	case n.Get("from") == nil && n.Get("to") == nil && len(n.Intended) == 0:
		c.Error("missing-key", n.Pos(), "active needs `from`, `to` or both").Label("as in {from: 2026-11-01, to: 2026-11-11}")
		return nil
	case given && n.Get("to") == nil:
		c.Error("missing-key", n.Key("open").Pos(), "`open` says what becomes of open runs at the end, and there is no `to`").
			Label("add `to`, or leave `open` out")
		return nil
	case from != nil && to != nil && !from.At.Before(to.Until()):
		c.Error("bad-value", n.Get("to").Pos(), "this is over before it begins").
			Related("it begins here", n.Get("from").Pos())
		return nil
	}
	a := playbooks.NewActive(from, to, fromText, toText)
	a.Exit = open == "exit"
	return a
}

// moment reads a day or a time under a key; nil when there is none.
func (c *Reader) moment(n *syntax.Node, key string) (*schema.Moment, string) {
	v := n.Get(key)
	m, ok := c.Moment(v, key, c.Schema.Zone())
	if !ok {
		return nil, ""
	}
	return &m, v.Value
}
