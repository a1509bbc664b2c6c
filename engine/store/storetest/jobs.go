package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// job is one that is open.
func (s *suite) job(name string, change func(*store.Job)) store.Job {
	s.t.Helper()
	j := store.Job{
		Name: name, Kind: store.JobTrigger, Playbook: "by-hand", Segment: "loyal", At: now(), By: "admin",
		Data: []byte(`{"properties":{"n":1}}`), State: store.JobOpen,
	}
	if change != nil {
		change(&j)
	}
	stored, first, err := s.AddJob(s.ctx, j)
	s.must(err)
	s.same("it is the first", first, true)
	j.N, j.Members = stored.N, nil
	s.same("stored", stored, j)
	return stored
}

func (s *suite) openJobs() []store.Job {
	s.t.Helper()
	open, err := s.OpenJobs(s.ctx)
	s.must(err)
	return open
}

var jobCases = map[string]func(*testing.T, *suite){
	"adds a job once under its name": func(t *testing.T, s *suite) {
		first := s.job("a", func(j *store.Job) { j.Segment, j.Members = "", []string{"m1", "m2"} })
		again, isFirst, err := s.AddJob(s.ctx, store.Job{Name: "a", Kind: store.JobSchedule, State: store.JobDone})
		s.must(err)
		s.same("again", isFirst, false)
		s.same("the first stays", again, first)
		whole, err := s.Job(s.ctx, first.N)
		s.must(err)
		s.same("its members", whole.Members, []string{"m1", "m2"})
		second := s.job("b", nil)
		s.same("open, oldest first", s.openJobs(), []store.Job{first, second})
		if _, err := s.Job(s.ctx, second.N+1); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("one that there is not: %v", err)
		}
	},
	"knows the latest occurrence of a playbook": func(t *testing.T, s *suite) {
		if _, err := s.LastOccurrence(s.ctx, "weekly", ""); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("before the first: %v", err)
		}
		add := func(name string, at time.Time, state store.JobState) store.Job {
			return s.job(name, func(j *store.Job) {
				j.Kind, j.Playbook, j.At, j.State = store.JobSchedule, "weekly", at, state
			})
		}
		latest := add("late", now(), store.JobSkipped)
		add("early", now().Add(-time.Hour), store.JobOpen)
		s.job("a call", func(j *store.Job) { j.Playbook, j.At = "weekly", now().Add(time.Hour) })
		last, err := s.LastOccurrence(s.ctx, "weekly", "")
		s.must(err)
		s.same("last", last, latest)
	},
	"knows the latest occurrence of each of several schedules": func(t *testing.T, s *suite) {
		add := func(name, via string, at time.Time) store.Job {
			return s.job(name, func(j *store.Job) {
				j.Kind, j.Playbook, j.Via, j.At = store.JobSchedule, "weekly", via, at
			})
		}
		alone, daily := add("a", "", now()), add("b", "daily", now().Add(-time.Hour))
		monthly := add("c", "monthly", now().Add(time.Hour))
		for via, want := range map[string]store.Job{"": alone, "daily": daily, "monthly": monthly} {
			last, err := s.LastOccurrence(s.ctx, "weekly", via)
			s.must(err)
			s.same("last of "+via, last, want)
		}
		if _, err := s.LastOccurrence(s.ctx, "weekly", "hourly"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("before the first: %v", err)
		}
	},
	"advances with its inputs, or not at all": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(3)
		j := s.job("a", func(j *store.Job) { j.Kind, j.At = store.JobSchedule, now().Add(-time.Minute) })
		input := func(member string) engine.Input {
			return engine.Input{
				Kind: engine.InputSchedule, ID: "schedule:weekly:" + member, Member: member, Name: "weekly", At: j.At,
			}
		}
		step := store.Progress{Job: j.N, To: m[0], Inputs: []engine.Input{input(m[0])}, LookedAt: 5, PassedOver: 1}
		j, err := s.Advance(s.ctx, step)
		s.must(err)
		s.same("open", s.openJobs(), []store.Job{j})
		s.same("counts", []int{j.LookedAt, j.Reached, j.PassedOver}, []int{5, 1, 1})
		late := step
		late.Inputs = []engine.Input{input(m[2])}
		if _, err := s.Advance(s.ctx, late); !errors.Is(err, store.ErrStale) {
			t.Fatalf("who is behind: %v", err)
		}
		end := now()
		j, err = s.Advance(s.ctx, store.Progress{
			Job: j.N, From: m[0], To: m[1], Inputs: []engine.Input{input(m[0]), input(m[1])}, LookedAt: 2,
			End: store.JobDone, At: end,
		})
		s.must(err)
		s.same("counts", []int{j.LookedAt, j.Reached, j.PassedOver}, []int{7, 2, 1})
		s.same("ended", j.EndedAt, end)
		stored, err := s.Job(s.ctx, j.N)
		s.must(err)
		s.same("stored", stored, j)
		s.same("open", len(s.openJobs()), 0)
		b := s.pending(lane, 10)
		s.same("inputs", ids(b.Inputs), []string{"schedule:weekly:" + m[0], "schedule:weekly:" + m[1]})
		s.same("instant", b.Inputs[0].At, j.At)
		if _, err := s.Advance(s.ctx, store.Progress{Job: j.N, From: m[1], To: m[2]}); !errors.Is(err, store.ErrStale) {
			t.Fatalf("one that has ended: %v", err)
		}
	},
	"pages over jobs, newest first, by any filter": func(t *testing.T, s *suite) {
		for i, name := range []string{"a", "b", "c", "d"} {
			s.job(name, func(j *store.Job) {
				j.Playbook = []string{"one", "two"}[i/2]
				j.State = []store.JobState{store.JobOpen, store.JobDone}[i%2]
			})
		}
		list := func(f store.JobFilter) (names string) {
			f.Limit = 1
			for {
				page, next, err := s.Jobs(s.ctx, f)
				s.must(err)
				for _, j := range page {
					names += j.Name
				}
				if f.Cursor = next; next == "" {
					return names
				}
			}
		}
		s.same("all", list(store.JobFilter{}), "dcba")
		s.same("playbook", list(store.JobFilter{Playbook: "two"}), "dc")
		s.same("state", list(store.JobFilter{State: store.JobDone}), "db")
		s.same("both", list(store.JobFilter{State: store.JobDone, Playbook: "one"}), "b")
		if _, _, err := s.Jobs(s.ctx, store.JobFilter{Cursor: "x", Limit: 1}); !errors.Is(err, store.ErrCursor) {
			t.Fatalf("a cursor that no list gave: %v", err)
		}
	},
	"cancels an open job": func(t *testing.T, s *suite) {
		j := s.job("a", nil)
		at := now()
		cancelled, err := s.CancelJob(s.ctx, j.N, "by hand", at)
		s.must(err)
		j.State, j.Reason, j.EndedAt = store.JobCancelled, "by hand", at
		s.same("cancelled", cancelled, j)
		s.same("open", len(s.openJobs()), 0)
		in := engine.Input{Kind: engine.InputTrigger, ID: "t", Member: "m", Name: "by-hand"}
		_, err = s.Advance(s.ctx, store.Progress{Job: j.N, To: "m", Inputs: []engine.Input{in}})
		if !errors.Is(err, store.ErrStale) {
			t.Fatalf("it moves on: %v", err)
		}
		s.same("inputs", len(s.pending(s.laneOf("m"), 10).Inputs), 0)
		again, err := s.CancelJob(s.ctx, j.N, "again", at.Add(time.Hour))
		if !errors.Is(err, store.ErrConflict) {
			t.Fatalf("once more: %v", err)
		}
		s.same("it stays", again, j)
		if _, err := s.CancelJob(s.ctx, j.N+1, "", at); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("one that there is not: %v", err)
		}
	},
	"tells members from objects, and these by kind": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		c := &engine.Changes{}
		all := []string{
			naming.ObjectID("group", "a"), naming.ObjectID("group", "b"), naming.ObjectID("groups", "a"), naming.ObjectID("store", "a"),
			"a", "group", "z",
		}
		for _, id := range []string{all[4], all[1], all[6], all[3], all[2], all[0], all[5]} {
			c.Members = append(c.Members, &engine.Member{ID: id, Points: 1})
		}
		s.commit(m[0], 0, c)
		for kind, want := range map[string][]string{
			"group": all[:2], "groups": all[2:3], "store": all[3:4], store.Members: all[4:], store.Everybody: all, "nothing": nil,
		} {
			var got []string
			for cursor := ""; ; {
				page, err := s.SubjectsAfter(s.ctx, kind, cursor, 2)
				s.must(err)
				if len(page) == 0 {
					break
				}
				for _, member := range page {
					got, cursor = append(got, member.ID), member.ID
				}
			}
			s.same("those of "+kind, got, want)
		}
	},
	"pages over all members by id": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		c := &engine.Changes{}
		for _, id := range []string{"c", "a", "b"} {
			c.Members = append(c.Members, &engine.Member{ID: id, Points: 1})
		}
		in := s.accept(event("e", "b", "x"))
		s.commit("b", in[0].Seq, &engine.Changes{})
		s.commit(m[0], 0, c)
		var got []string
		for cursor := ""; ; {
			page, err := s.SubjectsAfter(s.ctx, store.Members, cursor, 2)
			s.must(err)
			if len(page) == 0 {
				break
			}
			for _, member := range page {
				got, cursor = append(got, member.ID), member.ID
			}
		}
		s.same("members", got, []string{"a", "b", "c"})
	},
}
