package worker

import (
	"context"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// sayAgain is how often the log says again that a shard does not move: often enough to be seen, too seldom to bury what it says why.
const sayAgain = 10 * time.Minute

// ages watches how old the oldest undecided input of each shard is.
type ages struct {
	said [store.Shards]time.Time // when the log said that a shard does not move; zero: it moves
}

// look sets the gauge, and says in the log when a shard does not move, and when it does again.
func (g *ages) look(ctx context.Context, w *Worker) error {
	oldest, err := w.Store.Undecided(ctx)
	if err != nil {
		return err
	}
	now := w.now()
	for shard, at := range oldest {
		age := time.Duration(0)
		if !at.IsZero() {
			age = max(0, now.Sub(at))
		}
		w.Metrics.undecided.WithLabelValues(strconv.Itoa(shard)).Set(age.Seconds())
		switch said := &g.said[shard]; {
		case age < store.OldAfter:
			if !said.IsZero() {
				w.Log.Info("a shard moves again", "shard", shard)
			}
			*said = time.Time{}
		case said.IsZero() || now.Sub(*said) >= sayAgain:
			*said = now
			w.Log.Error("a shard does not move: its oldest input is undecided", "shard", shard, "since", at, "age", age.Round(time.Second).String())
		}
	}
	return nil
}
