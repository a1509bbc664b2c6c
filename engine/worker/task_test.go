package worker

import (
	"testing"
	"time"
)

// Batches are gathered under load alone: what came in while the machine stood still is seen to at
// once, and so is what follows.
func TestGap(t *testing.T) {
	for _, c := range []struct {
		did     int
		brought int // by jobs
		after   time.Duration
		want    time.Duration
	}{
		{1, 0, 10 * time.Millisecond, minBatchGap},
		{busyBatchInputs, 0, 10 * time.Millisecond, busyBatchGap},
		{busyBatchInputs, 0, 100 * time.Millisecond, minBatchGap},
		{busyBatchInputs, 0, busyBatchGap, minBatchGap},
		{30, 0, busyBatchGap, busyBatchGap},
		{fullBatchInputs, 0, 10 * time.Millisecond, 0},
		{fullBatchInputs, 0, time.Second, 0},
		{1, 0, 0, minBatchGap},
		{100, 95, 10 * time.Millisecond, minBatchGap},
		{100, 80, 10 * time.Millisecond, busyBatchGap},
		{fullBatchInputs, fullBatchInputs, 10 * time.Millisecond, 0},
	} {
		if got := gap(c.did, c.brought, c.after); got != c.want {
			t.Errorf("%d inputs, %d of jobs, %v after the batch before: %v, not %v", c.did, c.brought, c.after, got, c.want)
		}
	}
}
