package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var scheduleCases = map[string]func(*testing.T, *suite){
	"records an occurrence once": func(t *testing.T, s *suite) {
		if _, err := s.LastOccurrence(s.ctx, "weekly"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("before the first: %v", err)
		}
		at := now()
		o := store.Occurrence{Playbook: "weekly", At: at}
		for i, want := range []bool{true, false} {
			first, err := s.RecordOccurrence(s.ctx, o)
			s.must(err)
			s.same(fmt.Sprint("record ", i), first, want)
		}
		_, err := s.RecordOccurrence(s.ctx, store.Occurrence{Playbook: "weekly", At: at.Add(-time.Hour), Done: true})
		s.must(err)
		last, err := s.LastOccurrence(s.ctx, "weekly")
		s.must(err)
		s.same("last", last, o)
		open, err := s.OpenOccurrences(s.ctx)
		s.must(err)
		s.same("open", open, []store.Occurrence{o})
	},
	"fans out with its cursor, and skips what is known": func(t *testing.T, s *suite) {
		shard, m := membersOfShard(2)
		o := store.Occurrence{Playbook: "weekly", At: now().Add(-time.Minute)}
		_, err := s.RecordOccurrence(s.ctx, o)
		s.must(err)
		input := func(member string) engine.Input {
			return engine.Input{
				Kind: engine.InputSchedule, ID: "schedule:weekly:" + member, Member: member, Name: "weekly",
				At: o.At,
			}
		}
		o.Cursor = m[0]
		s.must(s.FanOut(s.ctx, o, []engine.Input{input(m[0])}))
		open, err := s.OpenOccurrences(s.ctx)
		s.must(err)
		s.same("open", open, []store.Occurrence{o})
		o.Cursor, o.Done = m[1], true
		s.must(s.FanOut(s.ctx, o, []engine.Input{input(m[0]), input(m[1])}))
		b := s.pending(shard, 10)
		s.same("inputs", ids(b.Inputs), []string{"schedule:weekly:" + m[0], "schedule:weekly:" + m[1]})
		s.same("instant", b.Inputs[0].At, o.At)
		n, err := s.Backlog(s.ctx, engine.InputSchedule)
		s.must(err)
		s.same("backlog", n, 2)
		s.commit(m[0], b.Inputs[0].Seq, &engine.Changes{})
		n, err = s.Backlog(s.ctx, engine.InputSchedule)
		s.must(err)
		s.same("backlog", n, 1)
		open, err = s.OpenOccurrences(s.ctx)
		s.must(err)
		s.same("open", len(open), 0)
	},
	"pages over all members by id": func(t *testing.T, s *suite) {
		_, m := membersOfShard(1)
		c := &engine.Changes{}
		for _, id := range []string{"c", "a", "b"} {
			c.Members = append(c.Members, &engine.Member{ID: id, Points: 1})
		}
		in := s.accept(event("e", "b", "x"))
		s.commit("b", in[0].Seq, &engine.Changes{})
		s.commit(m[0], 0, c)
		var got []string
		for cursor := ""; ; {
			page, err := s.MembersAfter(s.ctx, cursor, 2)
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
