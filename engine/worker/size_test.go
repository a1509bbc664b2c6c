package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// A batch of a lane that is behind grows to what takes about 20 ms, and shrinks when that takes
// longer; small batches say nothing of large ones, but when they take too long.
func TestBatchSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		owed  int // at each look
		fixed time.Duration
		each  time.Duration
		want  int
	}{
		{"well", mostBatch, time.Millisecond, 50 * time.Microsecond, 380},
		{"slowly", mostBatch, 0, 80 * time.Microsecond, 250},
		{"far too slowly", mostBatch, 0, 10 * time.Millisecond, leastBatch},
		{"at once", mostBatch, 0, time.Microsecond, mostBatch},
		{"little", 3, 5 * time.Millisecond, 0, firstBatch},
		{"little, and slowly", 3, time.Second, 0, leastBatch},
	} {
		var s size
		for range 50 {
			did := min(s.most(), c.owed)
			s.learn(did, did < c.owed, c.fixed+time.Duration(did)*c.each)
		}
		if got := s.most(); got < c.want*95/100 || got > c.want*105/100 {
			t.Errorf("%s: a batch of %d, not about %d", c.name, got, c.want)
		}
	}
}

// One batch that has waited for something else changes little.
func TestBatchSizeIsSteady(t *testing.T) {
	s := size{n: 400}
	s.learn(400, true, 10*time.Second)
	if got := s.most(); got != 300 {
		t.Errorf("after one long batch of 400: %d", got)
	}
}

// Beside inputs there are fewer waits, and always some.
func TestWaitsBesideInputs(t *testing.T) {
	s := size{n: 400}
	for _, c := range []struct{ inputs, want int }{{0, 400}, {1, 99}, {50, 50}, {90, leastBeside}, {400, leastBeside}} {
		if got := s.waits(c.inputs); got != c.want {
			t.Errorf("%d waits beside %d inputs, not %d", got, c.inputs, c.want)
		}
	}
}

// A lane that is behind with inputs alone takes more of them while that takes little time.
func TestBatchSizeGrowsByInputs(t *testing.T) {
	var s size
	for range 50 {
		s.learn(s.inputs(), true, time.Millisecond)
	}
	if got := s.inputs(); got != mostBatch {
		t.Errorf("a batch of %d inputs", got)
	}
}

// While inputs are left behind a batch takes twice as many each time, up to a bound; once none are, as
// few as at first.
func TestBatchSizeDoublesWhileInputsAreLeft(t *testing.T) {
	var s size
	var got []int
	for _, owed := range []int{20_000, 20_000, 20_000, 20_000, 100, 20_000} {
		b := &store.Batch{Inputs: make([]engine.Input, min(owed, s.inputs()))}
		b.More = len(b.Inputs) < owed
		s.cut(b)
		got = append(got, len(b.Inputs))
	}
	if want := []int{500, 1000, 2000, 2000, 100, 500}; !slices.Equal(got, want) {
		t.Errorf("batches of %d inputs, want %d", got, want)
	}
}
