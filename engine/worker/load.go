package worker

import (
	"context"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// loadBatch reads all that deciding the batch may ask for, in a few reads whatever the number of
// members.
func (w *Worker) loadBatch(ctx context.Context, b *batch) (*active, error) {
	a, needs, err := w.loadStates(ctx, nil, b)
	if err != nil {
		return nil, err
	}
	return a, w.loadPools(ctx, a, b, needs.Pools)
}

// loadStates reads the members of the batch with their runs and history, for a workspace; nil: the
// one in use.
func (w *Worker) loadStates(ctx context.Context, by *active, b *batch) (a *active, needs engine.Needs, err error) {
	if b.states, err = w.Store.States(ctx, b.members, resultRuns(b.Inputs)); err != nil {
		return nil, needs, err
	}
	if a = by; a == nil {
		if a, err = w.loadRevisions(ctx, b.Inputs, b.states); err != nil {
			return nil, needs, err
		}
	}
	needs = a.NeedsOf(b.Inputs, b.states)
	if err := w.loadRuns(ctx, b, needs.Runs); err != nil {
		return nil, needs, err
	}
	return a, needs, w.loadHistory(ctx, b.members, b.states, b.queries(needs), b.Watermark)
}

// resultRuns returns the runs that results are about: known without asking the engine.
func resultRuns(inputs []engine.Input) (runs []string) {
	for i := range inputs {
		if k := inputs[i].Kind; k == engine.InputResult || k == engine.InputRelease || k == engine.InputRedeem {
			runs = append(runs, inputs[i].Name)
		}
	}
	return runs
}

// loadRevisions makes the engine know the revisions that open runs and goals keep, and those of messages that runs hand
// to objects.
func (w *Worker) loadRevisions(ctx context.Context, inputs []engine.Input, states map[string]*engine.State) (
	*active, error,
) {
	a := w.active.Load()
	know := func(playbook, revision string) (err error) {
		if w.needsRevision(a, revision) {
			a, err = w.loadRevision(ctx, playbook, revision)
		}
		return err
	}
	for i := range inputs {
		if playbook, revision, is := engine.HandedBy(&inputs[i]); is {
			if err := know(playbook, revision); err != nil {
				return nil, err
			}
		}
	}
	for _, st := range states {
		for _, r := range st.Runs {
			if err := know(r.Playbook, r.Revision); err != nil {
				return nil, err
			}
		}
		if st.Member == nil {
			continue
		}
		for _, g := range st.Member.Goals {
			if err := know(g.Playbook, g.Revision); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// loadRuns loads closed runs whose goals an input may reach, with their members' states.
func (w *Worker) loadRuns(ctx context.Context, b *batch, runs []string) error {
	loaded := map[string]bool{}
	for _, st := range b.states {
		for _, r := range st.Runs {
			loaded[r.ID] = true
		}
	}
	for _, id := range resultRuns(b.Inputs) {
		loaded[id] = true
	}
	missing := slices.DeleteFunc(slices.Clone(runs), func(id string) bool { return loaded[id] })
	if len(missing) == 0 {
		return nil
	}
	wanted := make(map[string]bool, len(missing))
	for _, id := range missing {
		wanted[id] = true
	}
	var members []string
	for m, st := range b.states {
		if st.Member != nil && asksFor(st.Member, wanted) {
			members = append(members, m)
		}
	}
	states, err := w.Store.States(ctx, members, runs)
	if err != nil {
		return err
	}
	for m, st := range states {
		b.states[m] = st
	}
	return nil
}

// asksFor reports whether a goal or a message that was put off is about one of the runs.
func asksFor(m *engine.Member, runs map[string]bool) bool {
	for _, d := range m.Deferred {
		if runs[d.Run] {
			return true
		}
	}
	return slices.ContainsFunc(m.Goals, func(g engine.GoalWatch) bool { return runs[g.Run] })
}

// queries turns what the engine needs of the history into times: back from the earliest instant of
// the batch. A member with an input has waits, ends and re-evaluations decided that are due, also when there were
// too many due members for it to be among them.
func (b *batch) queries(needs engine.Needs) []store.HistoryQuery {
	earliest := b.Horizon
	if !needs.Since.IsZero() && needs.Since.Before(earliest) {
		earliest = needs.Since
	}
	for i := range b.Inputs {
		if at := b.Inputs[i].At; at.Before(earliest) {
			earliest = at
		}
	}
	for _, st := range b.states {
		for _, r := range st.Runs {
			if r.State == engine.RunWaiting && !r.DueAt.IsZero() && r.DueAt.Before(earliest) {
				earliest = r.DueAt
			}
		}
		if m := st.Member; m != nil {
			if due := m.DueAt(); !due.IsZero() && due.Before(earliest) {
				earliest = due
			}
		}
	}
	queries := make([]store.HistoryQuery, len(needs.History))
	for i, n := range needs.History {
		queries[i].Event, queries[i].Of = n.Event, n.Subjects
		if !n.Window.IsZero() {
			queries[i].Since = earliest.Add(-n.Window.Longest())
		}
	}
	return queries
}

// loadHistory puts events into the states of their members.
func (w *Worker) loadHistory(ctx context.Context, members []string, states map[string]*engine.State,
	queries []store.HistoryQuery, watermark int64,
) error {
	return store.LoadHistory(ctx, w.Store, members, states, queries, watermark)
}
