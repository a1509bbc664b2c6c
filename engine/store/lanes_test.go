package store_test

import (
	"fmt"
	"testing"

	"github.com/usher-run/usher/engine/store"
)

// Each hash is in the lane whose range has it, to the first and the last of each.
func TestLanesOf(t *testing.T) {
	for n := 1; n <= 40; n++ {
		list := store.SplitLanes(n)
		if err := list.Check(); err != nil {
			t.Fatalf("%d lanes: %v", n, err)
		}
		for lane, r := range list {
			for _, hash := range []int64{r.First, (r.First + r.Last) / 2, r.Last} {
				if got := list.Of(hash); got != lane {
					t.Fatalf("of %d lanes %d has the hash %d, not %d", n, got, hash, lane)
				}
			}
		}
	}
}

// Members whose ids differ in their last letters alone are spread over all lanes alike.
func TestMembersAreSpread(t *testing.T) {
	const members, lanes = 16_000, 16
	list, counts := store.SplitLanes(lanes), [lanes]int{}
	for i := range members {
		counts[list.OfMember(fmt.Sprintf("member-%06d", i))]++
	}
	for lane, n := range counts {
		if n < members/lanes*4/5 || n > members/lanes*6/5 {
			t.Errorf("lane %d has %d members of %d", lane, n, members)
		}
	}
}
