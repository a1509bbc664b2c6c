package input

import (
	"cmp"

	"github.com/usher-run/usher/engine/history"
)

// Happened returns what a history keeps of an event.
func (in *Input) Happened() history.Event {
	e := history.Event{ID: in.ID, Time: in.Time, At: in.At, Place: in.place()}
	if in.Payload != nil {
		e.Properties = in.Properties
	} else {
		e.Data = in.Data
	}
	return e
}

// Compare orders the events of a history: by time, and of the same time as they were decided.
// What a run emitted to its own member was decided after the input that caused it, however late the
// store numbered it.
func Compare(a, b *Input) int {
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
