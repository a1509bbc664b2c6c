package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// isolate finds out which of a member's inputs, waits and re-evaluations cannot be decided, or lead to what
// cannot be stored. It sets those aside and decides the others. Each attempt begins at what is
// stored.
func (w *Worker) isolate(ctx context.Context, a *active, b *batch, member string) error {
	i := isolation{Worker: w, a: a, b: b, member: member, bad: map[string]bool{}}
	for {
		done, err := i.step(ctx)
		if err != nil {
			return err
		}
		if done {
			return i.settle(ctx)
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
	passed []time.Time     // re-evaluations that cannot be
}

// reload returns the member's state as it is stored, without what is set aside: nothing of a
// decision that was taken back is in it.
func (i *isolation) reload(ctx context.Context) (*engine.State, error) {
	part := i.b.only(i.member)
	if _, _, err := i.loadStates(ctx, i.a, part); err != nil {
		return nil, err
	}
	st := part.states[i.member]
	if why := st.Unreadable(); why != "" {
		return nil, fmt.Errorf("member %s: %s", i.member, why) // the next look at the lane holds them
	}
	st.Runs = slices.DeleteFunc(st.Runs, func(r *engine.Run) bool { return i.bad[r.ID] })
	st.Damage = &engine.Damage{PassedReevaluations: i.passed}
	return st, nil
}

// try decides and stores, and takes both back. It tells what failed by its content; err is passing.
func (i *isolation) try(ctx context.Context, inputs []engine.Input, horizon time.Time) (failed, err error) {
	before, had := markOf(i.b), takenOf(i.b)
	defer func() {
		before.restore(i.b)
		had.restore(i.b)
	}()
	st, err := i.reload(ctx)
	if err != nil {
		return nil, err
	}
	failed = decideOne(i.a, i.member, st, inputs, horizon, i.b.pools, i.b.changes)
	var damaged *engine.Unreadable
	var unavailable *engine.Unavailable
	if errors.As(failed, &damaged) || errors.As(failed, &unavailable) {
		return nil, failed
	}
	if failed != nil {
		return failed, short(failed)
	}
	return content(i.Store.Try(ctx, i.b.lane, before.since(i.b.changes)))
}

// content tells an error that is about what was to be stored from one that is passing.
func content(tried error) (failed, err error) {
	var refused *store.Unstorable
	if errors.As(tried, &refused) {
		return refused, nil
	}
	return nil, tried
}

// settle decides what is left for good.
func (i *isolation) settle(ctx context.Context) error {
	st, err := i.reload(ctx)
	if err != nil {
		return err
	}
	if err := decideOne(i.a, i.member, st, i.good, i.b.Horizon, i.b.pools, i.b.changes); err != nil {
		return fmt.Errorf("member %s: %w", i.member, err)
	}
	return nil
}

// step settles the next input, or after the last one the horizon: it is good, or it is set aside,
// or a wait or a re-evaluation before it is.
func (i *isolation) step(ctx context.Context) (done bool, err error) {
	all := i.b.inputs[i.member]
	until := i.b.Horizon
	if i.next < len(all) {
		until = all[i.next].At
	}
	failed, err := i.try(ctx, i.good, until)
	if err != nil || failed != nil {
		if err == nil {
			err = i.waits(ctx, failed, until)
		}
		return false, err
	}
	if i.next == len(all) {
		return true, nil
	}
	in := all[i.next]
	i.next++
	failed, err = i.try(ctx, append(slices.Clone(i.good), in), time.Time{})
	switch {
	case err != nil:
		return false, err
	case failed != nil:
		return false, i.input(ctx, &in, failed)
	}
	i.good = append(i.good, in)
	return false, nil
}

// input sets an input aside. A run that holds for it fails: what it waits for is over.
func (i *isolation) input(ctx context.Context, in *engine.Input, failed error) error {
	p := engine.Poisoned{Seq: in.Seq, Error: failed.Error()}
	st, err := i.reload(ctx)
	if err != nil {
		return err
	}
	r, err := i.holding(ctx, st, in)
	if err != nil {
		return err
	}
	if r != nil {
		p.Run, p.Playbook = r.ID, r.Playbook
		i.bad[r.ID] = true
	}
	i.set(p)
	return nil
}

// holding returns the run that holds for the input, the answer of its webhook. The delivery says
// which that is, and the input when there is no such delivery.
func (i *isolation) holding(ctx context.Context, st *engine.State, in *engine.Input) (*engine.Run, error) {
	run, step := in.Name, ""
	if p, err := in.Decode(); err == nil && in.Kind == engine.InputResult {
		step, _ = p.Properties["step"].(string)
	}
	d, err := i.answered(ctx, in)
	if err != nil {
		return nil, err
	}
	if d != nil {
		run, step = d.Run, d.Step
	}
	return i.a.Holds(st, run, step), nil
}

func (i *isolation) set(p engine.Poisoned) { i.b.changes.Poisoned = append(i.b.changes.Poisoned, p) }

// waits finds the first wait or re-evaluation until then that cannot be decided and sets it aside.
func (i *isolation) waits(ctx context.Context, failed error, until time.Time) error {
	st, err := i.reload(ctx)
	if err != nil {
		return err
	}
	due := slices.DeleteFunc(st.Runs, func(r *engine.Run) bool { return r.DueAt.IsZero() || r.DueAt.After(until) })
	slices.SortFunc(due, func(x, y *engine.Run) int { return x.DueAt.Compare(y.DueAt) })
	at, err := i.firstFailing(ctx, earliest(st, due, until), until)
	if err != nil {
		return err
	}
	then := slices.DeleteFunc(slices.Clone(due),
		func(r *engine.Run) bool { return r.DueAt.After(at) || at.Sub(r.DueAt) >= time.Millisecond })
	if found, err := i.without(ctx, then, at); found || err != nil {
		return err
	}
	i.passed = append(i.passed, at)
	f, err := i.try(ctx, i.good, at)
	if err != nil {
		return err
	}
	if f == nil {
		i.set(engine.Poisoned{Member: i.member, At: at, Error: failed.Error()})
		return nil
	}
	i.passed = i.passed[:len(i.passed)-1]
	if found, err := i.without(ctx, due, at); found || err != nil { // what one of them has gone on to
		return err
	}
	return i.blame(ctx, failed, at)
}

// without sets those runs aside that are at fault, when all can be decided up to an instant without
// the given ones. Each of these is given back alone: of several that wake at one instant more than
// one may be at fault, and the others are not.
func (i *isolation) without(ctx context.Context, runs []*engine.Run, at time.Time) (found bool, err error) {
	if len(runs) == 0 {
		return false, nil
	}
	for _, r := range runs {
		i.bad[r.ID] = true
	}
	failed, err := i.try(ctx, i.good, at)
	if err != nil {
		return false, err
	}
	for _, r := range runs {
		delete(i.bad, r.ID)
		if failed != nil {
			continue
		}
		f, err := i.try(ctx, i.good, at)
		if err != nil {
			return false, err
		}
		if f != nil {
			i.bad[r.ID] = true
			i.set(engine.Poisoned{Run: r.ID, Playbook: r.Playbook, At: r.DueAt, Error: f.Error()})
		}
	}
	return failed == nil, nil
}

// blame sets the input aside that began a wait which is due within the batch itself.
func (i *isolation) blame(ctx context.Context, failed error, at time.Time) error {
	for n := range i.good {
		f, err := i.try(ctx, i.good[:n+1], at)
		if err != nil {
			return err
		}
		if f != nil {
			in := i.good[n]
			i.good = slices.Delete(i.good, n, n+1)
			return i.input(ctx, &in, f)
		}
	}
	return fmt.Errorf("member %s: %w", i.member, failed)
}

// earliest returns the first instant at which something is due.
func earliest(st *engine.State, due []*engine.Run, until time.Time) time.Time {
	at := until
	if len(due) > 0 {
		at = due[0].DueAt
	}
	if st.Member != nil {
		if due := st.Member.DueAt(); !due.IsZero() && due.Before(at) {
			at = due
		}
	}
	return at
}

// firstFailing returns the first millisecond up to which nothing more can be decided: what fails
// once fails also later.
func (i *isolation) firstFailing(ctx context.Context, from, until time.Time) (time.Time, error) {
	from = from.Truncate(time.Millisecond)
	var passing error
	n := sort.Search(int(until.Sub(from)/time.Millisecond), func(n int) bool {
		if passing != nil {
			return true
		}
		failed, err := i.try(ctx, i.good, from.Add(time.Duration(n)*time.Millisecond))
		passing = err
		return failed != nil
	})
	at := from.Add(time.Duration(n) * time.Millisecond)
	if at.After(until) {
		at = until
	}
	return at, passing
}

// short passes on that pools have too little: that is nobody's mistake, and the batch is decided
// anew.
func short(failed error) error {
	var need *engine.NeedPool
	if errors.As(failed, &need) {
		return need
	}
	return nil
}
