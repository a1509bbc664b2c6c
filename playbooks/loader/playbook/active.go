package playbook

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// active reads when members may enter.
func (p *reader) active(n *syntax.Node) {
	if n == nil || !p.Mapping(n, "active", "from", "to", "open") {
		return
	}
	from, fromText := p.moment(n, "from")
	to, toText := p.moment(n, "to")
	open, given := p.Enum(n.Get("open"), "open", "finish", "exit")
	switch {
	case n.Get("from") == nil && n.Get("to") == nil && len(n.Intended) == 0:
		p.Error("missing-key", n.Pos(), "active needs `from`, `to` or both").Label("as in {from: 2026-11-01, to: 2026-11-11}")
		return
	case given && n.Get("to") == nil:
		p.Error("missing-key", n.Key("open").Pos(), "`open` says what becomes of open runs at the end, and there is no `to`").
			Label("add `to`, or leave `open` out")
		return
	case from != nil && to != nil && !from.At.Before(to.Until()):
		p.Error("bad-value", n.Get("to").Pos(), "this is over before it begins").
			Related("it begins here", n.Get("from").Pos())
		return
	}
	p.pb.Active = playbooks.NewActive(from, to, fromText, toText)
	p.pb.Active.Exit = open == "exit"
}

// moment reads a day or a time under a key; nil when there is none.
func (p *reader) moment(n *syntax.Node, key string) (*schema.Moment, string) {
	v := n.Get(key)
	m, ok := p.Moment(v, key, p.zoneOfWorkspace())
	if !ok {
		return nil, ""
	}
	return &m, v.Value
}

// idleSchedule warns of a schedule that comes once, while the playbook is not active.
func (p *reader) idleSchedule(n *syntax.Node) {
	if s := p.pb.Trigger.Schedule; s != nil && !s.Once.IsZero() && !p.pb.Active.Holds(s.Once) {
		p.Warn("unreachable", n.Get("trigger").Get("schedule").Pos(), "this never starts a run: the playbook is not active then").
			Label("it is active "+p.pb.Active.Text).Related("active", n.Key("active").Pos())
	}
}
