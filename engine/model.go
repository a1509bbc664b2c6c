package engine

import (
	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/needs"
)

// What package input says of inputs.
type (
	// InputKind says what an [Input] is.
	InputKind = input.Kind
	// Input is one thing that the engine decides on, for one member.
	Input = input.Input
	// Payload is what an input carries. Values are as JSON decodes them.
	Payload = input.Payload
	// Found is a member whom a ref names.
	Found = input.Found
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
	InputMessage  = input.Message
	InputDeletion = input.Deletion
	InputSegment  = input.Segment
	InputChange   = input.Change
	InputWake     = input.Wake
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

// What is loaded before decisions: see package needs.
type (
	// Needs is what has to be loaded before a decision.
	Needs = needs.Needs
)

// What comes of decisions: see package effects.
type (
	// State is a member as loaded for a decision. The core changes it in place.
	State = effects.State
	// Damage is what cannot be read of a member, or cannot be decided. Few have any.
	Damage = effects.Damage
	// Reevaluation says when a member is to be looked at again.
	Reevaluation = effects.Reevaluation
	// Deletion says that nothing is left of an object.
	Deletion = effects.Deletion
	// RunState is where a run stands.
	RunState = effects.RunState
	// Run is one member's way through one playbook.
	Run = effects.Run
	// Record is what one decision on a member did, with its reasons.
	Record = effects.Record
	// Entry is one thing that a decision did.
	Entry = effects.Entry
	// Changes is what decisions on one or many members did. All of it commits together.
	Changes = effects.Changes
	// TraceEntry is one step of the answer to "why?".
	TraceEntry = effects.TraceEntry
	// Decision is one judgement of a playbook on an input of a member.
	Decision = effects.Decision
	// Coupon is a coupon given to a member.
	Coupon = effects.Coupon
	// Ticket is an entry of a member for a raffle.
	Ticket = effects.Ticket
	// Referral says by whom a member was brought.
	Referral = effects.Referral
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

// The states of a run, and those of a delivery.
const (
	RunWaiting = effects.RunWaiting
	RunDone    = effects.RunDone
	RunExited  = effects.RunExited
	RunFailed  = effects.RunFailed
	RunHoldout = effects.RunHoldout

	DeliveryDeferred = effects.DeliveryDeferred
	DeliveryPending  = effects.DeliveryPending
	DeliverySent     = effects.DeliverySent
	DeliveryArchived = effects.DeliveryArchived
	DeliveryDropped  = effects.DeliveryDropped
)

// What an entry of a record says beside what a run did.
const (
	WhatRefused = effects.WhatRefused
	WhatEnded   = effects.WhatEnded
	WhatLevel   = effects.WhatLevel
	WhatError   = effects.WhatError
)

// SortRuns puts runs into the order in which a [State] has them.
func SortRuns(runs []*Run) { effects.SortRuns(runs) }

// AnswerID returns the id of the input that says what became of a delivery.
func AnswerID(key string) string { return input.AnswerID(key) }

// AnsweredDelivery returns the key of the delivery that the input is the answer of: see [input.AnsweredDelivery].
func AnsweredDelivery(in *Input) (key string, ok bool) { return input.AnsweredDelivery(in) }

// HandedBy returns the playbook, and its revision, whose run hands a message to an object: see [effects.HandedBy].
func HandedBy(in *Input) (playbook, revision string, is bool) { return effects.HandedBy(in) }
