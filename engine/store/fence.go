package store

import (
	"context"
)

// Fence says whose a shard is: who drains it without asking is refused at the commit.
type Fence interface {
	// Claim makes the caller the shard's owner and returns the shard's new epoch.
	//
	//  1. The epoch rises, and the Commit of an earlier owner fails with ErrStale. (Commit "refuses
	//     an earlier owner of the shard, whole", Segments "a look of an earlier owner is not
	//     stored")
	Claim(ctx context.Context, shard int) (epoch int64, err error)
}
