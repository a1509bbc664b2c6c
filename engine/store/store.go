// Package store says what usher asks of a database. The drivers are in its sub-packages; storetest is the list of promises
// that each of them passes. No rule of the engine is in a driver, and no SQL dialect outside one.
package store

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/usher-run/usher/engine"
)

// Shards is the number of shards that members are spread over. It is a property of the stored data.
const Shards = 4

// Lanes is the number of lanes that a channel's deliveries are spread over by their key.
const Lanes = 4

// OldAfter is the age at which an undecided input says that its shard does not move. What is passing is over sooner: a burst is
// worked off in minutes, a lease is given up after half a minute, and what failed is tried again each second.
const OldAfter = 5 * time.Minute

// ShardOf gives the shard of a member.
func ShardOf(member string) int {
	h := fnv.New32a()
	h.Write([]byte(member))
	return int(h.Sum32() % Shards)
}

// LaneOf gives the lane of a delivery.
func LaneOf(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % Lanes)
}

var (
	// ErrNotFound says that there is nothing under that name.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that the database takes nothing at present, because its disk is full, it is busy or it is being closed: it may
	// be asked again later. A driver tells in its own way that it will never take anything again.
	ErrUnavailable = errors.New("the database takes nothing at present")
	// ErrStale says that the batch was decided on a state that has changed since: another worker took the shard, or a coupon block
	// was reclaimed. Nothing was committed; load again and decide again.
	ErrStale = errors.New("decided on a state that has changed since")
	// ErrDamaged says that something is stored that cannot be read any more, as after a fault of the disk. It concerns nothing else.
	ErrDamaged = errors.New("what is stored cannot be read")
	// ErrCursor says that a cursor is none that a list gave.
	ErrCursor = errors.New("not a cursor that a list gave")
	// ErrConflict says that the coupon was redeemed by another request.
	ErrConflict = errors.New("conflict")
)

// Unstorable says that a batch holds what the database refuses, or what JSON cannot hold: it is the content, and trying again is of
// no use. Every other error of Commit is passing: the database was busy, the disk full, the state has changed.
type Unstorable struct {
	Member string // whose changes they are; empty when nobody can tell
	Err    error
}

func (e *Unstorable) Error() string { return "it cannot be stored: " + e.Err.Error() }

// Unwrap gives what the database said.
func (e *Unstorable) Unwrap() error { return e.Err }

// Intake takes inputs in.
type Intake interface {
	// Accept stores the inputs in one group with others that wait, and returns after the commit. It sets Seq and, for all
	// kinds but schedule, At: the instant of acceptance in milliseconds, never before an earlier one. A Time that is zero
	// or after At becomes At. An input whose ID is known already is not stored: its receipt says so, and whether its content
	// [Differs] from what was stored. All or none.
	Accept(ctx context.Context, inputs []engine.Input) ([]Receipt, error)
	// Take is Accept for who need not know what the inputs were given: it tells only which of them were known already. They are
	// as durable and in the same order, and Pending, Owed and Backlog know of them when it returns. Nothing stays of the
	// inputs when there is an error, but that they may have been stored all the same: they are taken again under their ids.
	Take(ctx context.Context, inputs []engine.Input) ([]Known, error)
	// Remember stores what a request holds under a key that its sender chose, once, and reports whether it is the same: false when
	// the key stands for other content. It is on the disk when Remember returns.
	Remember(ctx context.Context, key string, content []byte) (same bool, err error)
}

// Known says whether an input's ID was known already.
type Known struct {
	Duplicate bool // it was
	Differs   bool // and stands for other content: see [Differs]
}

// Receipt is the answer to one input.
type Receipt struct {
	Known
	Seq int64
}

// Batch is what a shard owes.
type Batch struct {
	Epoch     int64          // as Claim gave it
	Inputs    []engine.Input // undecided, by Seq; at most the limit
	Due       []string       // members with a run whose DueAt, or with a Look whose At, is at or before Horizon; at most the limit
	Horizon   time.Time      // no input that is not in Inputs has, or will have, an instant before this (but for occurrences); at most now
	More      bool           // there is more than the limit
	Watermark int64          // all inputs of the shard up to here are decided
}

// Undecided is what a shard has not decided.
type Undecided struct {
	Accepted time.Time // when the oldest input was accepted, occurrences of schedules apart; zero: there is none
	// Occurrence is the Seq of the first input that an occurrence of a schedule made; 0: there is none. Its instant says nothing of
	// how long it waits: an occurrence may be made up for late, and a large audience is decided over a while.
	Occurrence int64
}

// HistoryQuery asks for the events of a name since a time (zero: all).
type HistoryQuery struct {
	Event string
	Since time.Time
}

// Decider is what a worker needs to drain a shard.
type Decider interface {
	// Claim makes the caller the shard's owner: it raises the epoch. An earlier owner's Commit fails with ErrStale.
	Claim(ctx context.Context, shard int) (epoch int64, err error)
	// Pending gives what the shard owes, as of now.
	Pending(ctx context.Context, shard int, now time.Time, limit int) (*Batch, error)
	// States loads members with their open runs (by start, then playbook; Trace empty) and, besides, the runs with these ids,
	// by member id. A member not seen before has a State whose Member is nil. One of whom something cannot be read, or who is held for
	// that, has a State that is Unreadable.
	States(ctx context.Context, members, runs []string) (map[string]*engine.State, error)
	// History loads events of the members that are decided already (Seq up to watermark), by time then Seq, by member id.
	History(ctx context.Context, members []string, queries []HistoryQuery, watermark int64) (map[string][]engine.Input, error)
	// Commit stores what a batch did and raises the shard's watermark, all or nothing. ErrStale when the epoch is not the
	// shard's, or a block holds less than was taken of it; *Unstorable when what it holds is refused. A run that exits takes its deferred deliveries with it: those never
	// tried whose NotBefore is after its end. The inputs of a member that is held are kept, and Pending and Owed do not know of that member
	// until Release. A poisoned input stays out of the history; a poisoned wait fails its run, and so does
	// a poisoned result that its run holds for.
	// The death of the process undoes nothing; a power cut may undo a commit together with all that came after it, because it
	// would be decided again to the same ids and keys. What Accept and Take have answered is never undone.
	Commit(ctx context.Context, shard int, epoch, watermark int64, c *engine.Changes) error
	// Try tells whether Commit would store the changes, and stores nothing. The error is that of Commit; it does not look at the
	// epoch, the watermark and the blocks of coupons.
	Try(ctx context.Context, shard int, c *engine.Changes) error
	// Pools gives what the shard may grant of pools, by today's budgets. What all shards may grant together and what was issued
	// before, with a budget or without, is never more than the budget: blocks that were filled under a larger one are cut.
	Pools(ctx context.Context, shard int, budgets map[string]int) (map[string]engine.PoolState, error)
	// Reserve moves up to n coupons of the pool's budget into the shard's block. When the block holds less than n all the
	// same, the rest is reclaimed from the other shards' blocks, largest first. Dry, when it holds less even so: there is
	// nothing more anywhere.
	Reserve(ctx context.Context, shard int, pool string, budget, n int) (engine.PoolState, error)
	// Held lists the members that are held, with what of them cannot be read.
	Held(ctx context.Context) ([]engine.Held, error)
	// Release lets those members go on of whom everything can be read again, and names them. Their inputs are undecided again, in their
	// order, accepted now.
	Release(ctx context.Context) (members []string, err error)
	// Unpark makes the waits of parked runs due at once: of those that wait and have a Reason.
	Unpark(ctx context.Context, now time.Time) error
	// Undecided gives the first undecided input of each shard.
	Undecided(ctx context.Context) (first [Shards]Undecided, err error)
	// Owed lists the shards with undecided inputs, or with runs or looks that are due at now, and when the next is due (zero: none).
	Owed(ctx context.Context, now time.Time) (shards []int, next time.Time, err error)
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending  DeliveryState = "pending"
	DeliverySent     DeliveryState = "sent"
	DeliveryArchived DeliveryState = "archived" // given up on; kept with its last error
	DeliveryDropped  DeliveryState = "dropped"  // not sent after all: its run exited before, or a second look said so
)

// Attempted is a delivery with its past.
type Attempted struct {
	engine.Delivery
	State    DeliveryState
	Attempts int
	Error    string // of the last attempt
	SettleAt time.Time
	// Unreadable says why the message cannot be read; empty: it can.
	Unreadable string
}

// Outcome is what became of an attempt.
type Outcome struct {
	Key       string
	State     DeliveryState // pending: try again at NotBefore
	Error     string
	NotBefore time.Time
	At        time.Time
	Result    *engine.Input // stored in the inbox in the same commit when the delivery's run is still open; ID unique
}

// Outbox is what the delivery worker needs.
type Outbox interface {
	// Deliveries gives pending deliveries of a channel's lane with NotBefore at or before now, oldest first.
	Deliveries(ctx context.Context, channel string, lane int, now time.Time, limit int) ([]Attempted, error)
	// Settle stores the outcomes of attempts, in one commit. What is not pending any more is left as it is. Pending without
	// an Error was put off, and does not count as an attempt.
	Settle(ctx context.Context, outcomes []Outcome) error
	// OwedDeliveries lists the channel lanes with pending deliveries that are due, and when the next is due (zero: none).
	OwedDeliveries(ctx context.Context, now time.Time) (lanes []ChannelLane, next time.Time, err error)
}

// ChannelLane is a lane of a channel.
type ChannelLane struct {
	Channel string
	Lane    int
}

// Occurrence is one firing of a playbook's schedule.
type Occurrence struct {
	Playbook string // or engine.SegmentsLook
	At       time.Time
	Cursor   string // members up to here were fanned out to
	Done     bool
}

// Schedules is what the scheduler needs.
type Schedules interface {
	// LastOccurrence gives the newest recorded occurrence of the playbook; ErrNotFound when there is none.
	LastOccurrence(ctx context.Context, playbook string) (Occurrence, error)
	// RecordOccurrence stores an occurrence; false when another did already. One that is Done fans out to nobody.
	RecordOccurrence(ctx context.Context, o Occurrence) (bool, error)
	// OpenOccurrences lists those that are not done, oldest first.
	OpenOccurrences(ctx context.Context) ([]Occurrence, error)
	// FanOut accepts inputs of an occurrence and moves its cursor, in one commit. Inputs known already are skipped.
	FanOut(ctx context.Context, o Occurrence, inputs []engine.Input) error
	// Backlog gives how many inputs of the kind are undecided.
	Backlog(ctx context.Context, kind engine.InputKind) (int, error)
	// MembersAfter pages over all members by id. One that cannot be read has nothing but the id, and says why in Unreadable.
	MembersAfter(ctx context.Context, cursor string, limit int) ([]*engine.Member, error)
}

// Bundle is a workspace as stored: every file, under a hash of them all.
type Bundle struct {
	Hash  string
	Files map[string][]byte
}

// Registry holds workspaces, revisions and pauses.
type Registry interface {
	// Activate makes the bundle the active workspace and records which revision of which playbook (by its id) it holds, all or
	// nothing.
	Activate(ctx context.Context, b Bundle, revisions map[string]string, now time.Time) error
	// Active gives the hash of the active workspace and the playbooks paused over HTTP; ErrNotFound before the first Activate.
	Active(ctx context.Context) (hash string, paused map[string]bool, err error)
	// Bundle gives a stored workspace by its hash.
	Bundle(ctx context.Context, hash string) (Bundle, error)
	// BundleOf gives the hash of a workspace that holds the revision.
	BundleOf(ctx context.Context, revision string) (hash string, err error)
	// SetPaused pauses a playbook, or lets it go on. It outlives Activate.
	SetPaused(ctx context.Context, playbook string, paused bool, now time.Time) error
	// WatchSegments makes these the segments whose members' coming and going is watched, by name with their definition, and tells
	// since when each is. One that is watched with the same definition goes on; any other begins at now, and so does an
	// occurrence of engine.SegmentsLook.
	WatchSegments(ctx context.Context, segments map[string]string, now time.Time) (since map[string]time.Time, err error)
	// Secret gives the workspace secret that ids and coupon codes are keyed with: made at random once, kept for ever.
	Secret(ctx context.Context) ([]byte, error)
}

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
	RedemptionID string    // given by who redeemed; the same again is the same answer
}

// TimelineItem is something that happened to a member; one of its fields behind At is set.
type TimelineItem struct {
	At       time.Time
	Event    *engine.Input
	Run      *engine.Run
	Decision *engine.Decision // a refusal; an entry is its run
	Coupon   *CouponRecord
}

// Reader answers questions. A part that cannot be read is said to be so where it stands, and hides nothing else; a member that cannot
// be read is ErrDamaged. Lists are newest first and page by cursor: an empty next cursor is the end.
type Reader interface {
	Member(ctx context.Context, id string) (*engine.Member, error)
	MemberCoupons(ctx context.Context, id, cursor string, limit int) (coupons []CouponRecord, next string, err error)
	MemberEvents(ctx context.Context, id, cursor string, limit int) (events []engine.Input, next string, err error)
	// Timeline merges a member's decided events, runs, refusals and coupons. Its pages hold each of them once, whatever comes in between.
	Timeline(ctx context.Context, member, cursor string, limit int) (items []TimelineItem, next string, err error)
	// MemberPending gives the member's deliveries that are pending, by NotBefore.
	MemberPending(ctx context.Context, id string) ([]Attempted, error)
	Run(ctx context.Context, id string) (*RunRecord, error)
	Runs(ctx context.Context, f RunFilter) (runs []engine.Run, next string, err error)
	Decisions(ctx context.Context, f DecisionFilter) (decisions []engine.Decision, next string, err error)
	Coupon(ctx context.Context, code string) (CouponRecord, error)
	// Redeem marks the coupon as redeemed. The same id again gives the same record; another id gives ErrConflict with the
	// record as it is. Expiry is the caller's rule.
	Redeem(ctx context.Context, code, id string, now time.Time) (CouponRecord, error)
	// Stats sums up the tallies of a playbook's committed changes.
	Stats(ctx context.Context, playbook string) (*engine.Stats, error)
	// Failures lists inputs that were set aside, runs that failed and deliveries that were archived.
	Failures(ctx context.Context, cursor string, limit int) (list []Failure, next string, err error)
}

// Failure is something that was given up on.
type Failure struct {
	N      int64 // its number: later ones have larger numbers
	At     time.Time
	What   string // input, wait, look, run, delivery, member, counts
	ID     string
	Member string // whom it is about; empty for counts
	Error  string
}

// Store is a database. It is the sum of the roles above; a caller asks for the role it needs.
type Store interface {
	Intake
	Decider
	Outbox
	Schedules
	Registry
	Reader
	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}
