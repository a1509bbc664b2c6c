package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// HistoryQuery asks for the events of a name since a time (zero: all).
type HistoryQuery struct {
	Event   string
	Since   time.Time
	Most    int      // of a member who has more, one more than so many are given, the oldest; 0: all are
	Of      []string // members for whom this is asked; nil: for all
	Without []string // members for whom it is not
}

// Loader reads what a batch is decided on.
type Loader interface {
	// States loads members with their open runs, and the runs with these ids besides, by member id.
	//
	//  1. A member not seen before has a State whose Member is nil.
	//     (Commit "gives back the members it stored, and nil for strangers")
	//  2. Runs are in the order of their start, then of their playbook.
	//     (Commit "gives back open runs by start then playbook, and others on request")
	//  3. A member of whom something cannot be read, or who is held for that, has a State that is
	//     Unreadable. (Aside "holds a member with their inputs, waits and re-evaluations, and lets them go
	//     on")
	//  4. LastSeenAt is at least the instant of the last decided event that moves it, whether the
	//     member was stored for it or not. (History "tells when a member was last seen, by events that
	//     changed nothing else")
	States(ctx context.Context, members, runs []string) (map[string]*engine.State, error)

	// History loads events of the members that are decided already, by member id.
	//
	//  1. They are in the order of their time, then of Seq.
	//     (History "gives decided events of a name, by time then seq",
	//     History "gives a backfilled event at its time, as what it is")
	//  2. None is behind the watermark. (History "stops at the watermark")
	//  3. What was set aside is no history. (History "holds events only, and none that was set
	//     aside")
	//  4. Of members who have many it gives no more than one more than are asked for at most, and no
	//     fewer of the others. (History "gives many events of nobody, and all of the others")
	//  5. Events that runs emitted are in it, in the order of decisions.
	//     (Emitted "an event emitted to its own member is history and never owed",
	//     Emitted "one that a wait emitted comes before the events of its instant")
	History(
		ctx context.Context, members []string, queries []HistoryQuery, watermark int64,
	) (map[string][]engine.Input, error)
}
