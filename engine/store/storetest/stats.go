package storetest

import (
	"sync"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/tally"
)

func sumsUpTallies(_ *testing.T, s *suite) {
	counted := func(entered, done, tagged int) map[engine.TallyKey]int {
		return map[engine.TallyKey]int{
			{Playbook: "welcome", What: tally.Entered}: entered, {Playbook: "welcome", What: tally.Done}: done,
			{Playbook: "welcome", What: tally.TagsAdded, Key: "new"}: tagged,
			{Playbook: "other", What: tally.Entered}:                 1,
		}
	}
	const commits = 600 // more than a driver may leave unsummed
	for range commits {
		s.commit("m-0", 0, &engine.Changes{Tally: counted(3, 1, 2)})
	}
	n, err := s.Stats(s.ctx, "welcome")
	s.must(err)
	want := tally.NewStats()
	want.Entered, want.Done, want.Waiting, want.Tags.Added["new"] = 3*commits, commits, 2*commits, 2*commits
	s.same("stats", n, want)
}

func statsAreOfOneMoment(t *testing.T, s *suite) {
	const commits = 600 // more than a driver may leave unsummed
	ended := make(chan struct{})
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for last, over := 0, false; !over && !t.Failed(); {
				select {
				case <-ended:
					over = true
				default:
				}
				n, err := s.Stats(s.ctx, "welcome")
				switch {
				case err != nil:
					t.Error(err)
				case n.Entered != n.Done || n.Tags.Added["new"] != 2*n.Done || n.Entered < last || over && n.Done != commits:
					t.Errorf("%+v after %d, and it has ended: %v", n, last, over)
				}
				last = n.Entered
			}
		})
	}
	for range commits {
		s.commit("m-0", 0, &engine.Changes{Tally: map[engine.TallyKey]int{
			{Playbook: "welcome", What: tally.Entered}: 1, {Playbook: "welcome", What: tally.Done}: 1,
			{Playbook: "welcome", What: tally.TagsAdded, Key: "new"}: 2,
		}})
	}
	close(ended)
	asking.Wait()
}
