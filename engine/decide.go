package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Decide decides a member's inputs, in their order, and all waits that are due: those at or before an input's instant before
// it, and at the end those at or before horizon. Changes are added to c. The error is a *NeedPool, an *Unreadable, or says that an
// input cannot be decided; state and c are then to be thrown away.
func (e *Engine) Decide(member string, st *State, inputs []Input, horizon time.Time, pools map[string]*PoolState, c *Changes) error {
	d := e.decider(member, st)
	defer d.release()
	d.pools, d.c = pools, c
	for i := range inputs {
		if err := d.failure(d.outside(&inputs[i])); err != nil {
			return err
		}
	}
	if err := d.failure(d.wakeUntil(horizon)); err != nil {
		return err
	}
	d.finish()
	return nil
}

// outside decides an input that came from outside, after the waits that are due before it, and what
// it brings about.
func (d *decider) outside(in *Input) error {
	if err := d.wakeUntil(in.At); err != nil {
		return err
	}
	d.cascade.begin(in.Seq)
	if err := d.decide(in); err != nil {
		return err
	}
	return d.followUp()
}

// failure returns what ends the decision, where err is what failed in it. What was decided without
// something that cannot be read is not valid, whatever else failed.
func (d *decider) failure(err error) error {
	if d.unreadable != nil {
		return d.unreadable
	}
	return err
}

// finish hands over what changed.
func (d *decider) finish() {
	if d.touched {
		d.c.Members = append(d.c.Members, d.st.Member)
	}
	if d.lookAt {
		d.c.Looks = append(d.c.Looks, Look{Member: d.id, At: d.st.Member.LookAt})
	}
	for _, r := range d.st.Runs {
		if r.New || r.Changed {
			d.rest(r)
			d.c.Runs = append(d.c.Runs, r)
		}
	}
}

// wakeUntil lets every wait that is due at or before t continue, in the order of their due times, and looks at the member when
// time may have moved them into a segment or out of one: after the waits of that instant.
func (d *decider) wakeUntil(t time.Time) error {
	for {
		var next *Run
		for _, r := range d.st.Runs {
			if r.State != RunWaiting || r.DueAt.IsZero() || r.DueAt.After(t) {
				continue
			}
			if next == nil || compareWaits(r, next) < 0 {
				next = r
			}
		}
		at, due := d.lookDue(t)
		if next == nil && !due {
			return nil
		}
		d.cascade.begin(CauseWait)
		if next == nil || due && at.Before(next.DueAt) {
			if d.st.passed(at) {
				d.passLook(at)
			} else {
				d.look(at)
			}
		} else if err := d.wake(next); err != nil {
			return err
		}
		if err := d.followUp(); err != nil {
			return err
		}
	}
}

func compareWaits(a, b *Run) int {
	return cmp.Or(a.DueAt.Compare(b.DueAt), a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Playbook, b.Playbook), cmp.Compare(a.ID, b.ID))
}

func (d *decider) wake(r *Run) error {
	d.input = "wait:" + r.ID
	if d.e.status(r.Playbook) == playbooks.Draft { // nothing moves
		r.DueAt = r.DueAt.Add(parked)
		r.Changed = true
		return nil
	}
	b := d.e.books[r.Revision]
	if b == nil || r.PC >= len(b.Steps) {
		d.park(r, r.DueAt)
		return nil
	}
	d.record(r.DueAt)
	d.begin(r.DueAt)
	s := &b.Steps[r.PC]
	if answer := d.kept(r, s); answer != nil {
		if err := d.answered(r, b, s, d.now, answer); err != nil {
			return err
		}
		d.turn(d.now)
		return nil
	}
	entry, result := TraceEntry{What: "woke", Step: s.Name()}, map[string]any(nil)
	if s.Wait != nil && s.Wait.Event != nil {
		entry.Reason, result = ReasonTimeout, map[string]any{"timed_out": true}
	}
	d.trace(r, d.now, entry)
	d.waited(r, b, s, result)
	if err := d.advance(r, b); err != nil {
		return err
	}
	d.turn(d.now)
	return nil
}

// decide decides one input, and finds what segments the member crosses by it.
func (d *decider) decide(in *Input) error {
	p, err := in.Decode()
	if err != nil {
		return fmt.Errorf("read the %s %s: %w", in.Kind, in.ID, err)
	}
	d.input, d.cascade.depth = in.ID, p.Depth
	recorded, known := d.record(in.At), d.st.Member != nil
	d.meet(in)
	if p.Backfill {
		d.backfill(in, p, known)
		return nil
	}
	d.idle = false
	if err := d.decideOn(in, p); err != nil {
		return err
	}
	if recorded || !d.idle {
		d.turn(in.At)
	}
	return nil
}

func (d *decider) decideOn(in *Input, p *Payload) error {
	switch in.Kind {
	case InputEvent:
		return d.event(in, p)
	case InputUpdate:
		d.apply(in, p)
		d.refreshAt(in.At)
	case InputTrigger, InputSchedule:
		return d.started(in, p)
	case InputResult:
		return d.result(in, p)
	case InputSegment:
		return d.border(in, p)
	default:
		return fmt.Errorf("an input of the unknown kind %q", in.Kind)
	}
	return nil
}

func (d *decider) refreshAt(at time.Time) {
	d.touched = true
	d.begin(at)
}

// meet makes sure that there is a member.
func (d *decider) meet(in *Input) {
	if d.st.Member == nil && in.Kind != InputResult {
		d.st.Member = &Member{ID: d.id, CreatedAt: in.At}
		d.touched = true
	}
}

// apply writes attributes and tags that came from outside.
func (d *decider) apply(in *Input, p *Payload) {
	m := d.st.Member
	if len(p.Attributes) > 0 && m.Attributes == nil {
		m.Attributes = make(map[string]any, len(p.Attributes))
	}
	for k, v := range p.Attributes {
		v = d.e.normalized(k, v)
		m.wrote(k, v, in.At)
		if v == nil {
			delete(m.Attributes, k)
		} else {
			m.Attributes[k] = v
		}
	}
	m.changeTags(p.AddTags, p.RemoveTags)
}

// changeTags gives the tags that really came and went.
func (m *Member) changeTags(add, remove []string) (added, removed []string) {
	for _, t := range add {
		if i, has := slices.BinarySearch(m.Tags, t); !has {
			m.Tags = slices.Insert(m.Tags, i, t)
			added = append(added, t)
		}
	}
	for _, t := range remove {
		if i, has := slices.BinarySearch(m.Tags, t); has {
			m.Tags = slices.Delete(m.Tags, i, i+1)
			removed = append(removed, t)
		}
	}
	return added, removed
}

// event decides an event in the order that the language promises: the member, then goals, exits and waits of what is open, then
// all triggers and gates on the member as it is now, then the runs that woke or begin act, in the order of their playbooks' ids.
func (d *decider) event(in *Input, p *Payload) error {
	d.apply(in, p)
	if p.Depth == 0 { // what a run emitted is nothing that the member did
		d.st.Member.LastSeenAt = in.At
	}
	l := d.e.listening(in.Name)
	d.st.History.put(in, l.tracked)
	d.refreshAt(in.At)
	d.goals(in)
	d.exits(in)
	awake := d.met(in)
	entries, err := d.triggered(in, l)
	if err != nil {
		return err
	}
	return d.together(awake, entries)
}

// triggered judges the playbooks that the event triggers.
func (d *decider) triggered(in *Input, l *listening) ([]*entry, error) {
	if len(l.books) == 0 {
		return nil, nil
	}
	rec := d.eventView(in, d.e.ws.Schema, l.typ)
	d.env.SetEvent(rec)
	d.judging(rec)
	d.c.Refusals = slices.Grow(d.c.Refusals, len(l.books))
	var entries []*entry
	for _, b := range l.books {
		if en := d.judge(b, rec, b.Trigger.Event.If); en != nil {
			entries = append(entries, en)
		}
		if rec.err != nil {
			return nil, rec.err
		}
	}
	return entries, nil
}

// started decides a start over HTTP or by a schedule.
func (d *decider) started(in *Input, p *Payload) error {
	b := d.e.active[in.Name]
	if d.idle = b == nil || b.Status == playbooks.Draft; d.idle {
		return nil
	}
	d.begin(in.At)
	if in.Kind == InputSchedule {
		if ok, err := d.e.inAudience(d, b); err != nil || !ok {
			d.idle = true
			return err
		}
	}
	rec := map[string]any{"time": in.At.In(d.zone)}
	if in.Kind == InputTrigger && b.Trigger.Params != nil {
		v, err := b.Trigger.Params.Coerce(orEmpty(p.Properties))
		if err != nil {
			return fmt.Errorf("trigger playbook %s: params.%w", b.ID, err)
		}
		params, _ := schema.Localize(b.Trigger.Params, v, d.zone).(map[string]any)
		for k, v := range params {
			rec[k] = v
		}
	}
	d.judging(expression.Fields(rec))
	if en := d.judge(b, expression.Fields(rec), nil); en != nil {
		return d.enter(en)
	}
	return nil
}

// judging begins the judging of playbooks on an input that would be their trigger.
func (d *decider) judging(trigger expression.Record) {
	if d.judged == nil {
		d.judged = map[string]outcome{}
	}
	clear(d.judged)
	d.readBy(d.e.types)
	d.env.SetTrigger(trigger, nil)
}

func (e *Engine) inAudience(d *decider, b *book) (bool, error) {
	if b.Trigger.Segment == "" {
		return true, nil
	}
	g := e.ws.Schema.Segment(b.Trigger.Segment)
	if g == nil || g.Expr == nil {
		return false, nil
	}
	return g.Expr.Test(d.env)
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// result takes in what became of a delivery.
func (d *decider) result(in *Input, p *Payload) error {
	for _, r := range d.st.Runs {
		if r.ID != in.Name || r.State != RunWaiting {
			continue
		}
		step, _ := p.Properties["step"].(string)
		if b, s := d.e.held(r, step); s != nil {
			if err := d.answered(r, b, s, in.At, p.Properties); err != nil {
				return err
			}
			continue
		}
		if d.e.books[r.Revision] == nil && r.DueAt.IsZero() {
			d.keep(r, step, in.At, p.Properties)
			continue
		}
		entry := TraceEntry{What: "result", Step: step, Detail: maps.Clone(p.Properties)}
		delete(entry.Detail, "step")
		if b := d.e.books[r.Revision]; b != nil && r.Actions[step] != nil {
			d.zone = d.e.zoneOf(d.st.Member)
			left := atRest(b.actions[step], r.Actions[step])
			maps.Copy(left, entry.Detail)
			d.remember(r, b, step, left)
		}
		d.trace(r, in.At, entry)
	}
	return nil
}
