package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// Pools shares what there is of pools among lanes, each of which grants from a block of its own.
type Pools interface {
	// Pools returns what the lane may grant of pools, by how much there is of each today.
	//
	//  1. What all lanes may grant together and what was issued before is never more than there is:
	//     blocks that were filled when there was more are cut. (Pools "obeys a lowered budget at
	//     once")
	//  2. What was issued without a budget counts. (Pools "a budget counts what was issued without
	//     one")
	//  3. It is Dry when no other lane and no budget has anything. (Pools "tells without a
	//     reservation that a pool is dry")
	Pools(ctx context.Context, lane int, asks []engine.Ask) (map[string]engine.PoolState, error)

	// Reserve fills the lane's blocks of pools, all at once: each with what is not reserved yet, N that
	// are needed, or Ahead where that is more.
	//
	//  1. When a block holds less than N all the same, the rest is reclaimed from the other lanes'
	//     blocks, largest first. It is Dry when it holds less even so: there is nothing more
	//     anywhere. (Pools "reserves up to the budget, then reclaims, then is dry")
	//  2. Nothing is reclaimed for what is only Ahead. (Pools "takes from no other lane what is only
	//     reserved ahead")
	Reserve(ctx context.Context, lane int, asks []engine.Ask) (map[string]engine.PoolState, error)

	// LoadCodes loads codes of a pool, to be given out in the order in which they are loaded. It returns of
	// each the pool that had it already, whether it was given out or not; empty: it is loaded now.
	//
	//  1. Pools and Reserve give them out in that order, each to one lane, and Commit takes those of its
	//     coupons: ErrStale, when one is the lane's no more. (Coupons "gives loaded codes out in their
	//     order, each once")
	//  2. A code is one coupon's, ever, whatever the pool. (Coupons "loads a code once, ever")
	//  3. What another lane holds and has not given is reclaimed when nothing else is left.
	//     (Coupons "reclaims loaded codes from other lanes")
	LoadCodes(ctx context.Context, pool string, codes []string) (had []string, err error)

	// CodesLeft returns how many codes of a pool are loaded and not given out.
	//
	//  1. Those are among them that lanes hold. (Coupons "gives loaded codes out in their order, each
	//     once")
	CodesLeft(ctx context.Context, pool string) (int, error)

	// Forget drops pools that are asked of no more since an instant or before.
	//
	//  1. What is asked of them all the same is Dry: nothing is granted twice. Other pools stay.
	//     (Pools "forgets pools whose time is over, and grants nothing more of them")
	Forget(ctx context.Context, over time.Time) error
}
