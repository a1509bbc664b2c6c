package index

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/needs"
	"github.com/usher-run/usher/playbooks"
)

// NeedsOf returns what deciding these inputs, and the due waits of these runs, may read.
func (x *Index) NeedsOf(inputs []input.Input, states map[string]*effects.State) needs.Needs {
	n := collecting{index: x, seen: map[*Book]bool{}, events: map[string]bool{}}
	n.Schema = x.WS.Schema
	if last := len(inputs) - 1; last >= 0 {
		n.First, n.Last = inputs[0].At, inputs[last].At
	}
	for i := range inputs {
		switch in := &inputs[i]; in.Kind {
		case input.Event:
			n.event(in.Name)
		case input.Trigger, input.Schedule:
			n.add(x.Active[in.Name])
		case input.Result, input.Release, input.Redeem:
			n.Runs = append(n.Runs, in.Name)
		case input.Message:
			if b := x.Handed[effects.HandedOf(in).Revision]; b != nil {
				n.Slots(b.Reads)
			}
		}
	}
	for _, w := range x.Dated {
		n.add(w.Book)
	}
	for _, s := range slices.Concat(x.OnChange...) {
		n.add(s.Book)
	}
	if x.Levels != nil {
		n.Slots(x.Levels.By.Slots)
	}
	for _, w := range x.Watching {
		n.Slots(w.Expr.Slots)
		for _, s := range slices.Concat(w.Enter, w.Exit) {
			n.add(s.Book)
		}
	}
	members := slices.Sorted(maps.Keys(states))
	for _, member := range members {
		if since := x.Unrecorded(states[member].Member); !since.IsZero() && (n.Since.IsZero() || since.Before(n.Since)) {
			n.Since = since
		}
		for _, r := range states[member].Runs {
			n.add(x.Books[r.Revision])
		}
	}
	for _, member := range members {
		st := states[member]
		if st.Member == nil {
			continue
		}
		for _, key := range st.Member.DeferredKeys(x.CompareTurns) {
			if m := st.Member.Deferred[key]; m.Of == "" {
				n.Runs = append(n.Runs, m.Run)
			}
		}
		for _, g := range st.Member.Goals {
			if g.Event == "" || n.events[g.Event] {
				n.Runs = append(n.Runs, g.Run)
				n.add(x.Books[g.Revision])
			}
		}
	}
	return n.Result()
}

// collecting finds out what decisions may read.
type collecting struct {
	needs.List
	index  *Index
	seen   map[*Book]bool
	events map[string]bool // that may be decided
}

// event adds what an event may start, and by what that emits, what it may start.
func (n *collecting) event(name string) {
	if n.events[name] {
		return
	}
	n.events[name] = true
	for _, b := range n.index.Listening(name).Books {
		n.add(b)
	}
}

func (n *collecting) add(b *Book) {
	if b == nil || n.seen[b] {
		return
	}
	n.seen[b] = true
	n.Slots(b.Reads)
	for _, name := range b.Emits {
		n.event(name)
	}
	n.Playbook(b.Among(), b.Quota, b.Draws, b.Raffles)
}

// SegmentNeeds returns what asking for a segment may read of the history.
func (x *Index) SegmentNeeds(g *playbooks.Segment) []history.Need {
	var n needs.List
	if g.Expr != nil {
		n.Slots(g.Expr.Slots)
	}
	return n.Result().History
}
