package engine

import (
	"slices"

	"github.com/usher-run/usher/playbooks"
)

// countGoals counts conversions: once an entry, to the end of its time, also after its run has
// ended.
func (d *decider) countGoals(in *Input) {
	m := d.st.Member
	kept := m.Goals[:0]
	for _, g := range m.Goals {
		reached := false
		if g.Event == in.Name && !d.now.After(g.Until) {
			reached = d.reached(g, in)
		}
		if !reached && !d.now.After(g.Until) {
			kept = append(kept, g)
		}
	}
	d.touched = d.touched || len(kept) < len(m.Goals)
	m.Goals = kept
}

// reached reports whether the event reaches the goal of an entry, and notes it on the run.
func (d *decider) reached(g GoalWatch, in *Input) bool {
	b := d.e.index.Books[g.Revision]
	i := slices.IndexFunc(d.st.Runs, func(r *Run) bool { return r.ID == g.Run })
	if b == nil || b.Goal == nil || i < 0 {
		return false
	}
	r := d.st.Runs[i]
	if !d.matches(b, r, in, b.Goal.If, nil, "goal") {
		return false
	}
	d.observeMatch(&b.Goal.EventMatch)
	r.ConvertedAt = d.now
	d.trace(r, d.now, TraceEntry{What: "goal", Detail: map[string]any{"event": in.Name, "id": in.ID}})
	return true
}

// exitRuns ends open runs whose playbook says so.
func (d *decider) exitRuns(in *Input) {
	for _, r := range d.st.Runs {
		if r.State != RunWaiting {
			continue
		}
		b := d.e.index.Books[r.Revision]
		if b == nil || d.e.index.Status(r.Playbook) == playbooks.Draft {
			continue
		}
		for i := range b.Exits {
			if x := &b.Exits[i]; x.Name == in.Name && d.matches(b, r, in, x.If, nil, "exit") {
				d.observeMatch(x)
				d.end(r, RunExited, x.Name)
				break
			}
		}
	}
}
