package worker

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// The quota follows what is decided: about as much as 20 ms take, never more than the most, and the
// least when live inputs are behind.
func TestQuotaFollowsWhatIsDecided(t *testing.T) {
	now := time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		perSecond int
		live      int
		want      int
	}{
		{"nothing is decided", 0, 0, leastJobs},
		{"slowly", 1000, 0, leastJobs},
		{"well", 10_000, 0, 200},
		{"very fast", 200_000, 0, mostJobs},
		{"live inputs are behind", 10_000, mostJobs + 1, leastJobs},
	} {
		p, undecided, quota := &pace{}, 0, 0
		for range 1000 { // every 5 ms, five seconds
			now = now.Add(jobPoll)
			undecided = max(0, undecided-c.perSecond/200)
			room := p.room(store.Depth{Inputs: undecided + c.live, Jobs: undecided}, now)
			quota = room + undecided
			if room > 0 {
				p.added(room)
				undecided += room
			}
			if undecided > mostJobs {
				t.Fatalf("%s: %d undecided", c.name, undecided)
			}
		}
		if quota < c.want*9/10 || quota > c.want*11/10 {
			t.Errorf("%s: a quota of %d, not about %d", c.name, quota, c.want)
		}
	}
}
