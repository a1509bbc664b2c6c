package worker

import (
	"testing"
	"time"
)

// Batches are gathered under load alone: what came in while the machine stood still is seen to at
// once, and so is what follows.
func TestGap(t *testing.T) {
	for _, c := range []struct {
		did   int
		after time.Duration
		want  time.Duration
	}{
		{1, 10 * time.Millisecond, minBatchGap},
		{busyBatchInputs, 10 * time.Millisecond, busyBatchGap},
		{busyBatchInputs, 100 * time.Millisecond, minBatchGap},
		{busyBatchInputs, busyBatchGap, minBatchGap},
		{30, busyBatchGap, busyBatchGap},
		{fullBatchInputs, 10 * time.Millisecond, 0},
		{fullBatchInputs, time.Second, 0},
		{1, 0, minBatchGap},
	} {
		if got := gap(c.did, c.after); got != c.want {
			t.Errorf("%d inputs %v after the batch before: %v, not %v", c.did, c.after, got, c.want)
		}
	}
}
