package engine

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Conditions of exits, goals and waits that are about no event are looked at when they are reached, after every
// decision by the state that it left, and when the passing of time may turn them.

// looks reports whether there may be a condition to look at: of an open run, or of a goal.
func (d *decider) looks() bool {
	if !d.e.index.Looks {
		return false
	}
	for _, r := range d.State.Runs {
		if b := d.e.index.Books[r.Revision]; r.State == RunWaiting && b != nil && b.Looks {
			return true
		}
	}
	return d.State.Member != nil && d.State.Member.LooksForGoal()
}

// look counts goals and ends runs whose condition is met, and returns the waits that are over. next is when the passing
// of time may meet one.
func (d *decider) look() (over []wake, next time.Time) {
	next = d.lookAtGoals()
	for _, r := range d.State.Runs {
		b := d.e.index.Books[r.Revision]
		if r.State != RunWaiting || b == nil || !b.Looks || d.e.index.Status(r.Playbook) == playbooks.Draft {
			continue
		}
		exit, turns := d.lookAtExits(r, b)
		if exit != nil {
			d.endBy(r, exit)
			continue
		}
		next = member.Sooner(next, turns)
		item, turns := d.lookAtWait(r, b)
		if next = member.Sooner(next, turns); item >= 0 {
			over = append(over, wake{run: r, pc: r.PC, item: item})
		}
	}
	return over, next
}

// lookAtGoals counts the goals whose condition is met.
func (d *decider) lookAtGoals() (next time.Time) {
	for i := range d.State.Member.Goals {
		g := &d.State.Member.Goals[i]
		r, b := d.goalOf(g)
		if r == nil || g.Event != "" || d.Now.After(g.Until) || d.converted(g.Run) {
			continue
		}
		c := &b.Goals[g.Item].Condition
		d.Scope(r, b, nil)
		was := g.In
		is, err := d.holds(c)
		switch {
		case err != nil:
			d.tellOnce(r, b, "goal", err)
		case c.Met(was, is):
			d.convert(r, c, map[string]any{"condition": c.Label()})
			g.Until = time.Time{} // given up, with the others of the entry
			continue
		case c.Crosses() && was != is:
			g.In, d.touched = is, true
		}
		if at := c.Turns().Next(d.Env, d.Past.Oldest); !at.After(g.Until) {
			next = member.Sooner(next, at)
		}
	}
	d.forgetGoals()
	return next
}

// lookAtExits returns the first exit of a run that is met, and when the passing of time may meet one.
func (d *decider) lookAtExits(r *Run, b *book) (met *playbooks.Condition, next time.Time) {
	d.Scope(r, b, nil)
	for i := range b.Exits {
		x := &b.Exits[i]
		if !x.Watched() {
			continue
		}
		if d.met(r, b, x, outline.ExitKey(i), "exit") && met == nil {
			met = x
		}
		next = member.Sooner(next, x.Turns().Next(d.Env, d.Past.Oldest))
	}
	return met, next
}

// lookAtWait returns which of what a run waits for is met, -1 when none is, and when the passing of time may meet one.
func (d *decider) lookAtWait(r *Run, b *book) (item int, next time.Time) {
	item = -1
	if r.PC >= len(b.Steps) || b.Steps[r.PC].Wait == nil {
		return item, next
	}
	s := &b.Steps[r.PC]
	d.Scope(r, b, s)
	for i := range s.Wait.Matches {
		m := &s.Wait.Matches[i]
		if !m.Watched() {
			continue
		}
		if d.met(r, b, &m.Condition, outline.WaitKey(i), s.Name()) && item < 0 {
			item = i
		}
		next = member.Sooner(next, m.Turns().Next(d.Env, d.Past.Oldest))
	}
	return item, next
}

// holds evaluates what a condition is about, as the state is now.
func (d *decider) holds(c *playbooks.Condition) (bool, error) {
	if c.Crosses() {
		return c.If.Test(d.Env)
	}
	return d.Test(c.If)
}

// met reports whether a condition of a run is met now, and keeps what is to be compared with. key is under what. What
// cannot be evaluated is not met, and the trace says why, once.
func (d *decider) met(r *Run, b *book, c *playbooks.Condition, key, at string) bool {
	is, err := d.holds(c)
	if err != nil {
		d.tellOnce(r, b, at, err)
		return false
	}
	was, _ := r.Actions[outline.SeenKey][key].(bool)
	if c.Crosses() && was != is {
		d.keepSeen(r, b, key, is)
	}
	return c.Met(was, is)
}

// keepSeen keeps of a run what was seen when a condition was looked at.
func (d *decider) keepSeen(r *Run, b *book, key string, is bool) {
	r.Decode(b.Record, b.Results, d.Zone)
	seen := map[string]any{}
	for k, v := range r.Actions[outline.SeenKey] {
		seen[k] = v
	}
	seen[key] = is
	d.remember(r, b, outline.SeenKey, seen)
	r.Changed = true
}

// tellOnce says on the trace of a run why a condition cannot be evaluated.
func (d *decider) tellOnce(r *Run, b *book, at string, err error) {
	if told, _ := r.Actions[outline.SeenKey][outline.ToldKey].(bool); told {
		return
	}
	d.keepSeen(r, b, outline.ToldKey, true)
	d.trace(r, d.Now, TraceEntry{What: WhatError, Step: at, Reason: err.Error()})
}

// endBy ends a run by an exit.
func (d *decider) endBy(r *Run, x *playbooks.Condition) {
	d.ObserveMatch(x)
	d.end(r, RunExited, x.Label())
}

// watchGoals begins to watch the goals of an entry. It returns the run whose goals are watched no more, because there
// are too many; empty: none.
func (d *decider) watchGoals(r *Run, b *book) (dropped string) {
	if len(b.Goals) == 0 {
		return ""
	}
	watches := make([]GoalWatch, len(b.Goals))
	for i := range b.Goals {
		goal := &b.Goals[i]
		watches[i] = GoalWatch{
			Run: r.ID, Playbook: b.ID, Revision: b.Revision, Event: goal.Name, Item: i,
			Until: goal.Within.After(d.Now.In(d.Zone)).UTC(),
		}
		if goal.Crosses() {
			d.Scope(r, b, nil)
			watches[i].In, _ = d.holds(&goal.Condition) // what cannot be told is looked at again
		}
	}
	return d.State.Member.WatchGoals(watches)
}

// lookAtEntry notes of a run that begins what its exits are compared with. One that holds ends it.
func (d *decider) lookAtEntry(r *Run, b *book) {
	if !b.Looks {
		return
	}
	d.Scope(r, b, nil)
	var ends *playbooks.Condition
	for i := range b.Exits {
		x := &b.Exits[i]
		if x.Watched() && d.reached(r, b, x, outline.ExitKey(i), "exit") && ends == nil {
			ends = x
		}
	}
	if ends != nil {
		d.endBy(r, ends)
	}
}

// reached reports whether a condition that a run comes to holds already. Of a segment it is noted whether the subject
// is in it: only who crosses the border from now on meets it.
func (d *decider) reached(r *Run, b *book, c *playbooks.Condition, key, at string) bool {
	is, err := d.holds(c)
	switch {
	case err != nil:
		d.tellOnce(r, b, at, err)
		return false
	case !c.Crosses():
		return is
	}
	if was, _ := r.Actions[outline.SeenKey][key].(bool); was != is {
		d.keepSeen(r, b, key, is)
	}
	return false
}

// lookAtBegin looks at the conditions of a wait that begins: one that holds already is no wait. It reports whether the
// run goes on.
func (d *decider) lookAtBegin(r *Run, b *book, s *playbooks.Step) bool {
	if !b.Looks {
		return false
	}
	var holds *playbooks.Match
	d.Scope(r, b, s)
	for i := range s.Wait.Matches {
		m := &s.Wait.Matches[i]
		if m.Watched() && d.reached(r, b, &m.Condition, outline.WaitKey(i), s.Name()) && holds == nil {
			holds = m
		}
	}
	if holds == nil {
		return false
	}
	d.ObserveMatch(&holds.Condition)
	d.trace(r, d.Now, TraceEntry{
		What: "wait", Step: s.Name(), Reason: ReasonHolds, Detail: map[string]any{"condition": holds.Label()},
	})
	d.endWait(r, b, s, resultOf(holds))
	d.Scope(r, b, nil)
	return true
}

// resultOf returns what a wait leaves that something other than an event has ended.
func resultOf(m *playbooks.Match) map[string]any {
	result := map[string]any{"timed_out": false}
	if m.Via != "" {
		result[schema.Via] = m.Via
	}
	return result
}

// wake is a wait that is over because a condition is met.
type wake struct {
	run      *Run
	pc, item int // the wait, and which of what it is for
}

// followWake puts a wait that is over into the cascade, unless it is there. A chain that is too long stops here: the
// error is on the trace of the run.
func (d *decider) followWake(w wake, at time.Time) {
	for _, known := range d.cascade.wakes {
		if known.run == w.run && known.pc == w.pc {
			return
		}
	}
	if d.cascade.wakes == nil {
		d.cascade.wakes = map[string]wake{}
	}
	s := &d.e.index.Books[w.run.Revision].Steps[w.pc]
	id := fmt.Sprintf("wake:%s:%s", d.e.id(at, "wake", w.run.ID, s.Path, d.input), s.Name())
	d.cascade.wakes[id] = w
	depth, err := d.cascade.link(1)
	if err != nil {
		d.trace(w.run, at, TraceEntry{What: WhatError, Step: s.Name(), Reason: err.Error()})
		return
	}
	d.cascade.add(Input{
		Kind: InputWake, ID: id, Member: d.ID, Name: w.run.ID, Time: at, At: at, Payload: &Payload{Depth: depth},
	})
}

// resumeByCondition lets a run go on whose wait a condition has ended, unless something else did before.
func (d *decider) resumeByCondition(in *Input) []resumed {
	w, ok := d.cascade.wakes[in.ID]
	delete(d.cascade.wakes, in.ID)
	r := w.run
	if !ok || r.State != RunWaiting || r.PC != w.pc {
		return nil
	}
	b := d.e.index.Books[r.Revision]
	s := &b.Steps[r.PC]
	m := &s.Wait.Matches[w.item]
	d.Begin(in.At)
	d.ObserveMatch(&m.Condition)
	detail, result := map[string]any{"condition": m.Label()}, resultOf(m)
	if m.Via != "" {
		detail[schema.Via] = m.Via
	}
	d.trace(r, d.Now, TraceEntry{What: "woke", Step: s.Name(), Reason: ReasonCondition, Detail: detail})
	d.endWait(r, b, s, result)
	return []resumed{{r, b}}
}
