package store

import (
	"context"
	"hash/fnv"
	"time"
)

// Shards is the number of shards that members are spread over. It is a property of the stored data.
const Shards = 4

// OldAfter is the age at which an undecided input says that its shard does not move. What is
// passing is over sooner: a burst is worked off in minutes, and what failed is tried again each
// second.
const OldAfter = 5 * time.Minute

// ShardOf returns the shard of a member.
func ShardOf(member string) int {
	h := fnv.New32a()
	h.Write([]byte(member))
	return int(h.Sum32() % Shards)
}

// Decider is what a worker needs to drain a shard.
type Decider interface {
	Fence
	Pending
	Loader
	Histories
	Committer
	Pools
	Holds
}

// Store is a database. It is the sum of the roles; a caller asks for the role it needs.
type Store interface {
	Intake
	Decider
	Outbox
	Jobs
	Registry
	Epochs
	Past
	Reader
	Failures
	// Ping reports whether the database answers.
	//
	//  1. An open one does. (Reader "answers")
	Ping(ctx context.Context) error
	Close() error
}
