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
		lanes   int
		want    time.Duration
	}{
		{1, 0, 10 * time.Millisecond, 1, minBatchGap},
		{busyBatchInputs, 0, 5 * time.Millisecond, 1, busyBatchGap},
		{busyBatchInputs, 0, 10 * time.Millisecond, 1, minBatchGap},
		{busyBatchInputs, 0, 10 * time.Millisecond, 4, busyBatchGap},
		{busyBatchInputs, 0, 100 * time.Millisecond, 4, minBatchGap},
		{busyBatchInputs, 0, busyBatchGap, 4, minBatchGap},
		{30, 0, busyBatchGap, 1, minBatchGap},
		{30, 0, busyBatchGap, 4, busyBatchGap},
		{100, 0, busyBatchGap, 1, busyBatchGap},
		{fullBatchInputs, 0, 10 * time.Millisecond, 1, 0},
		{fullBatchInputs, 0, time.Second, 4, 0},
		{1, 0, 0, 1, minBatchGap},
		{100, 95, 10 * time.Millisecond, 1, minBatchGap},
		{100, 80, 10 * time.Millisecond, 1, busyBatchGap},
		{fullBatchInputs, fullBatchInputs, 10 * time.Millisecond, 1, 0},
	} {
		if got := gap(c.did, c.brought, c.after, c.lanes); got != c.want {
			t.Errorf("%d inputs, %d of jobs, %v after the batch before, %d lanes: %v, not %v", c.did, c.brought, c.after,
				c.lanes, got, c.want)
		}
	}
}
