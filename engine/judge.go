package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Reasons of decisions, in the field's terms.
const (
	ReasonEntered   = effects.ReasonEntered
	ReasonPaused    = "paused"
	ReasonNotActive = "not active"
	ReasonCondition = "condition"
	ReasonReentry   = "reentry"
	ReasonMode      = "mode"
	ReasonHoldout   = effects.ReasonHoldout
	ReasonError     = "error"
	ReasonRestarted = "restarted"
)

// entry is a playbook that all gates let the member into.
type entry struct {
	b       *book
	trigger expression.Record
	vars    map[string]map[string]any // nil: the playbook has none; else what a run keeps of them
	place   *grants.Place             // of the playbook's quota; nil: it has none
	holdout bool
}

// judge asks the gates of a playbook in their order; the first that fails is the reason. trigger is what
// expressions see.
func (d *decider) judge(b *book, trigger expression.Record) *entry {
	if b.Today == playbooks.Paused {
		d.refuse(b, ReasonPaused, nil)
		return nil
	}
	if !b.Active.Holds(d.now) {
		d.refuse(b, ReasonNotActive, map[string]any{"active": b.Active.Text})
		return nil
	}
	var vars map[string]map[string]any
	var err error
	if len(b.Vars) > 0 {
		vars, err = d.compute(b)
	}
	if err != nil {
		d.refuse(b, ReasonError, map[string]any{"vars": err.Error()})
		return nil
	}
	if vars != nil {
		d.env.SetActions(vars)
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
		d.refuse(b, ReasonReentry, map[string]any{"last_entry": d.st.Member.Entries[b.Among()]})
		return nil
	case b.Mode == playbooks.Single && d.openRun(b) != nil:
		d.refuse(b, ReasonMode, map[string]any{"open_run": d.openRun(b).ID})
		return nil
	case b.Mode == playbooks.Parallel && d.openRuns(b) >= maxOpen:
		d.refuse(b, ReasonMode, map[string]any{"open_runs": maxOpen})
		return nil
	}
	p, ok := d.withinQuota(b)
	if !ok {
		return nil
	}
	return &entry{b: b, trigger: trigger, vars: vars, place: p, holdout: d.inHoldout(b)}
}

// outcome is what became of a condition on the member as they are, with the values it saw when it
// did not hold.
type outcome struct {
	holds bool
	seen  map[string]any
	err   error
}

// condition evaluates a playbook's condition. All playbooks of one input are judged on the same
// member and the same trigger, so a condition that several of them share is evaluated once.
func (d *decider) condition(b *book) outcome {
	if b.Condition == nil {
		return outcome{holds: true}
	}
	var o outcome
	if b.Shared {
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
	if b.Shared {
		d.judged[b.Condition.Text] = o
	}
	return o
}

// mayReenter reports whether the playbook's reentry lets the member in again.
func (d *decider) mayReenter(b *book) bool {
	last, entered := d.st.Member.Entries[b.Among()]
	switch {
	case b.Reentry == nil || !entered:
		return true
	case b.Reentry.Never:
		return false
	}
	return !d.now.Before(b.Reentry.After.After(last.In(d.zone)))
}

// openAmong reports whether a run is an open one of the playbook, in shadow if that is what it takes now.
func openAmong(r *Run, b *book) bool {
	return r.Playbook == b.ID && r.State == RunWaiting && r.Shadow() == (b.Today == playbooks.Shadow)
}

// openRun returns an open run of the playbook; nil when there is none.
func (d *decider) openRun(b *book) *Run {
	for _, r := range d.st.Runs {
		if openAmong(r, b) {
			return r
		}
	}
	return nil
}

// openRuns returns how many open runs of the playbook there are.
func (d *decider) openRuns(b *book) (n int) {
	for _, r := range d.st.Runs {
		if openAmong(r, b) {
			n++
		}
	}
	return n
}

// inHoldout reports whether the playbook's dice put the member into the control group: they fall
// the same every time.
func (d *decider) inHoldout(b *book) bool {
	if d.e.o.Holdout != nil {
		if in, forced := d.e.o.Holdout(b.ID, d.id); forced {
			return in
		}
	}
	return b.Holdout > 0 && float64(expression.Dice("holdout", b.ID, d.id)%10_000) < b.Holdout*100
}

// judgeEvent judges the playbooks that the event triggers.
func (d *decider) judgeEvent(in *Input, l *index.Listening) ([]*entry, error) {
	if len(l.Books) == 0 {
		return nil, nil
	}
	rec := d.seeEvent(in, d.e.index.WS.Schema, l.Type)
	d.env.SetEvent(rec)
	d.beginJudging(rec)
	var entries []*entry
	for _, b := range l.Books {
		if t := d.matching(b, in.Name); t != nil {
			if en := d.judgeItem(start{Book: b, Trigger: t}, rec); en != nil {
				entries = append(entries, en)
			}
		}
		if rec.Err != nil {
			return nil, rec.Err
		}
	}
	return entries, nil
}

// judgeStart judges the playbook that is started over HTTP, by a schedule or by a date. It reports
// whether that concerns the member: there is such a playbook, and the member is in its audience.
func (d *decider) judgeStart(in *Input, p *Payload) (entries []*entry, concerned bool, err error) {
	b := d.e.index.Active[in.Name]
	if b == nil || b.Status == playbooks.Draft {
		return nil, false, nil
	}
	t := b.StartedBy(in, p)
	if t == nil {
		return nil, false, nil // it is started otherwise now
	}
	d.begin(in.At)
	if in.Kind == InputSchedule {
		if ok, err := d.inAudience(t); err != nil || !ok {
			return nil, false, err
		}
	}
	rec := expression.Fields{"time": in.At.In(d.zone)}
	if in.Kind == InputTrigger && t.Params != nil {
		v, err := t.Params.Coerce(view.OrEmpty(p.Properties))
		if err != nil {
			return nil, true, fmt.Errorf("trigger playbook %s: params.%w", b.ID, err)
		}
		params, _ := schema.Localize(t.Params, v, d.zone).(map[string]any)
		maps.Copy(rec, params)
	}
	d.beginJudging(rec)
	if en := d.judgeItem(start{Book: b, Trigger: t}, rec); en != nil {
		entries = append(entries, en)
	}
	return entries, true, nil
}

// judgeCrossing judges the playbooks that the crossing of a segment triggers.
func (d *decider) judgeCrossing(in *Input, p *Payload) (entries []*entry) {
	i := slices.IndexFunc(d.e.index.Watching, func(w *index.Watched) bool { return w.Name == in.Name })
	if i < 0 {
		return nil
	}
	d.begin(in.At)
	rec := expression.Fields{"time": in.At.In(d.zone)}
	d.beginJudging(rec)
	for _, s := range (index.Crossing{Segment: d.e.index.Watching[i], Entered: p.Entered}).Starts() {
		if s.Trigger.Via != "" && (slices.Contains(d.cascade.passed[in.ID], s.Book.ID) || slices.Contains(d.cascade.matched, s.Book.ID)) {
			continue
		}
		if en := d.judgeItem(s, rec); en != nil {
			entries = append(entries, en)
		}
	}
	return entries
}

// beginJudging begins the judging of playbooks on an input that would be their trigger.
func (d *decider) beginJudging(trigger expression.Record) {
	if d.judged == nil {
		d.judged = map[string]outcome{}
	}
	clear(d.judged)
	d.readBy(d.e.index.Types)
	d.env.SetTrigger(trigger, nil)
}

// inAudience reports whether the member is in the segment that a schedule is for.
func (d *decider) inAudience(t *playbooks.Trigger) (bool, error) {
	if t.Segment == "" {
		return true, nil
	}
	g := d.e.index.WS.Schema.Segment(t.Segment)
	if g == nil || g.Expr == nil {
		return false, nil
	}
	return g.Expr.Test(d.env)
}
