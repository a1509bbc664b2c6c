package engine

import (
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// countGoals counts conversions by an event: once an entry, to the end of its time, also after its run has
// ended.
func (d *decider) countGoals(in *Input) {
	for i := range d.State.Member.Goals {
		g := &d.State.Member.Goals[i]
		if g.Event == in.Name && !d.Now.After(g.Until) && d.reachedBy(g, in) {
			g.Until = time.Time{} // given up, with the others of the entry
		}
	}
	d.forgetGoals()
}

// forgetGoals drops the goals whose time is over, and all of an entry of which one was reached.
func (d *decider) forgetGoals() {
	m := d.State.Member
	over := func(g GoalWatch) bool {
		return d.Now.After(g.Until) || d.converted(g.Run)
	}
	if !slices.ContainsFunc(m.Goals, func(g GoalWatch) bool { return d.Now.After(g.Until) }) {
		return
	}
	var kept []GoalWatch
	for _, g := range m.Goals {
		if !over(g) {
			kept = append(kept, g)
		}
	}
	d.touched = true
	m.Goals = kept
}

// goalOf returns the run whose goal is watched and what it was entered by; nil when either is not known.
func (d *decider) goalOf(g *GoalWatch) (*Run, *book) {
	b := d.e.index.Books[g.Revision]
	i := slices.IndexFunc(d.State.Runs, func(r *Run) bool { return r.ID == g.Run })
	if b == nil || g.Item >= len(b.Goals) || i < 0 {
		return nil, nil
	}
	return d.State.Runs[i], b
}

// reachedBy reports whether the event reaches the goal of an entry, and notes it on the run. Of several the first is
// noted.
func (d *decider) reachedBy(g *GoalWatch, in *Input) bool {
	r, b := d.goalOf(g)
	if r == nil || d.converted(g.Run) {
		return false
	}
	c := &b.Goals[g.Item].Condition
	if !d.matches(b, r, in, c.If, nil, "goal") {
		return false
	}
	d.convert(r, c, map[string]any{"event": in.Name, "id": in.ID})
	return true
}

// converted reports whether a goal of an entry was reached in this look: the others of it are given up.
func (d *decider) converted(run string) bool {
	return slices.ContainsFunc(d.State.Member.Goals, func(g GoalWatch) bool { return g.Run == run && g.Until.IsZero() })
}

// convert notes on a run that its goal is reached.
func (d *decider) convert(r *Run, c *playbooks.Condition, by map[string]any) {
	d.ObserveMatch(c)
	r.ConvertedAt = d.Now
	d.trace(r, d.Now, TraceEntry{What: "goal", Detail: by})
}

// exitRuns ends open runs whose playbook says so.
func (d *decider) exitRuns(in *Input) {
	for _, r := range d.State.Runs {
		if r.State != RunWaiting {
			continue
		}
		b := d.e.index.Books[r.Revision]
		if b == nil || d.e.index.Status(r.Playbook) == playbooks.Draft {
			continue
		}
		for i := range b.Exits {
			if x := &b.Exits[i]; x.Name == in.Name && d.matches(b, r, in, x.If, nil, "exit") {
				d.endBy(r, x)
				break
			}
		}
	}
}
