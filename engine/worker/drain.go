package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/tally"
)

// batch is what one look at a lane found, with what was decided on it.
type batch struct {
	*store.Batch
	lane    int
	members []string
	inputs  map[string][]engine.Input
	states  map[string]*engine.State
	decided bool // changes are what is decided
	changes *engine.Changes
	lacks   map[string]*engine.NotBuilt // members who are held until trees are built

	pools     map[string]*engine.PoolState // what may be granted
	granted   map[string]engine.PoolState  // what that was before anything was decided
	grantedBy int64                        // the epoch whose quotas and budgets that is by
	lacking   []engine.Ask                 // what pools have too little of for what was decided

	suspects map[string]bool // members whose changes may be what the database refuses
}

// drain decides one batch of a lane and commits it.
func (w *Worker) drain(ctx context.Context, r *runner, lane int) (did int, err error) {
	if w.active.Load() == nil {
		return 0, nil // inputs wait for a workspace
	}
	start := time.Now()
	b, err := w.nextBatch(ctx, r, lane)
	if err != nil || b == nil {
		return 0, err
	}
	err = w.decideAndCommit(ctx, r, b)
	if errors.Is(err, store.ErrStale) {
		w.Metrics.stale.Inc()
		r.stale++
		if e := w.Refresh(ctx); e != nil && ctx.Err() == nil { // the epoch may be over
			w.Log.Warn("load the active workspace; the one before stays", "error", e)
		}
	}
	if err != nil {
		return 0, err
	}
	r.stale = 0
	r.brought = b.brought()
	did = b.Size()
	r.size.learn(did, r.behind, time.Since(start))
	return did, nil
}

// nextBatch returns what is decided next: what was decided ahead, or what the lane owes; nil: it owes
// nothing.
func (w *Worker) nextBatch(ctx context.Context, r *runner, lane int) (*batch, error) {
	if n := r.ahead; n != nil {
		r.ahead, r.behind = nil, n.behind
		return n.batch, w.finishAhead(ctx, n)
	}
	found, err := w.pending(ctx, r, lane)
	if err != nil || found.Size() == 0 {
		return nil, err
	}
	r.behind = r.size.cut(found)
	return newBatch(lane, found), nil
}

// brought returns how many of the inputs jobs have brought.
func (b *batch) brought() (n int) {
	for i := range b.Inputs {
		if k := b.Inputs[i].Kind; k == engine.InputSchedule || k == engine.InputTrigger {
			n++
		}
	}
	return n
}

// decideAndCommit decides a batch and commits it. When it is refused for what it holds, the members
// whose changes that may be are suspected: their inputs are tried one by one, in a decision anew of
// the whole batch.
func (w *Worker) decideAndCommit(ctx context.Context, r *runner, b *batch) error {
	for {
		if !b.decided {
			if err := w.decide(ctx, b); err != nil {
				return err
			}
		}
		b.changes.Tally = tally.Of(b.changes)
		err := w.commit(ctx, r, b)
		var refused *store.Unstorable
		if !errors.As(err, &refused) || !b.suspect(refused.Member) {
			return err
		}
		b.decided = false
		w.Log.Warn("a batch cannot be stored; what it fails by is looked for", "lane", b.lane, "member", refused.Member,
			"error", err)
	}
}

// store stores a batch that is decided, and follows it.
func (w *Worker) store(ctx context.Context, fence int64, b *batch) error {
	start := time.Now()
	err := w.Store.Commit(ctx, b.lane, fence, b.Last(), b.changes)
	if err == nil {
		w.Metrics.committed(b, time.Since(start), w.now())
		w.follow(b)
	}
	return err
}

// suspect adds a member to those whose inputs are tried one by one, all members when nobody can
// tell whose it is. It reports whether there is one more than before.
func (b *batch) suspect(member string) bool {
	before := len(b.suspects)
	if _, here := b.states[member]; here && !b.suspects[member] {
		b.suspects[member] = true
	} else {
		for _, m := range b.members {
			b.suspects[m] = true
		}
	}
	return len(b.suspects) > before
}

// pending looks at the lane, and claims it when the task begins and another owned it.
func (w *Worker) pending(ctx context.Context, r *runner, lane int) (*store.Batch, error) {
	found, err := w.Store.Pending(ctx, lane, w.now(), r.size.inputs())
	if err != nil || found.Fence == r.fence && r.fence > 0 { // fences count from 1
		r.owned = r.owned || err == nil
		return found, err
	}
	if r.owned {
		return nil, errLost
	}
	if found.Size() == 0 {
		return found, nil // nothing to claim for
	}
	if r.fence, err = w.Store.Claim(ctx, lane); err != nil {
		return nil, err
	}
	r.owned = true
	return w.Store.Pending(ctx, lane, w.now(), r.size.inputs())
}

func newBatch(lane int, found *store.Batch) *batch {
	b := &batch{
		Batch: found, lane: lane, inputs: make(map[string][]engine.Input, len(found.Inputs)),
		suspects: map[string]bool{},
	}
	for _, in := range found.Inputs {
		if found.Kept[in.Seq] {
			continue
		}
		if _, known := b.inputs[in.Member]; !known {
			b.members = append(b.members, in.Member)
		}
		b.inputs[in.Member] = append(b.inputs[in.Member], in)
	}
	for _, m := range found.Due {
		if _, known := b.inputs[m]; !known {
			b.members = append(b.members, m)
		}
	}
	return b
}

// only returns the part of the batch that is about one member, with nothing loaded yet.
func (b *batch) only(member string) *batch {
	part := *b.Batch
	part.Inputs, part.Due = b.inputs[member], []string{member}
	return newBatch(b.lane, &part)
}

// follow wakes what the batch made due.
func (w *Worker) follow(b *batch) {
	now := w.now()
	channels := map[string]bool{}
	for i := range b.changes.Deliveries {
		d := &b.changes.Deliveries[i]
		if !d.ReleasedAt.IsZero() {
			channels[d.Channel] = true
		}
	}
	for i := range b.changes.Releases {
		if r := &b.changes.Releases[i]; r.State == store.DeliveryPending {
			channels[r.Channel] = true
		}
	}
	for c := range channels {
		w.deliveries.wake(c)
	}
	for _, r := range b.changes.Runs {
		if r.State == engine.RunWaiting {
			w.expect(r.DueAt)
		}
	}
	for _, l := range b.changes.Reevaluations {
		w.expect(l.At)
	}
	for i := range b.changes.Emitted {
		w.Wake(b.changes.Emitted[i].Subjects()...)
	}
	for m, lack := range b.lacks {
		w.Log.Info("a member is held until their history is added up, others go on", "lane", b.lane, "member", m, "event",
			lack.Event)
		w.builds.add(building{m, lack})
	}
	for _, h := range b.changes.Held {
		if w.builds.has(h.Member) {
			continue
		}
		w.recount.Store(true)
		if !w.sayHeld(h.Member, now) {
			continue
		}
		w.Log.Error("a member is held: something that is stored of them cannot be read; their inputs are kept until it can",
			"lane", b.lane, "member", h.Member, "error", h.Error)
	}
	for _, p := range b.changes.Poisoned {
		w.Log.Error("set aside", "lane", b.lane, "seq", p.Seq, "run", p.Run, "member", p.Member, "error", p.Error)
	}
}

// decide loads what the batch needs and decides it member by member. Where blocks of pools hold too little they
// are filled and the batch decided anew, on state loaded anew.
func (w *Worker) decide(ctx context.Context, b *batch) error {
	for {
		b.lacks = nil
		b.changes = &engine.Changes{Taken: map[string]int{}}
		a, err := w.loadBatch(ctx, b)
		if err != nil {
			return err
		}
		b.changes.Epoch = a.epoch
		if mended, err := w.readdress(ctx, b); mended || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if err := w.decideMembers(ctx, a, b); !errors.Is(err, errLacking) {
			return err
		}
	}
}

// decideMembers decides member by member. It returns errLacking when pools had too little for some: the others are
// decided all the same, so that it is known what all of them need.
func (w *Worker) decideMembers(ctx context.Context, a *active, b *batch) error {
	for _, m := range b.members {
		if why := b.states[m].Unreadable(); why != "" {
			b.changes.Held = append(b.changes.Held, engine.Held{Member: m, Error: why})
			continue
		}
		mark := markOf(b)
		if b.suspects[m] {
			if err := w.isolateOrHold(ctx, a, b, m, &mark); err != nil && !b.lacksBy(err) {
				return err
			}
			continue
		}
		err := decideOne(a, m, b.states[m], b.inputs[m], b.Horizon, b.pools, b.changes)
		if err == nil {
			continue
		}
		if mark.restore(b); b.lacksBy(err) || b.holdToBuild(m, err) {
			continue
		}
		var unavailable *engine.Unavailable
		if errors.As(err, &unavailable) {
			return err
		}
		var damaged *engine.Unreadable
		if errors.As(err, &damaged) {
			b.changes.Held = append(b.changes.Held, engine.Held{Member: m, Error: damaged.Error()})
			continue
		}
		if err := w.isolateOrHold(ctx, a, b, m, &mark); err != nil && !b.lacksBy(err) {
			return err
		}
	}
	return b.enough()
}

// isolateOrHold isolates a member's inputs, or goes back to the mark and holds the member when that
// lacks trees.
func (w *Worker) isolateOrHold(ctx context.Context, a *active, b *batch, member string, before *mark) error {
	err := w.isolate(ctx, a, b, member)
	if err == nil {
		return nil
	}
	if before.restore(b); b.holdToBuild(member, err) {
		return nil
	}
	return err
}

// decideOne calls the core. A panic in it is an error of this member's input and of nobody else.
func decideOne(a *active, member string, st *engine.State, inputs []engine.Input, horizon time.Time,
	pools map[string]*engine.PoolState, c *engine.Changes,
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decision broke off: %v", p)
		}
	}()
	return a.Decide(member, st, inputs, horizon, pools, c)
}

// mark is how far a batch had got, to go back to when a member's decision fails, which has given back what it
// took of pools.
type mark struct {
	members, runs, coupons, deliveries, releases, records, poisoned int
	cascaded, emitted, reevaluations, trees, tickets, deleted       int
	referrals                                                       int
}

func markOf(b *batch) mark {
	c := b.changes
	return mark{
		members: len(c.Members), runs: len(c.Runs), coupons: len(c.Coupons), deliveries: len(c.Deliveries),
		releases: len(c.Releases),
		records:  len(c.Records),
		poisoned: len(c.Poisoned), cascaded: len(c.Cascaded), emitted: len(c.Emitted), reevaluations: len(c.Reevaluations),
		trees: len(c.Trees), tickets: len(c.Tickets), deleted: len(c.Deleted),
		referrals: len(c.Referrals),
	}
}

// since returns what was changed from the mark on: what others have changed before may be what the
// database refuses, and is not to be blamed on who comes after them.
func (m mark) since(c *engine.Changes) *engine.Changes {
	return &engine.Changes{
		Members: c.Members[m.members:], Runs: c.Runs[m.runs:], Coupons: c.Coupons[m.coupons:],
		Deliveries: c.Deliveries[m.deliveries:], Releases: c.Releases[m.releases:],
		Records: c.Records[m.records:], Cascaded: c.Cascaded[m.cascaded:], Emitted: c.Emitted[m.emitted:],
		Reevaluations: c.Reevaluations[m.reevaluations:], Tickets: c.Tickets[m.tickets:], Deleted: c.Deleted[m.deleted:],
		Referrals: c.Referrals[m.referrals:],
	}
}

func (m mark) restore(b *batch) {
	c := b.changes
	c.Members, c.Runs, c.Coupons = c.Members[:m.members], c.Runs[:m.runs], c.Coupons[:m.coupons]
	c.Deliveries, c.Records, c.Poisoned = c.Deliveries[:m.deliveries], c.Records[:m.records], c.Poisoned[:m.poisoned]
	c.Releases, c.Trees, c.Tickets = c.Releases[:m.releases], c.Trees[:m.trees], c.Tickets[:m.tickets]
	c.Deleted, c.Referrals = c.Deleted[:m.deleted], c.Referrals[:m.referrals]
	c.Cascaded, c.Emitted, c.Reevaluations = c.Cascaded[:m.cascaded], c.Emitted[:m.emitted],
		c.Reevaluations[:m.reevaluations]
}
