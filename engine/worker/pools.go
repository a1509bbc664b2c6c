package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
)

// blockSize is how much of a pool a lane reserves at once, so that it does not ask for every
// batch.
const blockSize = 200

// loadPools gives the batch what its lane may grant of pools: of those that may be asked for, filled ahead, at least
// one for each decision, and of those that a decision of it was found to lack, all at once. What it was given stays:
// others may take of it only until the batch is stale.
func (w *Worker) loadPools(ctx context.Context, a *active, b *batch, may []engine.Ask) error {
	if len(may)+len(b.lacking) == 0 {
		b.pools = nil
		return nil
	}
	if b.granted == nil || b.grantedBy != a.epoch {
		b.granted, b.grantedBy = map[string]engine.PoolState{}, a.epoch
	}
	var asks []engine.Ask
	for _, a := range may {
		if _, known := b.granted[a.Pool]; !known && !asksOf(asks, a.Pool) && !asksOf(b.lacking, a.Pool) {
			asks = append(asks, a)
		}
	}
	if err := w.grant(ctx, b, asks); err != nil {
		return err
	}
	if err := w.grant(ctx, b, b.lacking); err != nil {
		return err
	}
	b.lacking = nil
	b.pools = make(map[string]*engine.PoolState, len(b.granted))
	for name, st := range b.granted {
		b.pools[name] = &st
	}
	return nil
}

func asksOf(asks []engine.Ask, pool string) bool {
	return slices.ContainsFunc(asks, func(a engine.Ask) bool { return a.Pool == pool })
}

// grant notes what the lane may grant of pools, after a reservation where its blocks hold too little.
func (w *Worker) grant(ctx context.Context, b *batch, asks []engine.Ask) error {
	if len(asks) == 0 {
		return nil
	}
	have, err := w.Store.Pools(ctx, b.lane, asks)
	if err != nil {
		return err
	}
	var short []engine.Ask
	for _, a := range asks {
		if st := have[a.Pool]; !st.Dry && st.Free < max(a.N, b.Size()) {
			// Small pools go in small blocks, or one lane of several would hold them all.
			a.Ahead = max(b.Size(), min(blockSize, a.Most/(4*len(w.lanes))))
			short = append(short, a)
		}
	}
	if len(short) > 0 {
		reserved, err := w.Store.Reserve(ctx, b.lane, short)
		if err != nil {
			return err
		}
		for name, st := range reserved {
			have[name] = st
		}
	}
	for name, st := range have {
		b.granted[name] = st
	}
	return nil
}

// errLacking says that what is decided of a batch does not hold: pools have too little for it, as the batch says.
var errLacking = errors.New("more is needed of pools than is reserved")

// lacksBy reports whether a decision of the batch failed by pools that have too little, and notes what it needs.
func (b *batch) lacksBy(err error) bool {
	var need *engine.NeedPool
	if !errors.As(err, &need) {
		return false
	}
	for _, a := range need.Asks {
		if i := slices.IndexFunc(b.lacking, func(x engine.Ask) bool { return x.Pool == a.Pool }); i >= 0 {
			b.lacking[i].N += a.N
		} else {
			b.lacking = append(b.lacking, a)
		}
	}
	return true
}

// enough returns errLacking when a decision of the batch needs more of pools, and says how much all of them need.
func (b *batch) enough() error {
	if len(b.lacking) == 0 {
		return nil
	}
	for i := range b.lacking {
		b.lacking[i].N += b.changes.Taken[b.lacking[i].Pool]
	}
	return errLacking
}

// taken is what a batch had taken of pools, to go back to when a decision that succeeds is given up.
type taken struct {
	n     map[string]int
	pools map[string]engine.PoolState
}

func takenOf(b *batch) taken {
	t := taken{maps.Clone(b.changes.Taken), make(map[string]engine.PoolState, len(b.pools))}
	for name, st := range b.pools {
		t.pools[name] = *st
	}
	return t
}

func (t taken) restore(b *batch) {
	b.changes.Taken = t.n
	for name, st := range t.pools {
		*b.pools[name] = st
	}
}

const (
	// keptAfter is how long the parts of quotas are kept that are over: a schedule that was missed may be made
	// up for so long.
	keptAfter   = 7 * 24 * time.Hour
	lookForOver = time.Hour
)

// forget drops what is kept of the parts of quotas that are over.
func (w *Worker) forget(ctx context.Context) {
	tick := time.NewTicker(lookForOver)
	defer tick.Stop()
	for {
		now := w.now()
		over := now.Add(-keptAfter)
		decided, err := w.Store.DecidedUpTo(ctx, over, now)
		if err == nil && decided {
			err = w.Store.Forget(ctx, over)
		}
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("forget quotas that are over", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
