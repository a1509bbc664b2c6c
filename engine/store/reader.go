package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/tally"
)

// RunFilter selects runs; empty fields select all.
type RunFilter struct {
	Playbook, Member string
	State            engine.RunState
	Prefix           string // of the run's id
	Cursor           string // opaque, from the page before
	Limit            int
}

// RunRecord is a run with its whole trace.
type RunRecord struct {
	engine.Run
	Trace      []engine.TraceEntry
	Deliveries []Attempted
	Coupons    []CouponRecord
}

// DecisionFilter selects decisions; one of Playbook and Member at least.
type DecisionFilter struct {
	Playbook, Member string
	Cursor           string
	Limit            int
}

// CouponRecord is a coupon with its redemption.
type CouponRecord struct {
	engine.Coupon
	RedeemedAt   time.Time // zero: not yet
	RedemptionID string    // given by who redeemed
}

// TimelineItem is something that happened to a member; one of its fields behind At is set.
type TimelineItem struct {
	At       time.Time
	Event    *engine.Input
	Run      *engine.Run
	Decision *engine.Decision // a refusal; an entry is its run
	Coupon   *CouponRecord
	Ended    map[string]any // what the member had to an end: tags, points, coupons
	Level    map[string]any // what became of the level of the member, and why
	Message  map[string]any // what became of a message that a run of another subject handed over, and why
}

// PageReads is how many rows one page of a list reads at most, also when it shows few of them.
const PageReads = 5000

// Reader answers questions. A part that cannot be read is said to be so where it stands, and hides
// nothing else; a member that cannot be read is ErrDamaged. Lists are newest first and page by
// cursor: an empty next cursor is the end. A page that passes over much, because a filter selects
// little, may be short or empty and not be the last.
//
//  1. What is not there is ErrNotFound. (Reader "knows who is not there")
//  2. A page reads [PageReads] rows at most, and the next one goes on where it ended.
//     (Reader "gives a short page where it passes over much, and goes on")
//  3. The lists of one member, without another filter, pass over nothing: not over decisions that they
//     do not show, however many these are. (Reader "shows what a member has behind any number of
//     decisions that show nothing")
type Reader interface {
	Member(ctx context.Context, id string) (*engine.Member, error)
	// MemberCoupons lists the member's coupons, with their redemptions.
	//
	//  1. Each is on one page, also those of one decision. (Reader "pages over a member's coupons,
	//     newest first")
	MemberCoupons(ctx context.Context, id, cursor string, limit int) (coupons []CouponRecord, next string, err error)
	// MemberEvents lists the member's decided events, by their time.
	//
	//  1. Each is on one page. (Reader "pages over a member's events, newest first")
	MemberEvents(ctx context.Context, id, cursor string, limit int) (events []engine.Input, next string, err error)
	// Timeline merges a member's decided events, by their time, with runs, refusals, coupons, ends and
	// levels, as they were decided.
	//
	//  1. Pages of any size hold all of them in order.
	//     (Reader "merges a member's timeline, newest first, by page")
	//  2. They hold each of them once, whatever comes in between.
	//     (Reader "goes on with a timeline where it was, whatever came in between")
	//  3. What the member had to an end that has come is among them, and no decision of [Reader.Decisions].
	//     (Reader "shows what has ended of a member, and as no decision")
	//  4. So is what became of the level of the member.
	//     (Reader "shows what became of a member's level, and as no decision")
	//  5. So is a message that a run of another subject handed over.
	//     (Reader "shows messages that runs of others handed over")
	Timeline(ctx context.Context, member, cursor string, limit int) (items []TimelineItem, next string, err error)
	// MemberPending returns the member's deliveries that are pending, by NotBefore.
	//
	//  1. What was sent is not among them, nor what is another's.
	//     (Reader "lists what a member is still to be sent, soonest first")
	MemberPending(ctx context.Context, id string) ([]Attempted, error)
	// Run returns a run with all that it did.
	//
	//  1. Its trace, coupons and deliveries are as they were committed. (Reader "shows a run with
	//     all that it did")
	//  2. Effects that came later are among them. (Reader "shows effects that came later")
	Run(ctx context.Context, id string) (*RunRecord, error)
	// Runs lists runs.
	//
	//  1. Any filters together select. (Reader "pages over runs, newest first, by any filter")
	Runs(ctx context.Context, f RunFilter) (runs []engine.Run, next string, err error)
	// Decisions lists why members entered or did not.
	//
	//  1. An entry is among them as well as a refusal. (Reader "lists decisions, entered and
	//     refused, newest first")
	Decisions(ctx context.Context, f DecisionFilter) (decisions []engine.Decision, next string, err error)
	Coupon(ctx context.Context, code string) (CouponRecord, error)
	// Redeem marks the coupon as redeemed, and accepts the input that says so to its member:
	// [engine.RedemptionOf].
	//
	//  1. The same id again returns the same record; another id returns ErrConflict with the record
	//     as it is. (Coupons "redeems a coupon once")
	//  2. The input is accepted once, with it, and its instant is when the coupon was redeemed.
	//     (Coupons "a redemption is an input of the member")
	//  3. ErrExpired with the record when the coupon had expired by then; nothing is accepted.
	//     (Coupons "redeems nothing that has expired")
	Redeem(ctx context.Context, code, id string) (CouponRecord, error)
	// Stats sums up the tallies of a playbook's committed changes.
	//
	//  1. Of all commits, however many. (Reader "sums up the tallies of commits")
	//  2. Of one moment between commits, and of no earlier one than the call before. (Reader "stats are
	//     of one moment")
	Stats(ctx context.Context, playbook string) (*tally.Stats, error)
}
