package store

import (
	"context"

	"github.com/usher-run/usher/engine"
)

// Trees are the stored trees over a member's events: by event and key the root of each.
type Trees map[string]map[string][]byte

// Histories reads long histories part by part.
type Histories interface {
	// Trees returns the trees of members that have any.
	//
	//  1. Those that commits have stored, and none that one has taken away. (Trees "keeps what
	//     commits say of trees, and takes away what they give up")
	Trees(ctx context.Context, members []string) (map[string]Trees, error)

	// Archive returns the decided events of a name of a member, and the nodes of the trees over them.
	// It reads when it is asked.
	//
	//  1. Its events are those of History. (Trees "an archive has the decided events of a name, in both
	//     directions")
	//  2. It gives any number, and stops when it is told to. (Trees "an archive goes through any number
	//     of events")
	Archive(ctx context.Context, member, event string, watermark int64) engine.Archive
}

// Historian is what loading histories takes.
type Historian interface {
	Loader
	Histories
}

// LoadHistory puts what decisions may ask of the history into the states of members: a short one as
// a list, a long one as an archive.
func LoadHistory(ctx context.Context, from Historian, members []string, states map[string]*engine.State,
	queries []HistoryQuery, watermark int64,
) error {
	if len(members) == 0 {
		return nil
	}
	trees, err := from.Trees(ctx, members)
	if err != nil {
		return err
	}
	archive := func(member, event string) {
		states[member].History.Load(event, from.Archive(ctx, member, event, watermark), trees[member][event])
	}
	for member, events := range trees {
		for event := range events {
			archive(member, event)
		}
	}
	for i := range queries {
		queries[i].Most = engine.LongFrom
		for member := range trees {
			if trees[member][queries[i].Event] != nil {
				queries[i].Without = append(queries[i].Without, member)
			}
		}
	}
	if len(queries) == 0 {
		return nil
	}
	events, err := from.History(ctx, members, queries, watermark)
	if err != nil {
		return err
	}
	for member, list := range events {
		many := map[string]int{}
		for i := range list {
			many[list[i].Name]++
		}
		for i := range list {
			if name := list[i].Name; many[name] <= engine.LongFrom {
				states[member].Remember(list[i])
			}
		}
		for event, n := range many {
			if n > engine.LongFrom {
				archive(member, event)
			}
		}
	}
	return nil
}
