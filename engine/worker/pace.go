package worker

import (
	"math"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// What jobs bring in is decided in one line with everything else, so whatever of it is undecided is
// what a live event may wait for. The quota is as much as is decided in jobShare, within bounds.
const (
	jobShare  = 20 * time.Millisecond
	leastJobs = 50  // less would make batches that cost more than they do
	mostJobs  = 500 // more would only lie there
	// paceWindow is how long a measurement counts.
	paceWindow = 250 * time.Millisecond
)

// pace measures how fast what jobs bring in is decided.
type pace struct {
	rate float64   // inputs a second; 0: nothing was measured yet
	at   time.Time // when the depth was looked at last
	left int       // how many were undecided then, and with what was brought in since
}

// room returns how many inputs jobs may bring in now.
func (p *pace) room(undecided store.Depth, now time.Time) int {
	if passed := now.Sub(p.at); p.left > 0 && passed > 0 && !p.at.IsZero() {
		decided := max(0, p.left-undecided.Jobs)
		rate := float64(decided) / passed.Seconds()
		// When all is decided nobody knows since when: it could have been more.
		if undecided.Jobs > 0 || rate > p.rate {
			p.rate += (rate - p.rate) * (1 - math.Exp(-float64(passed)/float64(paceWindow)))
		}
	}
	p.at, p.left = now, undecided.Jobs
	quota := min(mostJobs, max(leastJobs, int(p.rate*jobShare.Seconds())))
	if undecided.Inputs-undecided.Jobs > mostJobs { // live inputs are behind as it is
		quota = leastJobs
	}
	return quota - undecided.Jobs
}

// added counts what was brought in.
func (p *pace) added(n int) { p.left += n }
