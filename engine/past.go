package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/tree"
)

// What package history keeps, for who stores it.
type (
	// Archive is the stored part of a long history.
	Archive = history.Archive
	// Happened is a decided event as a history keeps it.
	Happened = history.Event
	// HistoryNeed asks for events of a name.
	HistoryNeed = history.Need
	// TreeChange is what has changed of a tree over a member's events.
	TreeChange = history.TreeChange
	// TreeNode is a node of a tree as it is stored.
	TreeNode = tree.Node
	// Unreadable is the error of a decision that would need what cannot be read.
	Unreadable = history.Unreadable
	// Unavailable is the error of a decision that could not read what is stored.
	Unavailable = history.Unavailable
	// NotBuilt is why a decision is Unavailable that lacks trees over many events: see
	// [Engine.BuildTrees].
	NotBuilt = history.NotBuilt
)

// BuildMost is how many events a decision builds trees of; of more it is NotBuilt.
const BuildMost = history.BuildMost

// LongFrom is how many events of a name a store gives as a list; more are asked for by an archive.
const LongFrom = history.LongFrom

// RootLevel is the level under which the place of a tree's first node is stored.
const RootLevel = tree.RootLevel

// BuildTrees builds the trees that a decision on a member lacked, and those that are kept besides of
// the same events and are not among the roots of what is stored. It hands them over in parts, to be
// stored one after the other; what put fails with ends it. Meanwhile nothing may be decided on the
// member.
func (e *Engine) BuildTrees(
	member string, lack *NotBuilt, past Archive, roots map[string][]byte, put func([]TreeChange) error,
) error {
	e = e.of(member)
	st := &State{}
	st.History.Load(lack.Event, past, nil)
	d := e.decider(member, st)
	defer d.release()
	d.Begin(time.Time{})
	missing := slices.Clone(lack.Missing)
	lacks := func(of *history.Taken) bool {
		return slices.ContainsFunc(missing, func(m *history.Taken) bool { return m.Key() == of.Key() })
	}
	taken := e.index.Listening(lack.Event).Taken
	for _, key := range append([]string{""}, slices.Sorted(maps.Keys(taken))...) {
		of := taken[key] // nil: the tree that counts
		if root := roots[of.Key()]; (root == nil || tree.IsUnfinished(root)) && !lacks(of) {
			missing = append(missing, of)
		}
	}
	if err := d.Past.Build(member, lack.Event, missing, put); err != nil {
		return err
	}
	return d.failure(nil)
}

// UnreadableEvent says that an event of a member's history cannot be read.
func UnreadableEvent(id string, err error) *Unreadable { return history.UnreadableEvent(id, err) }
