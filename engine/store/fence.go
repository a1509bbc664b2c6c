package store

import (
	"context"
)

// Fence says whose a lane is: who drains it without asking is refused at the commit.
type Fence interface {
	// Claim makes the caller the lane's owner and returns the lane's new fence.
	//
	//  1. The fence rises, and the Commit of an earlier owner fails with ErrStale. (Commit "refuses
	//     an earlier owner of the lane, whole", Segments "a re-evaluation of an earlier owner is not
	//     stored")
	Claim(ctx context.Context, lane int) (fence int64, err error)
}
