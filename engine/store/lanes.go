package store

import (
	"fmt"
	"slices"
)

// Lane is a range of the subjects' hash, from First to Last. Order is kept among the inputs of the
// subjects that it holds, and one owner at a time decides them.
type Lane struct{ First, Last int64 }

// Lanes are the lanes of a database. The number of a lane is its place in the list. Their ranges
// follow each other and hold every hash. They are a property of the stored data.
type Lanes []Lane

// lastHash is the largest that HashOf returns.
const lastHash = 1<<31 - 1

// SplitLanes returns n lanes of one size. n is at least 1.
func SplitLanes(n int) Lanes {
	l := make(Lanes, n)
	for i := range l {
		l[i] = Lane{First: (lastHash + 1) * int64(i) / int64(n), Last: (lastHash+1)*int64(i+1)/int64(n) - 1}
	}
	return l
}

// Split cuts the range into n parts of one size at most, which follow each other.
func (l Lane) Split(n int64) (parts []Lane) {
	size := (l.Last-l.First)/n + 1
	for first := l.First; first <= l.Last; first += size {
		parts = append(parts, Lane{First: first, Last: min(first+size-1, l.Last)})
	}
	return parts
}

// Of returns the number of the lane that holds a hash.
func (l Lanes) Of(hash int64) int {
	n, _ := slices.BinarySearchFunc(l, hash, func(lane Lane, hash int64) int { return int(lane.Last - hash) })
	return n
}

// OfMember returns the number of the lane that holds a member.
func (l Lanes) OfMember(member string) int { return l.Of(HashOf(SubjectMember, member)) }

// Check returns why the ranges do not hold every hash once.
func (l Lanes) Check() error {
	next := int64(0)
	for n, lane := range l {
		if lane.First != next || lane.Last < lane.First {
			return fmt.Errorf("lane %d holds the hashes from %d to %d, and should begin at %d", n, lane.First, lane.Last, next)
		}
		next = lane.Last + 1
	}
	if next != lastHash+1 {
		return fmt.Errorf("the %d lanes hold the hashes up to %d, and not up to %d", len(l), next-1, lastHash)
	}
	return nil
}

// Spread says how subjects are spread over lanes.
type Spread interface {
	// Lanes returns the lanes of the database. They are read when it is opened; the list is not to be
	// changed.
	//
	//  1. There is at least one, and they hold every hash once. (Lanes "hold every hash once")
	//  2. What comes for a subject is owed by the lane that holds it, and by no other. (Lanes "owe what
	//     comes for the subjects that they hold")
	Lanes() Lanes
}
