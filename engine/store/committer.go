package store

import (
	"context"

	"github.com/usher-run/usher/engine"
)

// Committer stores what was decided.
type Committer interface {
	// Commit stores what a batch did and raises the lane's watermark.
	//
	//  1. It is all or nothing. (Commit "stores all or nothing")
	//  2. ErrStale, when the fence is not the lane's. (Commit "refuses an earlier owner of the
	//     lane, whole", Aside "a stale batch is not refused for its content")
	//     It is so, too, when the epoch of the changes is over. (Epochs "refuses what was decided under
	//     an epoch that is over")
	//  3. ErrStale, when a block of coupons holds less than was taken of it.
	//     (Pools "grants no more than a block holds")
	//  4. [*Unstorable], when what the batch holds is refused.
	//     (Aside "says by its type that content is refused, whose it is, and stores nothing of it")
	//  5. The watermark never falls. (Commit "never lowers the watermark")
	//  6. A run that is not Changed stays as it is, its trace only grows, and a conversion is never
	//     lost. (Commit "appends to the trace, and keeps what it is not told to change", Commit
	//     "never loses a conversion")
	//  7. A release is obeyed when the delivery is deferred, and only then. One that goes out keeps
	//     its place in the queue, and its past. (Commit "releases, puts off and drops messages that
	//     were put off", Outbox "keeps the place and the last error of what was tried, put off and
	//     released again")
	//  8. A delivery is stored once under its key. (Outbox "keeps a key once, ever")
	//  9. An event emitted to another member is accepted with the commit, once under its id.
	//     (Emitted "an event emitted to another member is accepted once, with the commit",
	//     Emitted "a neighbour of the same lane is owed too")
	//  10. A poisoned input stays out of the history. (History "holds events only, and none that
	//     was set aside")
	//  11. A poisoned wait fails its run, and so does a poisoned result that its run holds for.
	//     (Commit "sets aside a wait that cannot be decided", Aside "a result that is set aside
	//     fails the run that holds for it")
	//  12. The inputs of a member that is held are kept, and Pending and Owed do not know of that
	//     member until Release. (Aside "holds a member with their inputs, waits and re-evaluations, and lets
	//     them go on") So are those that the batch says are kept. (Aside "lets a member go on in parts, in
	//     the order of their inputs")
	//  13. Nodes of trees are stored, and taken away, with the rest. (Trees "keeps what commits say of
	//     trees, and takes away what they give up")
	//  14. Of an object that is deleted nothing is left that a decision would read; what comes after the
	//     input that said so is of another. (Commit "leaves nothing of an object that was deleted", Commit
	//     "knows of an object that came again when it was seen since")
	//
	// What goes wrong behind a commit that is stored makes no error of it. The death of the process
	// undoes nothing. A power cut may undo a commit together with all that came after it, until somebody
	// outside may know of it: see [Outbox] and [Asked].
	Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error

	// Try returns the error that Commit would return. It does not look at the fence, the watermark
	// and the blocks of coupons.
	//
	//  1. It stores nothing. (Aside "tries without storing")
	Try(ctx context.Context, lane int, c *engine.Changes) error
}
