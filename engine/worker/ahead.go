package worker

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// ahead is the batch behind one that is being committed. Who is not in that one is loaded and decided
// meanwhile, everybody else once it is stored: their state depends on it.
type ahead struct {
	*batch
	by     *active
	now    *batch // who is decided meanwhile
	later  *batch // who is not
	needs  engine.Needs
	behind bool // there is more
}

// commit commits a batch. When there is more to do it decides the next one meanwhile, as far as it can;
// what the batch leads to does not wait for that. Of waits nothing is decided ahead: who comes in live
// is behind the inputs before them, and before all waits that are due.
func (w *Worker) commit(ctx context.Context, r *runner, b *batch) error {
	if !r.behind || 2*len(b.Inputs) < b.Size() {
		return w.store(ctx, r.fence, b)
	}
	done := make(chan error, 1)
	go func() { done <- w.store(ctx, r.fence, b) }()
	size := r.size
	next := w.lookAhead(ctx, r, b)
	if next == nil {
		r.size = size // what was thrown away says nothing of the next batch
	}
	err := <-done
	if err == nil {
		r.ahead = next
	}
	return err
}

// lookAhead loads and decides what is behind a batch; nil when there is nothing, or when something is
// in the way: the lane is looked at as usual then, which finds it again.
func (w *Worker) lookAhead(ctx context.Context, r *runner, of *batch) *ahead {
	found, err := w.Store.Ahead(ctx, of.lane, w.now(), of.Batch, r.size.inputs())
	if err != nil || found.Fence != r.fence {
		return nil
	}
	n := &ahead{behind: r.size.cut(found)}
	if 2*found.Size() < of.Size() {
		return nil // more has come when the batch is stored
	}
	n.batch = newBatch(of.lane, found)
	n.now, n.later = n.split(of)
	if n.by, n.needs, err = w.loadStates(ctx, nil, n.now); err != nil {
		return nil
	}
	if mended, err := w.readdress(ctx, n.now); mended || err != nil {
		return nil
	}
	n.begin()
	if n.needs.Grants {
		return n // blocks of pools are what the batch before leaves of them
	}
	if w.decideMembers(ctx, n.by, n.now) != nil {
		return nil
	}
	n.now.decided = true
	return n
}

// split returns the parts of a batch that are about members who are not in another, and about those
// who are.
func (b *batch) split(other *batch) (without, with *batch) {
	parts := [2]store.Batch{*b.Batch, *b.Batch}
	for i := range parts {
		parts[i].Inputs, parts[i].Due = nil, nil
	}
	of := func(member string) *store.Batch {
		if _, there := other.states[member]; there {
			return &parts[1]
		}
		return &parts[0]
	}
	for _, in := range b.Inputs {
		p := of(in.Member)
		p.Inputs = append(p.Inputs, in)
	}
	for _, m := range b.Due {
		p := of(m)
		p.Due = append(p.Due, m)
	}
	return newBatch(b.lane, &parts[0]), newBatch(b.lane, &parts[1])
}

// begin makes both parts add to the changes of the batch.
func (n *ahead) begin() {
	n.changes = &engine.Changes{Taken: map[string]int{}, Epoch: n.by.epoch}
	for _, part := range []*batch{n.now, n.later} {
		part.changes = n.changes
	}
}

// finishAhead decides what was left of a batch until the one before it was stored. What is in the way
// of that is left to a decision anew of the whole batch.
func (w *Worker) finishAhead(ctx context.Context, n *ahead) error {
	by, needs, err := w.loadStates(ctx, nil, n.later)
	if err != nil {
		return err
	}
	mended, err := w.readdress(ctx, n.later)
	if mended || err != nil || by.epoch != n.by.epoch {
		return err
	}
	pools := slices.Concat(n.needs.Pools, needs.Pools)
	if err := w.loadPools(ctx, by, n.batch, pools); err != nil {
		return err
	}
	n.states, n.lacks, n.decided = map[string]*engine.State{}, map[string]*engine.NotBuilt{}, true
	knows := [...]*active{n.by, by} // the revisions of whose members
	for i, part := range []*batch{n.now, n.later} {
		part.pools = n.pools
		if n.decided && !part.decided {
			err := w.decideMembers(ctx, knows[i], part)
			if n.decided = err == nil; errors.Is(err, errLacking) {
				n.lacking = append(n.lacking, part.lacking...)
			}
		}
		maps.Copy(n.states, part.states)
		maps.Copy(n.lacks, part.lacks)
	}
	return nil
}
