package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var segmentCases = map[string]func(*testing.T, *suite){
	"a re-evaluation that is due is owed like a wait": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(3)
		at := now()
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0], ReevaluateAt: at.Add(-time.Minute)}},
			Reevaluations: []engine.Reevaluation{
				{Member: m[0], At: at.Add(-time.Minute)},
				{Member: m[1], At: at.Add(-time.Second)},
				{Member: m[2], At: at.Add(time.Hour)},
			},
			Runs: []*engine.Run{waiting("r", m[1], at.Add(-time.Hour))},
		})
		due := func() []string {
			list := s.pending(lane, 10).Due
			slices.Sort(list)
			return list
		}
		s.same("due", due(), m[:2])
		s.same("limited", len(s.pending(lane, 1).Due), 1)
		s.same("more", s.pending(lane, 1).More, true)
		lanes, next, err := s.Owed(s.ctx, at)
		s.must(err)
		s.same("lanes", lanes, []int{lane})
		s.same("next", next, at.Add(time.Hour))
		s.same("kept with the member", s.states(m[:1], nil)[m[0]].Member.ReevaluateAt, at.Add(-time.Minute))

		s.commit(m[0], 0, &engine.Changes{Reevaluations: []engine.Reevaluation{
			{Member: m[0]},
			{Member: m[1], At: at.Add(2 * time.Hour)},
			{Member: m[2], At: at},
		}})
		s.same("due", due(), m[1:])
	},
	"a re-evaluation of an earlier owner is not stored": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		old, err := s.Claim(s.ctx, lane)
		s.must(err)
		_, err = s.Claim(s.ctx, lane)
		s.must(err)
		if err := s.Commit(s.ctx, lane, old, 0,
			&engine.Changes{Reevaluations: []engine.Reevaluation{{Member: m[0], At: now()}}}); err == nil {
			t.Fatal("an earlier owner committed")
		}
		s.same("due", len(s.pending(lane, 10).Due), 0)
	},
	"a watch goes on while its definition is the same": func(t *testing.T, s *suite) {
		at := now()
		watch := func(segments map[string]string, now time.Time) map[string]time.Time {
			since, err := s.WatchSegments(s.ctx, segments, now)
			s.must(err)
			return since
		}
		later, last := at.Add(time.Hour), at.Add(2*time.Hour)
		s.same("begun", watch(map[string]string{"loyal": "d1", "gone": "d2"}, at),
			map[string]time.Time{"loyal": at, "gone": at})
		s.same("again", watch(map[string]string{"loyal": "d1", "gone": "d2"}, later),
			map[string]time.Time{"loyal": at, "gone": at})
		s.same("changed", watch(map[string]string{"loyal": "d1", "new": "d3"}, later),
			map[string]time.Time{"loyal": at, "new": later})
		s.same("redefined, and back again", watch(map[string]string{"loyal": "d9", "new": "d3", "gone": "d2"}, last),
			map[string]time.Time{"loyal": last, "new": later, "gone": last})
		s.same("none", watch(nil, last), map[string]time.Time{})
		open, err := s.OpenJobs(s.ctx)
		s.must(err)
		var begun []time.Time
		for _, j := range open {
			s.same("job", j.Kind, store.JobReevaluation)
			begun = append(begun, j.At)
		}
		s.same("members are looked at once for each beginning", begun, []time.Time{at, later, last})
	},
}
