package store

import (
	"context"

	"github.com/usher-run/usher/engine"
)

// Intake takes inputs in.
type Intake interface {
	// Accept stores the inputs in one group with others that wait, all or none, and returns after
	// the commit. What it has answered is never undone, not even by a power cut.
	//
	//  1. It sets Seq, and At: the instant of acceptance in milliseconds.
	//     (Intake "gives each input a seq and its instant")
	//  2. Both rise together, whoever calls.
	//     (Intake "gives instants and seqs that rise together, whatever the number of callers")
	//  3. An input of kind schedule keeps its At. (Intake "keeps the instant of an occurrence")
	//  4. A Time that is zero or after At becomes At.
	//     (Intake "takes a time that is missing or in the future for the acceptance")
	//  5. An input whose ID is known already is not stored. Its receipt says so. Ids of each Kind
	//     are among themselves. (Intake "accepts an id once, ever",
	//     Intake "takes the id of one kind for no other's")
	//  6. The receipt says also whether its content [Differs] from what was stored.
	//     (Intake "reports whether what comes again under an id has other content")
	//  7. What is stored comes back as it was. (Intake "keeps every field", Intake "takes encoded
	//     data as it is")
	//  8. Instants come from the clock that the store was opened with, and are not ahead of it. They
	//     never go back, and go on, whatever is done to the machine's clock.
	//     (Intake "gives instants by the clock: never back, never ahead of it")
	//
	//  9. An event that belongs to objects is stored for each of them, too, under its one id: with
	//     the event, or not at all. (Intake "stores an event for its objects with it, once")
	//
	// While the clock is held nothing is written, here and in every other role: the error is
	// ErrUnavailable.
	Accept(ctx context.Context, inputs []engine.Input) ([]Receipt, error)

	// Take is Accept for who need not know what the inputs were given. When there is an error, they
	// may have been stored all the same: they are taken again under their ids.
	//
	//  1. They are as durable as accepted ones, and in the same order.
	//     (Take "stores like Accept, in the order of the calls",
	//     Take "accepts after all that was taken before, however much it is")
	//  2. An ID is known to both. (Take "takes an id once, ever, whichever way it came",
	//     Take "takes an id once from many callers")
	//  3. The answer says what Accept's says of content.
	//     (Take "reports whether what comes again under an id has other content")
	//  4. Pending, Owed and Depths know of the inputs when it returns.
	//     (Take "is known to whoever asks what is undecided")
	//  5. No input comes in behind a horizon that Pending has given.
	//     (Take "no input is older than the horizon that was given before it")
	//  6. Nothing is nothing. (Take "takes nothing")
	Take(ctx context.Context, inputs []engine.Input) ([]Known, error)

	// Remember stores what a request holds under a key that its sender chose. It is on the disk
	// when Remember returns.
	//
	//  1. The first content stays, and Remember reports whether this is the same.
	//     (Intake "remembers what a request held")
	//
	// Content that cannot be read any more is replaced, counts as the same, and is listed among the
	// failures.
	Remember(ctx context.Context, key string, content []byte) (same bool, err error)
}

// Known says whether an input's ID was known already.
type Known struct {
	Duplicate bool // it was
	Differs   bool // and stands for other content: see [Differs]
}

// Receipt is the answer to one input.
type Receipt struct {
	Known
	Seq int64
}
