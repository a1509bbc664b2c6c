package engine

import (
	"cmp"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/tree"
)

// What package history keeps, for who stores it.
type (
	// Archive is the stored part of a long history.
	Archive = history.Archive
	// Happened is a decided event as a history keeps it.
	Happened = history.Event
	// TreeChange is what has changed of a tree over a member's events.
	TreeChange = history.TreeChange
	// TreeNode is a node of a tree as it is stored.
	TreeNode = tree.Node
	// Unreadable is the error of a decision that would need what cannot be read.
	Unreadable = history.Unreadable
	// Unavailable is the error of a decision that could not read what is stored.
	Unavailable = history.Unavailable
)

// LongFrom is how many events of a name a store gives as a list; more are asked for by an archive.
const LongFrom = history.LongFrom

// RootLevel is the level under which the place of a tree's first node is stored.
const RootLevel = tree.RootLevel

// UnreadableEvent says that an event of a member's history cannot be read.
func UnreadableEvent(id string, err error) *Unreadable { return history.UnreadableEvent(id, err) }

// Happened returns what a history keeps of an event.
func (in *Input) Happened() Happened {
	e := Happened{ID: in.ID, Time: in.Time, At: in.At, Place: in.place()}
	if in.Payload != nil {
		e.Properties = in.Properties
	} else {
		e.Data = in.Data
	}
	return e
}

// CompareEvents orders the events of a history: by time, and of the same time as they were decided.
// What a run emitted to its own member was decided after the input that caused it, however late the
// store numbered it.
func CompareEvents(a, b *Input) int {
	return cmp.Or(a.Time.Compare(b.Time), a.At.Compare(b.At), cmp.Compare(a.place(), b.place()), cmp.Compare(a.Seq, b.Seq))
}

// place is the Seq of the input with which an event was decided: its own, or of the one that caused
// it.
func (in *Input) place() int64 {
	if in.Cause != 0 {
		return in.Cause
	}
	return in.Seq
}
