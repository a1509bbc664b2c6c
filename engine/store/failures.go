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
	FailedInput    = "input"    // it could not be decided
	FailedWait     = "wait"     // of a run: it could not be decided
	FailedLook     = "look"     // at the segments of a member: it could not be decided
	FailedRun      = "run"      // it failed by itself
	FailedDelivery = "delivery" // it was given up on
	FailedMember   = "member"   // is held
	FailedCounts   = "counts"   // could not be read
	FailedRequest  = "request"  // what it held, under its idempotency key, could not be read
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
	Outcome FailureOutcome // empty: those that are open
	Cursor  string
	Limit   int
}

// NotSettled says why a failure cannot be retried, or dropped. Nothing was changed.
type NotSettled struct{ Reason string }

func (e *NotSettled) Error() string { return e.Reason }

// Failures are what was given up on, and what becomes of it.
type Failures interface {
	// Failures lists inputs that were set aside, runs that failed and deliveries that were
	// archived, newest first.
	//
	//  1. Whatever was set aside is listed with what it is. (Aside "lists inputs, waits and looks
	//     that were set aside", Reader "lists what was set aside, newest first")
	//  2. A run is listed once. (Reader "lists runs that failed, once")
	Failures(ctx context.Context, f FailureFilter) (list []Failure, next string, err error)

	// Retry puts what failed back, as of now. It is ErrNotFound, or [*NotSettled] when it cannot be
	// put back, or was settled before.
	//
	//  1. An input is undecided again, under its id, accepted now, as the kind that it was.
	//     (Failures "puts an input back as what it was")
	//  2. A delivery is pending again, with all its attempts before it; its run tells of it.
	//     (Failures "puts a delivery back")
	//  3. A member goes on that can be read, and no other.
	//     (Failures "lets a member go on who can be read, and no other")
	//  4. What has ended is not begun again: a run, a wait, a look, a result for a run that is over.
	//     (Failures "puts nothing back that has ended")
	Retry(ctx context.Context, n int64, now time.Time) (Failure, error)

	// Drop takes a failure from the list of what is open. It is ErrNotFound, or [*NotSettled] when
	// it was settled before, or is about a member who is held.
	//
	//  1. It is kept under its outcome, and what it is about stays as it is.
	//     (Failures "drops with a trace")
	//  2. A delivery is dropped, and its run tells of it. (Failures "drops a delivery")
	Drop(ctx context.Context, n int64, now time.Time) (Failure, error)
}
