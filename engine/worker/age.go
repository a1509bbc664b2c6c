package worker

import (
	"context"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// stalledLogInterval is how often the log says again that a lane does not move: often enough to be
// seen, too seldom to bury what it says why.
const stalledLogInterval = 10 * time.Minute

// releaseInterval is how often members that are held are looked at: whether they can be read again.
const releaseInterval = time.Minute

// sayHeldAgain is how often the log says again that a member is held of whom something comes in.
const sayHeldAgain = time.Hour

// sayHeld reports whether the log is to say that a member is held: it does not for each batch.
func (w *Worker) sayHeld(member string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if said, known := w.saidHeld[member]; known && now.Sub(said) < sayHeldAgain {
		return false
	}
	w.saidHeld[member] = now
	return true
}

// held looks at the members that are held, lets those go on who can, and tells how many there are.
func (w *Worker) held(ctx context.Context) error {
	if err := w.letGo(ctx); err != nil {
		return err
	}
	released, err := w.Store.Release(ctx)
	if err != nil {
		return err
	}
	if len(released) > 0 {
		w.Log.Info("members can be read again and go on", "members", released)
		w.mu.Lock()
		for _, m := range released {
			delete(w.saidHeld, m)
		}
		w.mu.Unlock()
		w.Wake(released...)
	}
	list, err := w.Store.Held(ctx)
	n := 0
	for _, h := range list {
		if !h.Building {
			n++
		}
	}
	w.Metrics.held.Set(float64(n))
	return err
}

// ages watches how old the oldest undecided input of each lane is.
type ages struct {
	undecidedCheckedAt time.Time // when what is undecided was looked at last
	lanes              []laneAge
	depthDueAt         time.Time // counting takes as long as there is much: it is not done more often then
	heldCheckedAt      time.Time // at the members that are held
}

// laneAge is what is known of the oldest undecided input of a lane.
type laneAge struct {
	occurrence struct { // the first undecided one
		seq int64
		age time.Duration // that it was seen for
	}
	stalledLoggedAt time.Time // when the log said that the lane does not move; zero: it moves
}

// longestStep is how much one look at what is undecided adds to the age of an occurrence at most.
// What lies longer between two looks is a pause of the machine, in which nobody could have decided
// anything.
const longestStep = 5 * sweepEvery

// waits returns for how long the first undecided occurrence of the lane was seen. A lane that works
// an audience off has another first one at each look.
func (l *laneAge) waits(seq int64, step time.Duration) time.Duration {
	o := &l.occurrence
	if seq == 0 || seq != o.seq {
		o.seq, o.age = seq, 0
		return 0
	}
	o.age += step
	return o.age
}

// count sets the gauges of the depth, for at most a twentieth of the time.
func (g *ages) count(ctx context.Context, w *Worker) error {
	begun := time.Now()
	if begun.Before(g.depthDueAt) {
		return nil
	}
	depths, err := w.Store.Depths(ctx)
	if err != nil {
		return err
	}
	g.depthDueAt = begun.Add(20 * time.Since(begun))
	for lane, d := range depths {
		w.Metrics.depth.WithLabelValues(strconv.Itoa(lane)).Set(float64(d.Inputs))
	}
	return nil
}

// check sets the gauges, and says in the log when a lane does not move, and when it does again.
func (g *ages) check(ctx context.Context, w *Worker) error {
	oldest, err := w.Store.Undecided(ctx)
	if err != nil {
		return err
	}
	if err := g.count(ctx, w); err != nil {
		return err
	}
	now := w.now()
	if w.recount.Swap(false) || now.Sub(g.heldCheckedAt) >= releaseInterval {
		g.heldCheckedAt = now
		if err := w.held(ctx); err != nil {
			return err
		}
	}
	step := min(max(0, now.Sub(g.undecidedCheckedAt)), longestStep)
	g.undecidedCheckedAt = now
	for lane := range oldest {
		age := g.lanes[lane].waits(oldest[lane].Occurrence, step)
		if at := oldest[lane].Accepted; !at.IsZero() {
			age = max(age, now.Sub(at))
		}
		at := now.Add(-age)
		w.Metrics.undecided.WithLabelValues(strconv.Itoa(lane)).Set(age.Seconds())
		switch said := &g.lanes[lane].stalledLoggedAt; {
		case age < store.OldAfter:
			if !said.IsZero() {
				w.Log.Info("a lane moves again", "lane", lane)
			}
			*said = time.Time{}
		case said.IsZero() || now.Sub(*said) >= stalledLogInterval:
			*said = now
			w.Log.Error("a lane does not move: its oldest input is undecided", "lane", lane, "since", at, "age",
				age.Round(time.Second).String())
		}
	}
	return nil
}
