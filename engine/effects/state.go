package effects

import (
	"cmp"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/member"
)

// State is a member as loaded for a decision. The core changes it in place.
type State struct {
	Member  *member.Member // nil: not seen before
	Runs    []*Run         // the open ones, by start, then playbook; besides, closed ones that a goal or a result is about
	History history.History
	Damage  *Damage // nil: none
}

// Damage is what cannot be read of a member, or cannot be decided. Few have any.
type Damage struct {
	// Unreadable says what of the member cannot be read; empty: all can. Nothing is decided then.
	Unreadable string
	// PassedReevaluations are instants, in whole milliseconds, at which the member is not looked at:
	// what that would start cannot be decided.
	PassedReevaluations []time.Time
}

// Remember puts a decided event at the end of those of its name.
func (st *State) Remember(in input.Input) { st.History.Add(in.Name, in.Happened()) }

// Unreadable says what of the member cannot be read; empty: all can.
func (st *State) Unreadable() string {
	if st.Damage == nil {
		return ""
	}
	return st.Damage.Unreadable
}

// SetUnreadable sets what of the member cannot be read.
func (st *State) SetUnreadable(why string) { st.Damage = &Damage{Unreadable: why} }

// SortRuns puts runs into the order in which a [State] has them.
func SortRuns(runs []*Run) { slices.SortFunc(runs, CompareRuns) }

// CompareWaits orders waits that are due: by the due time, then by start, playbook and id.
func CompareWaits(a, b *Run) int {
	return cmp.Or(
		a.DueAt.Compare(b.DueAt), a.StartedAt.Compare(b.StartedAt),
		cmp.Compare(a.Playbook, b.Playbook), cmp.Compare(a.ID, b.ID),
	)
}

// CompareRuns orders runs: by start, then playbook and id.
func CompareRuns(a, b *Run) int {
	return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Playbook, b.Playbook), cmp.Compare(a.ID, b.ID))
}

// AddRun puts a run among the others where it would be if it had been stored before: what comes next is decided
// alike in the same batch and in another.
func (st *State) AddRun(r *Run) {
	i := len(st.Runs)
	for i > 0 && CompareRuns(r, st.Runs[i-1]) < 0 {
		i--
	}
	st.Runs = slices.Insert(st.Runs, i, r)
}

// GaveUp reports whether what a re-evaluation at an instant would start was given up.
func (st *State) GaveUp(at time.Time) bool {
	return st.Damage != nil && slices.ContainsFunc(st.Damage.PassedReevaluations, func(t time.Time) bool {
		return t.Sub(at) < time.Millisecond && !at.After(t)
	})
}
