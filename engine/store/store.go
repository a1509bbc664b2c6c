package store

import (
	"context"
	"time"
)

// OldAfter is the age at which an undecided input says that its lane does not move. What is
// passing is over sooner: a burst is worked off in minutes, and what failed is tried again each
// second.
const OldAfter = 5 * time.Minute

// Decider is what a worker needs to drain a lane.
type Decider interface {
	Spread
	Fence
	Pending
	Loader
	Histories
	Committer
	Pools
	Raffles
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
	Directory
	Failures
	// Ping reports whether the database answers.
	//
	//  1. An open one does. (Reader "answers")
	Ping(ctx context.Context) error
	Close() error
}
