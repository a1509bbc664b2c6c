package engine

import (
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/member"
)

// What package input says of inputs.
type (
	// InputKind says what an [Input] is.
	InputKind = input.Kind
	// Input is one thing that the engine decides on, for one member.
	Input = input.Input
	// Payload is what an input carries. Values are as JSON decodes them.
	Payload = input.Payload
)

// The kinds of an input: see package input.
const (
	InputEvent    = input.Event
	InputUpdate   = input.Update
	InputTrigger  = input.Trigger
	InputSchedule = input.Schedule
	InputResult   = input.Result
	InputRedeem   = input.Redeem
	InputRelease  = input.Release
	InputSegment  = input.Segment
)

// CauseWait is the Cause of an event that came about when a wait was over.
const CauseWait = input.CauseWait

// CompareEvents orders the events of a history: see [input.Compare].
func CompareEvents(a, b *Input) int { return input.Compare(a, b) }

// SegmentReevaluation is the name of an occurrence that is no playbook's: members are looked at, to
// note who is in which segment.
const SegmentReevaluation = ":segments"

// What package member keeps of a person.
type (
	// Member is all that the engine keeps of a person beside runs and history.
	Member = member.Member
	// GoalWatch is an entry whose goal may still be reached.
	GoalWatch = member.GoalWatch
	// Send is a message that was decided, as frequency caps count it.
	Send = member.Send
	// Membership is what is known of a member and a watched segment.
	Membership = member.Membership
	// Deferred is a message that was put off to the end of quiet hours. It is released then, as a wait
	// ends then: see [Release].
	Deferred = member.Deferred
	// DateMark is what is known of a member and a playbook that a date starts.
	DateMark = member.DateMark
)

// Reevaluation says when a member is to be looked at again, because a message of theirs is to be
// released, or time may move them into a segment or out of one; zero: none of these will be.
type Reevaluation struct {
	Member string
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

	decoded bool           // Trigger and Actions are typed: see Run.decode
	zone    *time.Location // that their times are in
}

// What comes of decisions, beside [Changes], runs and records: see package effects.
type (
	// TraceEntry is one step of the answer to "why?".
	TraceEntry = effects.TraceEntry
	// Decision is one judgement of a playbook on an input of a member.
	Decision = effects.Decision
	// Coupon is a coupon given to a member.
	Coupon = effects.Coupon
	// Delivery is a message or a webhook to be carried out: a row of the outbox.
	Delivery = effects.Delivery
	// Message is what a channel sends.
	Message = effects.Message
	// Attachment is what hangs on a message.
	Attachment = effects.Attachment
	// Webhook is a call of an address: what a [Delivery] carries instead of a message.
	Webhook = effects.Webhook
	// DeliveryState is where a delivery stands.
	DeliveryState = effects.DeliveryState
	// Release is a decision on a message that was decided before.
	Release = effects.Release
	// TallyKey names one count of what a playbook did.
	TallyKey = effects.TallyKey
	// Poisoned is an input that was set aside with its error.
	Poisoned = effects.Poisoned
	// Held is a member on whom nothing can be decided for a while.
	Held = effects.Held
)

// The states of a delivery.
const (
	DeliveryDeferred = effects.DeliveryDeferred
	DeliveryPending  = effects.DeliveryPending
	DeliverySent     = effects.DeliverySent
	DeliveryArchived = effects.DeliveryArchived
	DeliveryDropped  = effects.DeliveryDropped
)

// Changes is what decisions on one or many members did. All of it commits together.
type Changes struct {
	Members    []*Member
	Runs       []*Run
	Coupons    []Coupon
	Deliveries []Delivery
	Releases   []Release  // of messages that were decided before
	Records    []Record   // one a decision that did something, in their order
	Poisoned   []Poisoned // inputs that could not be decided, set aside
	// events that runs emitted to their own member: decided already, to be kept in the history
	Cascaded      []Input
	Emitted       []Input              // events that runs emitted to other members: to be accepted into the inbox
	Held          []Held               // members on whom nothing can be decided
	Reevaluations []Reevaluation       // of members for whom that has changed
	Trees         []history.TreeChange // over long histories
	Taken         map[string]int       // what was taken from the lane's blocks, by pool

	// Tally is what the above adds to the playbooks' counts: see package tally. Who commits the changes
	// fills it in.
	Tally map[TallyKey]int
	Epoch int64 // under which it was decided; 0: nobody says. Who commits the changes fills it in

	entries []Entry // of all records
}

// Reset makes the changes empty, so that their room is used again.
func (c *Changes) Reset() {
	empty(&c.Members)
	empty(&c.Runs)
	empty(&c.Coupons)
	empty(&c.Deliveries)
	empty(&c.Releases)
	empty(&c.Records)
	empty(&c.entries)
	empty(&c.Poisoned)
	empty(&c.Cascaded)
	empty(&c.Emitted)
	empty(&c.Held)
	empty(&c.Reevaluations)
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
