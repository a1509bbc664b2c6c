package store

import (
	"context"
	"time"
)

// Failure is something that was given up on.
type Failure struct {
	N      int64 // its number: later ones have larger numbers
	At     time.Time
	What   string // one of the Failed… words
	ID     string
	Member string // whom it is about; empty for counts and requests
	Error  string
	// Outcome is what somebody has made of it since, at SettledAt; empty: it is open.
	Outcome   FailureOutcome
	SettledAt time.Time
}

// What a failure may be about.
const (
	FailedInput        = "input"        // it could not be decided
	FailedWait         = "wait"         // of a run: it could not be decided
	FailedReevaluation = "reevaluation" // at the segments of a member: it could not be decided
	FailedRun          = "run"          // it failed by itself
	FailedDelivery     = "delivery"     // it was given up on
	FailedMember       = "member"       // is held
	FailedCounts       = "counts"       // could not be read
	FailedRequest      = "request"      // what it held, under its idempotency key, could not be read
)

// FailureOutcome is what became of a failure.
type FailureOutcome string

// The outcomes of a failure.
const (
	FailureRetried FailureOutcome = "retried"
	FailureDropped FailureOutcome = "dropped"
)

// FailureFilter selects failures.
type FailureFilter struct {
	Outcome  FailureOutcome // empty: those that are open
	What     string         // only of this; empty: of all
	Playbook string         // only of a run or a delivery of this playbook; empty: of all
	Since    time.Time      // only from then on
	Cursor   string
	Limit    int
}

// Settled is what became of a group of failures.
type Settled struct {
	Done []Failure
	Kept []Kept
	Next string // cursor of the next group; empty: there is none
}

// Kept is a failure that could not be settled, and why.
type Kept struct {
	Failure
	Reason string
}

// NotSettled says why a failure cannot be retried, or dropped. Nothing was changed.
type NotSettled struct{ Reason string }

func (e *NotSettled) Error() string { return e.Reason }

// Failures are what was given up on, and what becomes of it.
type Failures interface {
	// Failures lists inputs that were set aside, runs that failed and deliveries that were
	// archived, newest first.
	//
	//  1. Whatever was set aside is listed with what it is. (Aside "lists inputs, waits and re-evaluations
	//     that were set aside", Reader "lists what was set aside, newest first")
	//  2. A run is listed once. (Reader "lists runs that failed, once")
	//  3. The filter selects by outcome, kind, playbook and time.
	//     (Failures "selects by kind, playbook and time")
	Failures(ctx context.Context, f FailureFilter) (list []Failure, next string, err error)

	// Retry puts what failed back, as of now. It is ErrNotFound, or [*NotSettled] when it cannot be
	// put back, or was settled before.
	//
	//  1. An input is undecided again, under its id, accepted now, as the kind that it was.
	//     (Failures "puts an input back as what it was")
	//  2. A delivery is pending again, with all its attempts before it; its run tells of it. Its release
	//     was long ago, and another one after each retry. (Failures "puts a delivery back")
	//  3. A member goes on that can be read, and no other.
	//     (Failures "lets a member go on who can be read, and no other")
	//  4. What has ended is not begun again: a run, a wait, a re-evaluation, a result
	//     for a run that is over.
	//     (Failures "puts nothing back that has ended")
	Retry(ctx context.Context, n int64, now time.Time) (Failure, error)

	// Drop takes a failure from the list of what is open. It is ErrNotFound, or [*NotSettled] when
	// it was settled before, or is about a member who is held.
	//
	//  1. It is kept under its outcome, and what it is about stays as it is.
	//     (Failures "drops with a trace")
	//  2. A delivery is dropped, and its run tells of it. (Failures "drops a delivery")
	//  3. So is the message that an input was to release again: its run learns that it failed, by an
	//     input. (Failures "drops the message of a release with it")
	Drop(ctx context.Context, n int64, now time.Time) (Failure, error)

	// RetryAll is Retry for the open failures that a filter selects, up to its Limit.
	//
	//  1. The oldest is first, so that a member's inputs keep their order; what cannot be put back is
	//     told and stays. (Failures "settles many, oldest first, group by group")
	RetryAll(ctx context.Context, f FailureFilter, now time.Time) (Settled, error)

	// DropAll is Drop for the open failures that a filter selects, up to its Limit.
	//
	//  1. It goes by the same order. (Failures "settles many, oldest first, group by group")
	DropAll(ctx context.Context, f FailureFilter, now time.Time) (Settled, error)
}
