package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
)

// isolate finds out which of a member's inputs and waits cannot be decided, sets those aside and decides the others.
func (w *Worker) isolate(ctx context.Context, a *active, b *batch, member string) error {
	i := isolation{Worker: w, a: a, b: b, member: member, bad: map[string]bool{}}
	for {
		st, err := i.reload(ctx)
		if err != nil {
			return err
		}
		before := markOf(b)
		err = decideOne(a, member, st, i.good, b.Horizon, b.pools, b.changes)
		if i.next == len(b.inputs[member]) && err == nil {
			return nil
		}
		before.restore(b)
		if err := short(err); err != nil {
			return err
		}
		if err := i.step(ctx); err != nil {
			return err
		}
	}
}

// isolation goes through a member's inputs in their order.
type isolation struct {
	*Worker
	a      *active
	b      *batch
	member string
	good   []engine.Input  // those that can be decided
	next   int             // the next to be tried
	bad    map[string]bool // runs whose wait cannot be decided
}

// reload gives the member's state as it is stored, without the runs that are set aside: nothing of a decision that was taken back
// is in it.
func (i *isolation) reload(ctx context.Context) (*engine.State, error) {
	part := i.b.only(i.member)
	if _, _, err := i.loadStates(ctx, i.a, part); err != nil {
		return nil, err
	}
	st := part.states[i.member]
	st.Runs = slices.DeleteFunc(st.Runs, func(r *engine.Run) bool { return i.bad[r.ID] })
	return st, nil
}

// try decides on state loaded anew, and takes back what it did.
func (i *isolation) try(ctx context.Context, inputs []engine.Input, horizon time.Time) (failed, err error) {
	st, err := i.reload(ctx)
	if err != nil {
		return nil, err
	}
	before := markOf(i.b)
	defer before.restore(i.b)
	failed = decideOne(i.a, i.member, st, inputs, horizon, i.b.pools, i.b.changes)
	return failed, short(failed)
}

// step settles the next input, or after the last one the horizon: it is good, or it is set aside, or a wait before it is.
func (i *isolation) step(ctx context.Context) error {
	all := i.b.inputs[i.member]
	until := i.b.Horizon
	if i.next < len(all) {
		until = all[i.next].At
	}
	failed, err := i.try(ctx, i.good, until)
	if err != nil {
		return err
	}
	if failed != nil {
		return i.wait(ctx, failed, until)
	}
	if i.next == len(all) {
		return nil
	}
	in := all[i.next]
	i.next++
	failed, err = i.try(ctx, append(slices.Clone(i.good), in), time.Time{})
	switch {
	case err != nil:
		return err
	case failed != nil:
		i.b.changes.Poisoned = append(i.b.changes.Poisoned, engine.Poisoned{Seq: in.Seq, Error: failed.Error()})
	default:
		i.good = append(i.good, in)
	}
	return nil
}

// wait finds the first wait until then that cannot be decided and sets its run aside.
func (i *isolation) wait(ctx context.Context, failed error, until time.Time) error {
	st, err := i.reload(ctx)
	if err != nil {
		return err
	}
	due := slices.DeleteFunc(st.Runs, func(r *engine.Run) bool { return r.DueAt.IsZero() || r.DueAt.After(until) })
	slices.SortFunc(due, func(x, y *engine.Run) int { return x.DueAt.Compare(y.DueAt) })
	for _, r := range due {
		f, err := i.try(ctx, i.good, r.DueAt)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		i.bad[r.ID] = true
		i.b.changes.Poisoned = append(i.b.changes.Poisoned, engine.Poisoned{Run: r.ID, Playbook: r.Playbook, Error: f.Error()})
		return nil
	}
	// The wait began within this batch: what began it is to blame.
	poisoned := engine.Poisoned{Error: failed.Error()}
	switch {
	case len(i.good) > 0:
		poisoned.Seq = i.good[len(i.good)-1].Seq
		i.good = i.good[:len(i.good)-1]
	case len(due) > 0:
		last := due[len(due)-1]
		poisoned.Run, poisoned.Playbook = last.ID, last.Playbook
		i.bad[poisoned.Run] = true
	default:
		return fmt.Errorf("member %s: %w", i.member, failed)
	}
	i.b.changes.Poisoned = append(i.b.changes.Poisoned, poisoned)
	return nil
}

// short passes on that a coupon block is used up: that is nobody's mistake, and the batch is decided anew.
func short(failed error) error {
	var need *engine.NeedPool
	if errors.As(failed, &need) {
		return need
	}
	return nil
}
