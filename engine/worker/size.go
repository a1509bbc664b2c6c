package worker

import (
	"time"

	"github.com/usher-run/usher/engine/store"
)

// A lane that is behind takes as much at once as is decided and committed in batchTime: larger batches
// cost less an input, and whoever comes in live waits for the batch before theirs.
const (
	batchTime  = 20 * time.Millisecond
	firstBatch = 200 // inputs and waits, when nothing was measured yet
	leastBatch = 200
	mostBatch  = 1000
	// fewInputs is how many inputs a batch takes in any case: what comes behind them waits for them
	// anyway, and less when they go at once. While they leave inputs behind it doubles, up to mostInputs.
	fewInputs  = 500
	mostInputs = 2000
	// Beside inputs a batch takes waits for a quarter of the time, so that what comes in live is
	// committed sooner, and so many at least.
	leastBeside = 20
)

// size is how much a batch of a lane takes: inputs, and members with waits that are due.
type size struct {
	n  int
	in int // inputs that it takes in any case, beyond fewInputs
}

// most returns the size of the next batch.
func (s *size) most() int {
	if s.n == 0 {
		return firstBatch
	}
	return s.n
}

// inputs returns how many inputs the next batch takes.
func (s *size) inputs() int { return max(fewInputs, s.in, s.most()) }

// waits returns how many waits a batch takes beside so many inputs.
func (s *size) waits(inputs int) int {
	if inputs == 0 {
		return s.most()
	}
	return max(leastBeside, s.most()/4-inputs)
}

// cut leaves of a batch as many waits as it takes beside its inputs, and says how many inputs the next
// one takes. It reports whether the lane is behind.
func (s *size) cut(b *store.Batch) (behind bool) {
	s.in = 0
	if n := len(b.Inputs); b.More && n >= fewInputs {
		s.in = min(2*n, mostInputs)
	}
	waits := s.waits(len(b.Inputs))
	behind = b.More || len(b.Due) > waits
	b.Due = b.Due[:min(waits, len(b.Due))]
	return behind
}

// learn follows what a batch took: a little at a time, because one batch may have waited for
// something else. One that has left nothing behind says nothing of how long a full one takes, unless
// it took too long itself.
func (s *size) learn(did int, behind bool, took time.Duration) {
	if !behind && took <= batchTime {
		return
	}
	next := int(float64(did) * float64(batchTime) / float64(max(took, 1)))
	s.n = min(mostBatch, max(leastBatch, s.most()*3/4, min(next, s.most()*4/3)))
}
