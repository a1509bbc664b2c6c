package store

import (
	"context"

	"github.com/usher-run/usher/engine"
)

// Pools shares the coupons of a budget among lanes, each of which grants from a block of its own.
type Pools interface {
	// Pools returns what the lane may grant of pools, by today's budgets.
	//
	//  1. What all lanes may grant together and what was issued before is never more than the
	//     budget: blocks that were filled under a larger one are cut. (Pools "obeys a lowered
	//     budget at once")
	//  2. What was issued without a budget counts. (Pools "a budget counts what was issued without
	//     one")
	Pools(ctx context.Context, lane int, budgets map[string]int) (map[string]engine.PoolState, error)

	// Reserve moves up to n coupons of the pool's budget into the lane's block.
	//
	//  1. When the block holds less than n all the same, the rest is reclaimed from the other
	//     lanes' blocks, largest first. It is Dry when it holds less even so: there is nothing
	//     more anywhere. (Pools "reserves up to the budget, then reclaims, then is dry")
	Reserve(ctx context.Context, lane int, pool string, budget, n int) (engine.PoolState, error)
}
