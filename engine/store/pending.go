package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// Batch is what a lane owes.
type Batch struct {
	Fence  int64          // as Claim gave it
	Inputs []engine.Input // undecided, by Seq; at most the limit
	// Kept are those of Inputs, by Seq, that are not decided with the batch: their members go on, and what was
	// kept of them before comes first. Commit keeps them.
	Kept map[int64]bool
	// Due are members with a run whose DueAt, or with a Look whose At, is at or before Horizon; at
	// most the limit.
	Due []string
	// Horizon is at most now. No input that is not in Inputs has, or will have, an instant before
	// it, but for occurrences.
	Horizon   time.Time
	More      bool  // there is more than the limit
	Watermark int64 // all inputs of the lane up to here are decided
}

// Last returns up to where all inputs of the lane are decided once the batch is.
func (b *Batch) Last() int64 {
	if n := len(b.Inputs); n > 0 {
		return b.Inputs[n-1].Seq
	}
	return b.Watermark
}

// Size returns how many inputs and members who are due it has.
func (b *Batch) Size() int { return len(b.Inputs) + len(b.Due) }

// Undecided is what a lane has not decided.
type Undecided struct {
	// Accepted is when the oldest input was accepted, occurrences of schedules apart; zero: there
	// is none.
	Accepted time.Time
	// Occurrence is the Seq of the first input that an occurrence of a schedule made; 0: there is
	// none. Its instant says nothing of how long it waits: an occurrence may be made up for late,
	// and a large audience is decided over a while.
	Occurrence int64
}

// Depth is how much a lane has not decided.
type Depth struct {
	Inputs int // all undecided inputs
	Jobs   int // those of schedules and of triggers over HTTP, which jobs bring
}

// Pending says what is to be decided.
type Pending interface {
	// Pending returns what the lane owes, as of now.
	//
	//  1. Inputs are the undecided ones, in order, up to the limit.
	//     (Pending "gives a lane's undecided inputs in order, up to the limit")
	//  2. Due are the members with a wait or a re-evaluation that is due, up to the limit too.
	//     (Pending "gives the members whose waits are due", Pending "limits the due members too",
	//     Segments "a re-evaluation that is due is owed like a wait")
	//  3. Nothing that is accepted later is before the Horizon.
	//     (Pending "keeps its horizon: nothing accepted later is before it")
	//  4. The Horizon is neither beyond what was left behind nor beyond now.
	//     (Pending "gives no horizon beyond what was left behind, nor beyond now")
	Pending(ctx context.Context, lane int, now time.Time, limit int) (*Batch, error)

	// Ahead returns what the lane owes behind a batch that is decided and not stored yet, so that the
	// next one can be decided meanwhile. It waits for no writer: there may be more than it knows of.
	//
	//  1. Inputs and Horizon are what Pending gives once the batch is stored. Of Due there is nobody who
	//     is in Due of the batch. (Pending "gives ahead what is owed behind a batch that is not stored
	//     yet")
	Ahead(ctx context.Context, lane int, now time.Time, of *Batch, limit int) (*Batch, error)

	// Owed lists the lanes with undecided inputs, or with runs or re-evaluations that are due at now. It
	// also returns when the next is due; zero: none is.
	//
	//  1. It names all of them and no other.
	//     (Pending "tells which lanes owe something, and when the next wait is due")
	//  2. Events that a run emitted to its own member are decided, and owed by nobody.
	//     (Emitted "a lane with nothing but such events owes nothing")
	Owed(ctx context.Context, now time.Time) (lanes []int, next time.Time, err error)

	// DecidedUpTo reports whether all that comes before an instant is decided, on every lane, and nothing
	// comes before it any more but what a schedule makes up for. Members who are held are nobody then,
	// unless their trees are being built.
	//
	//  1. What is accepted later is not before it. (Pending "tells up to where all is decided")
	//  2. Inputs, waits, re-evaluations and open jobs from before it are undecided. (Pending "tells up
	//     to where all is decided")
	DecidedUpTo(ctx context.Context, before, now time.Time) (bool, error)

	// Undecided returns the first undecided input of each lane, by its number.
	//
	//  1. Occurrences of schedules are told apart. (Aside "tells the oldest undecided input of each
	//     lane")
	Undecided(ctx context.Context) (first []Undecided, err error)

	// Depths counts the undecided inputs of each lane, by its number.
	//
	//  1. They fall as inputs are decided. (Pending "counts what is undecided")
	Depths(ctx context.Context) (depths []Depth, err error)
}
