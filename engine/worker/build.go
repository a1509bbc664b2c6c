package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// builds are the members for whom trees are to be built, in the order in which they came to be held.
// Nothing is decided on them meanwhile; everybody else is.
type builds struct {
	mu   sync.Mutex
	list []building
	bad  map[string]bool // members of the list for whom the last attempt has failed
	more chan struct{}   // holds a token when there is one more
}

// building is what is to be built for a member who is held.
type building struct {
	member string
	lack   *engine.NotBuilt
}

func (b *builds) add(one building) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, one)
	put(b.more)
}

// first returns the first of the list; false: there is none.
func (b *builds) first() (one building, some bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return one, false
	}
	return b.list[0], true
}

func (b *builds) removeFirst() {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.bad, b.list[0].member)
	b.list = b.list[1:]
}

// failFirst lets the others be built for before the first, for whom it has failed.
func (b *builds) failFirst() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad[b.list[0].member] = true
	b.list = append(b.list[1:], b.list[0])
}

// fails reports whether the last attempt has failed for a member.
func (b *builds) fails(member string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bad[member]
}

// failing returns for how many members the last attempt has failed.
func (b *builds) failing() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.bad)
}

// has reports whether trees are to be built for a member.
func (b *builds) has(member string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.list {
		if b.list[i].member == member {
			return true
		}
	}
	return false
}

// holdToBuild holds a member when a decision on them lacks trees that are built beside decisions. It
// reports whether it does.
func (b *batch) holdToBuild(member string, failed error) bool {
	var lack *engine.NotBuilt
	if !errors.As(failed, &lack) {
		return false
	}
	if b.lacks == nil {
		b.lacks = map[string]*engine.NotBuilt{}
	}
	b.lacks[member] = lack
	b.changes.Held = append(b.changes.Held, engine.Held{Member: member, Error: lack.Error(), Building: true})
	return true
}

// buildTrees builds what decisions lack, a member after the other. One for whom it fails is tried again
// after the others.
func (w *Worker) buildTrees(ctx context.Context) {
	for ctx.Err() == nil {
		if one, some := w.builds.first(); some {
			err := w.buildFor(ctx, one)
			if err == nil {
				w.builds.removeFirst()
				w.WakeJobs() // one may wait for it
				w.Metrics.failingBuilds.Set(float64(w.builds.failing()))
				continue
			}
			w.builds.failFirst()
			w.WakeJobs()
			w.Metrics.failingBuilds.Set(float64(w.builds.failing()))
			if ctx.Err() == nil && w.sayHeld(one.member, w.now()) {
				w.Log.Error("what decisions on a member lack cannot be built: the member is held, and it is tried again",
					"member", one.member, "event", one.lack.Event, "error", err)
			}
			_ = pause(ctx, sweepEvery)
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.builds.more:
		}
	}
}

// buildForJob sees to it that what a job lacks of a member is built, who is held meanwhile. It returns
// why that cannot be; empty: it is under way.
func (w *Worker) buildForJob(ctx context.Context, member string, lack *engine.NotBuilt) (why string, err error) {
	switch {
	case w.builds.fails(member):
		return "adding up their history fails", nil
	case w.builds.has(member):
		return "", nil
	}
	_, err = w.Store.HoldToBuild(ctx, member, lack.Error())
	if errors.Is(err, store.ErrStale) {
		return "the member is held: something that is stored of them cannot be read", nil
	}
	if err == nil {
		w.Log.Info("a member is held until their history is added up for a job, which waits", "member", member, "event",
			lack.Event)
		w.builds.add(building{member, lack})
		w.Wake(member)
	}
	return "", err
}

// letGo lets members go on who are held while nothing is built for them, as after a process that died:
// their decisions lack it again.
func (w *Worker) letGo(ctx context.Context) error {
	list, err := w.Store.Held(ctx)
	if err != nil {
		return err
	}
	for _, h := range list {
		if !h.Building || w.builds.has(h.Member) {
			continue
		}
		if err := w.Store.BuildTrees(ctx, h.Member, nil, true); err != nil && !errors.Is(err, store.ErrStale) {
			return err
		}
		w.Wake(h.Member)
	}
	return nil
}

// buildFor builds trees for a member and lets them go on. One who is not held any more lacks them
// again when they are asked for. They may have gone on and be held again since they lacked these: what
// is decided of them is asked for now.
func (w *Worker) buildFor(ctx context.Context, one building) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("building trees for member %s broke off: %v", one.member, p)
		}
	}()
	list, err := w.Store.Held(ctx)
	isTheirs := func(h engine.Held) bool { return h.Member == one.member && h.Building }
	if err != nil || !slices.ContainsFunc(list, isTheirs) {
		return err
	}
	watermark, err := w.Store.HoldToBuild(ctx, one.member, one.lack.Error())
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	trees, err := w.Store.Trees(ctx, []string{one.member})
	if err != nil {
		return err
	}
	begun, event := time.Now(), one.lack.Event
	past := w.Store.Archive(ctx, one.member, event, watermark)
	put := func(list []engine.TreeChange) error { return w.Store.BuildTrees(ctx, one.member, list, false) }
	err = w.active.Load().BuildTrees(one.member, one.lack, past, trees[one.member][event], put)
	if err == nil {
		err = w.Store.BuildTrees(ctx, one.member, nil, true)
	}
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	if err == nil {
		w.Log.Info("a long history is added up, and its member goes on", "member", one.member, "event", event, "took",
			time.Since(begun).Round(time.Millisecond).String())
		w.Wake(one.member)
	}
	return err
}
