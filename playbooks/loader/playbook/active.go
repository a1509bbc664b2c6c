package playbook

import "github.com/usher-run/usher/playbooks/syntax"

// idleSchedule warns of a schedule that comes once, while the playbook is not active.
func (p *reader) idleSchedule(n *syntax.Node) {
	at := []*syntax.Node{n.Get("trigger")}
	if list := at[0].Get("any"); list != nil {
		at = list.Items
	}
	for i, t := range p.pb.Trigger.Items() {
		if s := t.Schedule; s != nil && !s.Once.IsZero() && !p.pb.Active.Holds(s.Once) {
			p.Warn("unreachable", at[i].Get("schedule").Pos(), "this never starts a run: the playbook is not active then").
				Label("it is active "+p.pb.Active.Text).Related("active", n.Key("active").Pos())
		}
	}
}
