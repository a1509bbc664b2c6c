package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// Holds lets go on what was stopped for a while: members of whom something cannot be read, or whose
// trees are being built, and runs that are parked.
type Holds interface {
	// Held lists the members that are held, with what of them cannot be read, or that trees are built.
	//
	//  1. Each is listed once. (Aside "holds a member with their inputs, waits and re-evaluations, and lets
	//     them go on")
	Held(ctx context.Context) ([]engine.Held, error)

	// Release lets those members go on of whom everything can be read again, and names them. One of whom
	// something cannot be read is looked at again after a minute, later after an hour: there first.
	//
	//  1. Their inputs are undecided again, in their order, accepted now.
	//     (Aside "holds a member with their inputs, waits and re-evaluations, and lets them go on")
	//  2. Of many inputs a part is, and with its decision the next one. Nothing of the member is decided out of
	//     order meanwhile, and no transaction is large. (Aside "lets a member go on in parts, in the order of
	//     their inputs")
	//  3. A member may come to be held again meanwhile. (Aside "holds a member again who goes on")
	Release(ctx context.Context) (members []string, err error)

	// HoldToBuild holds a member while trees over their events are built, for who is not deciding: whoever
	// decides the lane looks again. It returns up to which input of the lane is decided. A member who is
	// held to build stays so.
	//
	//  1. No batch is committed that was read before, and inputs are kept as of those that a Commit holds.
	//     (Trees "holds a member to build for who is not deciding")
	//  2. ErrStale, when they are held for something else. (Trees "holds a member to build for who is not
	//     deciding")
	HoldToBuild(ctx context.Context, member, why string) (watermark int64, err error)

	// BuildTrees stores parts of trees over the events of a member who is held while they are built.
	// With the last part the member goes on: their inputs are undecided again, in their order and
	// accepted as they were, as by Release a part of them after the other.
	//
	//  1. Of anybody else nothing is stored: it is ErrStale. (Trees "builds them while their member is
	//     held, and of nobody else")
	//  2. Nobody but BuildTrees lets such a member go on, and no failure lists them. (Trees "builds them
	//     while their member is held, and of nobody else")
	BuildTrees(ctx context.Context, member string, trees []engine.TreeChange, last bool) error

	// Unpark makes the waits of parked runs due at once.
	//
	//  1. Parked are those that wait and have a Reason. (Aside "makes parked runs due, and no
	//     others")
	Unpark(ctx context.Context, now time.Time) error
}
