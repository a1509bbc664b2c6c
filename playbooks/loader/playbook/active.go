package playbook

import "github.com/usher-run/usher/playbooks/syntax"

// idleSchedule warns of a schedule that comes once, while the playbook is not active.
func (p *reader) idleSchedule(n *syntax.Node) {
	if s := p.pb.Trigger.Schedule; s != nil && !s.Once.IsZero() && !p.pb.Active.Holds(s.Once) {
		p.Warn("unreachable", n.Get("trigger").Get("schedule").Pos(), "this never starts a run: the playbook is not active then").
			Label("it is active "+p.pb.Active.Text).Related("active", n.Key("active").Pos())
	}
}
