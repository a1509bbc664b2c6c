package effects

import (
	"iter"
	"maps"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/member"
)

// Reevaluation says when a member is to be looked at again, because a message of theirs is to be
// released, or time may move them into a segment or out of one; zero: none of these will be.
type Reevaluation struct {
	Member string
	At     time.Time
}

// Deletion says that nothing is left of an object: neither its state nor the history that was decided before.
type Deletion struct {
	Member string
	Seq    int64 // of the input that said so
	At     time.Time
}

// RunState is where a run stands.
type RunState string

// The states of a run. Waiting is the only open one. Holdout is an entry of the control group:
// measured, never acted on.
const (
	RunWaiting RunState = "waiting"
	RunDone    RunState = "done"
	RunExited  RunState = "exited"
	RunFailed  RunState = "failed"
	RunHoldout RunState = "holdout"
)

// Run is one member's way through one playbook.
type Run struct {
	ID          string
	Playbook    string
	Revision    string // of the playbook it began with, and keeps
	Member      string
	State       RunState
	Reason      string // why it exited or failed; of one that waits: why it is parked
	StartedAt   time.Time
	EndedAt     time.Time // zero while open
	ConvertedAt time.Time // zero until the goal is reached
	DueAt       time.Time // when the wait is over; zero when it waits for no time
	PC          int       // position in the playbook's steps
	Trigger     map[string]any
	Actions     map[string]map[string]any // results by action id
	New         bool                      // not stored yet
	Changed     bool                      // to be stored; the core sets it

	Typed bool           // Trigger and Actions are, while the run is decided on
	Zone  *time.Location // that their times are in then
}

// Changes is what decisions on one or many members did. All of it commits together.
type Changes struct {
	Members    []*member.Member
	Runs       []*Run
	Coupons    []Coupon
	Tickets    []Ticket
	Referrals  []Referral
	Deliveries []Delivery
	Releases   []Release  // of messages that were decided before
	Records    []Record   // one a decision that did something, in their order
	Poisoned   []Poisoned // inputs that could not be decided, set aside
	// events that runs emitted to their own member: decided already, to be kept in the history
	Cascaded      []input.Input
	Emitted       []input.Input        // events that runs emitted to other members: to be accepted into the inbox
	Held          []Held               // members on whom nothing can be decided
	Reevaluations []Reevaluation       // of members for whom that has changed
	Deleted       []Deletion           // of objects: it comes before all else that is here of them
	Trees         []history.TreeChange // over long histories
	Taken         map[string]int       // what was taken from the lane's blocks, by pool

	// Tally is what the above adds to the playbooks' counts: see package tally. Who commits the changes
	// fills it in.
	Tally map[TallyKey]int
	Epoch int64 // under which it was decided; 0: nobody says. Who commits the changes fills it in

	All []Entry // of all records; a record has its own once its decision is over
}

// Reset makes the changes empty, so that their room is used again.
func (c *Changes) Reset() {
	empty(&c.Members)
	empty(&c.Runs)
	empty(&c.Coupons)
	empty(&c.Tickets)
	empty(&c.Referrals)
	empty(&c.Deliveries)
	empty(&c.Releases)
	empty(&c.Records)
	empty(&c.All)
	empty(&c.Poisoned)
	empty(&c.Cascaded)
	empty(&c.Emitted)
	empty(&c.Held)
	empty(&c.Reevaluations)
	empty(&c.Deleted)
	empty(&c.Trees)
	if len(c.Taken) > 0 {
		clear(c.Taken)
	}
	c.Tally, c.Epoch = nil, 0
}

func empty[T any](list *[]T) {
	if len(*list) > 0 { // mostly not
		clear(*list)
		*list = (*list)[:0]
	}
}

// Record is what one decision on a member did, with its reasons: on an input and all that it
// brought about, on the end of a wait, on a release, or on a re-evaluation. Records are appended
// and never changed: traces, refusals and timelines are views of them.
type Record struct {
	Member string
	At     time.Time // of all its entries: a decision of several instants has several records
	Input  string    // id of what was decided on; that of what it brought about is in the entries
	// Seq is that of the input. Of what the passing of time brought, it is that of the input that was
	// decided before; 0: of none in the same call of Decide.
	Seq     int64
	Due     bool    // the passing of time brought it
	Entries []Entry // in their order
	// Whole are the runs that this record begins and ends, as they are at its end: nothing else is
	// stored of them.
	Whole []*Run

	From int // of its entries among all of the changes
}

// Entry is one thing that a decision did: a step of a run, or the refusal of a playbook.
type Entry struct {
	TraceEntry        // of a refusal What is [WhatRefused], and Detail what the gate saw
	Run        *Run   // nil: a refusal, [WhatEnded] or [WhatLevel]
	Playbook   string // that refused
	Input      string // of a refusal: id of the input that was judged
	Effect     string // the key of the delivery, or the code of the coupon, that the step made
}

// WhatRefused is the What of an entry that is a refusal.
const WhatRefused = "refused"

// WhatEnded is the What of an entry that says what the member had to an end that has come: Detail
// names the tags. It is about no run.
const WhatEnded = "ended"

// WhatLevel is the What of an entry that says that the level of a member changed, or that they fell
// below it. Reason says why. Detail holds the attribute, what it was before and is after, the number
// that it follows, and until when it is kept where the number is below. It is about no run.
const WhatLevel = "level"

// The reasons of a WhatLevel.
const (
	ReasonReached = "reached" // the number reached a step
	ReasonBelow   = "below"   // the number has been below the level for the grace
	ReasonGrace   = "grace"   // the number fell below the level, which is kept for the grace
	ReasonEdited  = "edited"  // levels began to be as they are
)

// IsOfMember reports whether the entry is about the member alone: neither about a run nor a refusal.
func (e *Entry) IsOfMember() bool {
	return e.Run == nil && (e.What == WhatEnded || e.What == WhatLevel)
}

// What the details of an entry say about a message that a run of another subject handed over: which run that is, and
// what became of the message.
const (
	DetailOfRun  = "run"
	DetailStatus = "status"
)

// HandedOver returns what the entry says of a message that a run of another subject handed over: what is its Run is the
// message, by its key. Of other entries it is nil.
func (e *Entry) HandedOver() map[string]any {
	if e.Run == nil || e.Detail[DetailOfRun] == nil {
		return nil
	}
	m := map[string]any{"playbook": e.Run.Playbook, "step": e.Step, "delivery": e.Run.ID, DetailStatus: e.What}
	if e.Reason != "" {
		m["reason"] = e.Reason
	}
	maps.Copy(m, e.Detail)
	return m
}

// Refuses reports whether the entry is a refusal.
func (e *Entry) Refuses() bool { return e.Run == nil && !e.IsOfMember() }

// Refusal returns the entry as a decision; false when it is something else.
func (r *Record) Refusal(e *Entry) (Decision, bool) {
	if !e.Refuses() {
		return Decision{}, false
	}
	return Decision{
		At: r.At, Member: r.Member, Playbook: e.Playbook, Input: e.Input, Reason: e.Reason, Seen: e.Detail,
	}, true
}

// Entries returns the entries of all records, in their order.
func (c *Changes) Entries() iter.Seq2[*Record, *Entry] {
	return func(yield func(*Record, *Entry) bool) {
		for i := range c.Records {
			r := &c.Records[i]
			for j := range r.Entries {
				if !yield(r, &r.Entries[j]) {
					return
				}
			}
		}
	}
}

// FailedBy returns why the step failed by which a run failed.
func (r *Record) FailedBy(failed *Entry) (why string) {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run == failed.Run && e.What == WhatError && e.Step == failed.Reason {
			why = e.Reason
		}
	}
	return why
}

// The What of an entry that begins a run.
const (
	ReasonEntered = "entered"
	ReasonHoldout = "holdout"
)

// WhatError is the What of an entry that says why a step failed.
const WhatError = "error"

// Begins reports whether the entry begins a run.
func (e *Entry) Begins() bool {
	return e.Run != nil && (e.What == ReasonEntered || e.What == ReasonHoldout)
}

// Begins reports whether the record begins the run.
func (r *Record) Begins(run *Run) bool {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run == run && e.Begins() {
			return true
		}
	}
	return false
}

// Ends reports whether the entry ends a run.
func (e *Entry) Ends() bool {
	switch RunState(e.What) {
	case RunDone, RunExited, RunFailed, RunHoldout:
		return true
	}
	return false
}
