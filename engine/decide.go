package engine

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
)

// The numbered rules of docs/language.md, "Meaning", and the functions that keep each.
//
//	 1 Instant        Engine.Decide, decider.decideDue, decider.nextDue, eval.Evaluator.Begin
//	 2 One event      decider.decideInput, decider.decideEvent, decider.act
//	 3 Entry          decider.judge, decider.mayReenter, decider.enter
//	 4 Holdout        decider.inHoldout, decider.countGoals, decider.thrown
//	 5 Waits          decider.resumeWaits, decider.resumeDue, decider.beginWait, decider.waitEnds
//	 6 Cascade        decider.decideCascade, cascade.link, decider.follow, decider.reevaluate
//	 7 Effects        decider.carryOut, Engine.id, Engine.code, Act.IssueCoupon
//	 8 Sending        Act.Send, Act.handOver, decider.decideMessage, decider.capped, decider.releaseMessage, Engine.Late
//	 9 Pinned         eval.Evaluator.Scope, eval.Evaluator.ReadBy, index.Index.Status
//	10 Time           decider.judgeStart, schema.Schedule.Next, worker.Worker.occurrences
//	11 Reasons        decider.refuse, decider.trace
//	12 Same inputs, same outputs   Engine.Decide, expression.Dice
//
// Below is the one way through the core: Decide takes the work, the decide functions call the
// stages in order, and no stage calls back. A stage returns what follows: runs that are to act,
// events that they emitted, segments that the member crossed.

// Decide decides a member's inputs, in their order, and all that is due: what is due at or before
// an input's instant before it, and at the end what is due at or before horizon. It adds changes
// to c. The error is a *NeedPool, an *Unreadable, or says that an input cannot be decided. State
// and c are then to be thrown away; what was taken of pools is given back.
func (e *Engine) Decide(
	member string, st *State, inputs []Input, horizon time.Time, pools map[string]*PoolState, c *Changes,
) (err error) {
	e = e.of(member)
	d := e.decider(member, st)
	d.c, d.grants = c, grants.Ledger{Pools: pools, Left: e.left, Count: &c.Taken}
	if len(e.index.Changed) > 0 {
		d.noteFields()
	}
	decided := false
	defer func() {
		if d.grants.Lacks() {
			_ = recover() // nothing holds that was decided on what may not be there
			decided, err = false, d.grants.Need()
		}
		if !decided {
			d.grants.Return()
		}
		d.release()
	}()
	for i := range inputs {
		if err := d.failure(d.decideFromOutside(&inputs[i])); err != nil {
			return err
		}
	}
	if err := d.failure(d.decideDue(horizon)); err != nil {
		return err
	}
	d.handOver()
	decided = true
	return nil
}

// decideFromOutside decides an input that came from outside, after what is due before it, and what
// it brings about.
func (d *decider) decideFromOutside(in *Input) error {
	if err := d.decideDue(in.At); err != nil {
		return err
	}
	d.cascade.begin(in.Seq, len(d.c.Emitted))
	d.recorder.Seq = in.Seq
	d.recorder.Begin(d.c, in.ID, false)
	if err := d.decideInput(in); err != nil {
		return err
	}
	return d.decideCascade()
}

// decideDue decides all that is due at or before t, in the order of the due times, each with what
// it brings about.
func (d *decider) decideDue(t time.Time) error {
	for d.mayBeDue(t) {
		next, ok := d.nextDue(t)
		if !ok {
			return nil
		}
		d.cascade.begin(CauseWait, len(d.c.Emitted))
		switch {
		case next.ends:
			d.decideEnds(next.at)
		case next.message != "":
			d.decideRelease(next.message)
			if d.looks() {
				d.follow(d.reevaluate(next.at))
			}
		case next.exits:
			d.decideEnd(next.run, next.at)
		case next.run == nil:
			d.decideReevaluation(next.at)
		default:
			d.decideWait(next.run)
		}
		if err := d.decideCascade(); err != nil {
			return err
		}
	}
	return nil
}

// decideCascade decides what the last decision brought about, and what that brings about. Then the
// decision is over.
func (d *decider) decideCascade() error {
	for len(d.cascade.queue) > 0 {
		in := d.cascade.next()
		if err := d.decideInput(&in); err != nil {
			return err
		}
		if in.Kind == InputEvent {
			d.c.Cascaded = append(d.c.Cascaded, in)
		}
	}
	if len(d.c.Emitted) > d.cascade.emitted {
		d.cascade.shareOut(d.c.Emitted[d.cascade.emitted:])
	}
	d.endRecord()
	return nil
}

// sound returns what an input says of itself that no input can say: what is stored of it is damaged.
// Somebody who is a member has an id that can be one.
func (d *decider) sound(in *Input) error {
	if d.State.Member == nil {
		if wrong := strictjson.MemberID(naming.OutsideID(d.ID)); wrong != nil {
			return fmt.Errorf("the %s %s is nobody's: %s", in.Kind, in.ID, wrong.Message)
		}
	}
	if in.At.IsZero() {
		return fmt.Errorf("the %s %s has no instant", in.Kind, in.ID)
	}
	return nil
}

// decideInput takes one input through the stages. What follows from it is in the cascade then.
func (d *decider) decideInput(in *Input) error {
	p, err := in.Decode()
	if err != nil {
		return fmt.Errorf("read the %s %s: %w", in.Kind, in.ID, err)
	}
	if err := d.sound(in); err != nil {
		return err
	}
	d.input, d.missing, d.cascade.depth = in.ID, p.Missing, p.Depth
	d.cascade.count = max(d.cascade.count, int(p.Spent))
	known := d.State.Member != nil
	recorded := d.recordMemberships(in.At)
	d.ensureMember(in)
	if len(p.Attributes)+len(p.AddTags) > 0 {
		if err := d.State.Member.RoomFor(p.Attributes, p.AddTags); err != nil {
			return err
		}
	}
	if p.Backfill {
		d.decideBackfill(in, p, known)
		return nil
	}
	var ready ready
	concerned := true
	switch in.Kind {
	case InputEvent:
		ready, err = d.decideEvent(in, p)
	case InputUpdate:
		d.applyUpdate(in, p)
	case InputTrigger, InputSchedule:
		ready.entries, concerned, err = d.judgeStart(in, p)
	case InputResult:
		ready.resumed, err = d.resumeByResult(in, p)
	case InputRedeem:
		d.redeem(in, p)
	case InputRelease:
		d.decideReleaseAgain(in, p)
		concerned = false
	case InputMessage:
		err, concerned = d.decideMessage(in), false
	case InputSegment:
		ready.entries = d.judgeCrossing(in, p)
	case InputChange:
		ready.entries = d.judgeChange(in, p)
	case InputWake:
		ready.resumed = d.resumeByCondition(in)
	case InputDeletion:
		d.decideDeletion(in)
		concerned = false
	default:
		err = fmt.Errorf("an input of the unknown kind %q", in.Kind)
	}
	if err != nil {
		return err
	}
	d.actAndFollow(ready)
	if !known {
		d.updateLevel(in.At)
	}
	if (concerned || recorded || d.looks()) && d.mayMove() {
		d.follow(d.reevaluate(in.At))
	}
	if len(d.e.index.Changed) > 0 {
		d.followChanges(in.At)
	}
	return nil
}

// decideEvent takes an event up to the runs that are to act: the member first, then goals, exits
// and waits of what is open, then all triggers and gates on the member as it is now.
func (d *decider) decideEvent(in *Input, p *Payload) (ready ready, err error) {
	l := d.e.index.Listening(in.Name)
	d.applyEvent(in, p, l)
	if len(l.Books)+len(d.State.Runs)+len(d.State.Member.Goals) == 0 && !d.e.index.Marks {
		return ready, nil // most events: nobody asks
	}
	d.Begin(in.At)
	d.updateLevel(in.At)
	d.countGoals(in)
	d.exitRuns(in)
	ready.resumed = d.resumeWaits(in)
	ready.entries, err = d.judgeEvent(in, l)
	return ready, err
}

// decideWait takes a run whose wait is over through the stages.
func (d *decider) decideWait(r *Run) {
	d.beginDue("wait:" + r.ID)
	at := r.DueAt
	b := d.resumable(r)
	if b == nil {
		return
	}
	d.recordMemberships(at)
	resumed := d.resumeDue(r, b)
	d.actAndFollow(ready{resumed: resumed})
	d.follow(d.reevaluate(at))
	d.followChanges(at)
}

// beginDue begins a decision that the passing of time brought.
func (d *decider) beginDue(input string) {
	d.input, d.missing = input, nil
	d.recorder.Begin(d.c, input, true)
}

// decideEnds takes away what the member had to an instant. What that would start is left out where the
// caller gave it up.
func (d *decider) decideEnds(at time.Time) {
	d.beginDue("ends:" + at.UTC().Format(time.RFC3339Nano))
	recorded := d.recordMemberships(at)
	d.Begin(at)
	ended := d.takeEnded(at)
	if moved := d.updateLevel(at); ended.nothing() && !recorded && !moved {
		return
	}
	given := d.State.GaveUp(at)
	if !given {
		d.cascade.add(ended.made...)
	}
	if d.mayMove() {
		if moved := d.reevaluate(at); !given {
			d.follow(moved)
		}
	}
	if given {
		d.noteFields()
	}
	d.followChanges(at)
}

// decideReevaluation finds out what the passing of time did to a member's segments and dates.
func (d *decider) decideReevaluation(at time.Time) {
	d.beginDue("reevaluation:" + at.UTC().Format(time.RFC3339Nano))
	d.followMoved(at, d.recordMemberships(at))
}

// followMoved re-evaluates, and puts what that found into the cascade, where memberships were recorded also what levels
// changed since they began; what that would start is left out where the caller gave it up.
func (d *decider) followMoved(at time.Time, recorded bool) {
	moved := d.reevaluate(at)
	if d.State.GaveUp(at) {
		d.noteFields()
		return
	}
	d.follow(moved)
	if recorded {
		d.followChanges(at)
	}
}

// decideBackfill takes in what happened before usher was told. What time had done to a member who
// was known still fires. What the backfill does to the segments fires nothing.
func (d *decider) decideBackfill(in *Input, p *Payload, known bool) {
	if known {
		d.follow(d.reevaluate(in.At))
		d.followChanges(in.At)
	}
	d.applyBackfill(in, p)
	moved := d.reevaluate(in.At)
	moved.crossings = nil
	d.follow(moved)
	d.noteFields()
}

// actAndFollow lets runs act, and puts what they emitted into the cascade.
func (d *decider) actAndFollow(ready ready) {
	if len(ready.resumed)+len(ready.entries) == 0 {
		return
	}
	d.cascade.addEmitted(d.act(ready))
	d.updateLevel(d.Now)
}

// failure returns what ends the decision, where err is what failed in it. What was decided without
// something that cannot be read is not valid, whatever else failed.
func (d *decider) failure(err error) error {
	switch {
	case d.Past.Unavailable != nil:
		return d.Past.Unavailable
	case d.Past.Unreadable != nil:
		return d.Past.Unreadable
	}
	return err
}

// handOver adds what changed of the member and of the runs to the changes.
func (d *decider) handOver() {
	if d.touched {
		d.c.Members = append(d.c.Members, d.State.Member)
	}
	if d.dueChanged {
		d.c.Reevaluations = append(d.c.Reevaluations, Reevaluation{Member: d.ID, At: d.State.Member.DueAt()})
	}
	for _, r := range d.State.Runs {
		if r.New || r.Changed {
			d.encode(r)
			d.c.Runs = append(d.c.Runs, r)
		}
	}
	if trees := d.State.History.Changed(d.ID); len(trees) > 0 {
		d.c.Trees = append(d.c.Trees, trees...)
	}
}
