package store

import (
	"time"

	"github.com/usher-run/usher/engine"
)

// Identity is what an input is known by. Ids of each kind are among themselves: what a client sends
// as the id of an event is in nobody's way.
type Identity struct {
	Kind engine.InputKind // that it was accepted as
	ID   string
}

// IdentityOf returns what an input is known by that is to be accepted.
func IdentityOf(in *engine.Input) Identity { return Identity{in.Kind, in.ID} }

// KnownAs says of an input that it came again, under the identity of the first.
func KnownAs(first, again *engine.Input) Known {
	return Known{Duplicate: true, Differs: Differs(*first, *again)}
}

// AssignInstant sets the instant of an input, and a time that is not after it.
func AssignInstant(in *engine.Input, at time.Time) {
	in.At = at
	if in.Time.IsZero() || in.Time.After(at) {
		in.Time = at
	}
	in.Time = in.Time.UTC().Truncate(time.Millisecond)
}
