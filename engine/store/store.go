package store

import (
	"context"
	"hash/fnv"
	"time"
)

// Lanes is the number of lanes that members are spread over. It is a property of the stored data.
const Lanes = 4

// OldAfter is the age at which an undecided input says that its lane does not move. What is
// passing is over sooner: a burst is worked off in minutes, and what failed is tried again each
// second.
const OldAfter = 5 * time.Minute

// LaneOf returns the lane of a member.
func LaneOf(member string) int {
	h := fnv.New32a()
	h.Write([]byte(member))
	return int(h.Sum32() % Lanes)
}

// Decider is what a worker needs to drain a lane.
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
