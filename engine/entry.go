package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// Reasons of decisions, in the field's terms.
const (
	ReasonEntered   = "entered"
	ReasonPaused    = "paused"
	ReasonCondition = "condition"
	ReasonReentry   = "reentry"
	ReasonMode      = "mode"
	ReasonHoldout   = "holdout"
	ReasonError     = "error"
	ReasonRestarted = "restarted"
)

// entry is a playbook that all gates let the member into.
type entry struct {
	b       *book
	trigger expression.Record
	holdout bool
}

// judge asks trigger and gates in their order; the first that fails is the reason. A trigger that does not match leaves
// nothing.
func (d *decider) judge(b *book, trigger expression.Record, match *expression.Expr) *entry {
	if match != nil {
		ok, err := d.test(match)
		if err != nil {
			d.refuse(b, ReasonError, map[string]any{"trigger": err.Error()})
			return nil
		}
		if !ok {
			return nil
		}
	}
	if b.today == playbooks.Paused {
		d.refuse(b, ReasonPaused, nil)
		return nil
	}
	cond := d.condition(b)
	switch {
	case cond.err != nil:
		d.refuse(b, ReasonError, map[string]any{"condition": cond.err.Error()})
		return nil
	case !cond.holds:
		d.refuse(b, ReasonCondition, cond.seen)
		return nil
	case !d.mayReenter(b):
		d.refuse(b, ReasonReentry, map[string]any{"last_entry": d.st.Member.Entries[b.ID]})
		return nil
	case b.Mode == playbooks.Single && d.openRun(b.ID) != nil:
		d.refuse(b, ReasonMode, map[string]any{"open_run": d.openRun(b.ID).ID})
		return nil
	}
	return &entry{b: b, trigger: trigger, holdout: d.inHoldout(b)}
}

// outcome is what became of a condition on the member as they are, with the values it saw when it did not hold.
type outcome struct {
	holds bool
	seen  map[string]any
	err   error
}

// condition evaluates a playbook's condition. All playbooks of one input are judged on the same member and the same trigger, so
// a condition that several of them share is evaluated once.
func (d *decider) condition(b *book) outcome {
	if b.Condition == nil {
		return outcome{holds: true}
	}
	var o outcome
	if b.shared {
		if known, ok := d.judged[b.Condition.Text]; ok {
			if known.err == nil {
				d.observeOutcome(b.Condition, known.holds)
			}
			return known
		}
	}
	if o.holds, o.err = d.test(b.Condition); o.err == nil && !o.holds {
		o.seen = d.seen(b.Condition)
	}
	if b.shared {
		d.judged[b.Condition.Text] = o
	}
	return o
}

func (d *decider) refuse(b *book, reason string, seen map[string]any) {
	d.c.Refusals = append(d.c.Refusals, Decision{At: d.now, Member: d.id, Playbook: b.ID, Input: d.input, Reason: reason, Seen: seen})
}

func (d *decider) mayReenter(b *book) bool {
	last, entered := d.st.Member.Entries[b.ID]
	switch {
	case b.Reentry == nil || !entered:
		return true
	case b.Reentry.Never:
		return false
	}
	return !d.now.Before(b.Reentry.After.After(last.In(d.zone)))
}

func (d *decider) openRun(playbook string) *Run {
	for _, r := range d.st.Runs {
		if r.Playbook == playbook && r.State == RunWaiting {
			return r
		}
	}
	return nil
}

// inHoldout throws the playbook's dice for the member: the same every time.
func (d *decider) inHoldout(b *book) bool {
	if d.e.o.Holdout != nil {
		if in, forced := d.e.o.Holdout(b.ID, d.id); forced {
			return in
		}
	}
	return b.Holdout > 0 && float64(expression.Dice("holdout", b.ID, d.id)%10_000) < b.Holdout*100
}

// enter begins a run and lets it act.
func (d *decider) enter(en *entry) error {
	b, m := en.b, d.st.Member
	if b.Mode == playbooks.Restart {
		for _, r := range d.st.Runs {
			if r.Playbook == b.ID && r.State == RunWaiting {
				d.end(r, RunExited, ReasonRestarted)
			}
		}
	}
	if b.Reentry != nil || !d.e.o.Brief { // also without `reentry`: one may be written tomorrow
		if m.Entries == nil {
			m.Entries = map[string]time.Time{}
		}
		m.Entries[b.ID] = d.now
	}
	r := &Run{
		ID: d.e.id(d.now, "run", b.ID, d.id, d.input), Playbook: b.ID, Revision: b.Revision, Member: d.id, State: RunWaiting,
		StartedAt: d.now, Trigger: en.trigger.All(), New: true, revived: true, zone: d.zone,
	}
	d.st.Runs = append(d.st.Runs, r)
	if b.Goal != nil {
		m.Goals = append(m.Goals, GoalWatch{
			Run: r.ID, Playbook: b.ID, Revision: b.Revision, Event: b.Goal.Name, Until: b.Goal.Within.After(d.now.In(d.zone)).UTC(),
		})
	}
	d.touched = true
	if en.holdout {
		r.State, r.EndedAt = RunHoldout, d.now
		d.trace(r, d.now, TraceEntry{What: ReasonHoldout, Detail: d.detail("input", d.input)})
		return nil
	}
	d.trace(r, d.now, TraceEntry{What: ReasonEntered, Detail: d.detail("input", d.input)})
	return d.advance(r, b)
}
