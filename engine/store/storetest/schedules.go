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
		shard, m := neighbours(2)
		o := store.Occurrence{Playbook: "weekly", At: now().Add(-time.Minute)}
		_, err := s.RecordOccurrence(s.ctx, o)
		s.must(err)
		input := func(member string) engine.Input {
			return engine.Input{Kind: engine.InputSchedule, ID: "schedule:weekly:" + member, Member: member, Name: "weekly", At: o.At}
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
		_, m := neighbours(1)
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

var registryCases = map[string]func(*testing.T, *suite){
	"holds the active workspace and those before it": func(t *testing.T, s *suite) {
		if _, _, err := s.Active(s.ctx); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("before the first: %v", err)
		}
		one := store.Bundle{Hash: "h1", Files: map[string][]byte{"usher.yaml": []byte("usher: 1\n"), "playbooks/a.yaml": {0xff, 0}}}
		two := store.Bundle{Hash: "h2", Files: map[string][]byte{"usher.yaml": []byte("usher: 1\n# two\n")}}
		s.must(s.Activate(s.ctx, one, map[string]string{"a": "rev-a1", "b": "rev-b"}, now()))
		s.must(s.Activate(s.ctx, two, map[string]string{"a": "rev-a2"}, now()))
		hash, paused, err := s.Active(s.ctx)
		s.must(err)
		s.same("active", hash, "h2")
		s.same("paused", len(paused), 0)
		got, err := s.Bundle(s.ctx, "h1")
		s.must(err)
		s.same("bundle", got, one)
		hash, err = s.BundleOf(s.ctx, "rev-a1")
		s.must(err)
		s.same("bundle of an old revision", hash, "h1")
		if _, err := s.BundleOf(s.ctx, "rev-c"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown revision: %v", err)
		}
		if _, err := s.Bundle(s.ctx, "h3"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown bundle: %v", err)
		}
		s.must(s.Activate(s.ctx, one, map[string]string{"a": "rev-a1"}, now()))
		hash, _, err = s.Active(s.ctx)
		s.must(err)
		s.same("back again", hash, "h1")
	},
	"pauses over HTTP outlive what is activated": func(t *testing.T, s *suite) {
		s.must(s.SetPaused(s.ctx, "a", true, now()))
		s.must(s.SetPaused(s.ctx, "a", true, now()))
		s.must(s.SetPaused(s.ctx, "b", true, now()))
		s.must(s.SetPaused(s.ctx, "b", false, now()))
		s.must(s.Activate(s.ctx, store.Bundle{Hash: "h"}, nil, now()))
		_, paused, err := s.Active(s.ctx)
		s.must(err)
		s.same("paused", paused, map[string]bool{"a": true})
	},
	"keeps one secret": func(t *testing.T, s *suite) {
		one, err := s.Secret(s.ctx)
		s.must(err)
		two, err := s.Secret(s.ctx)
		s.must(err)
		s.same("secret", one, two)
		if len(one) < 32 {
			t.Fatalf("a secret of %d bytes", len(one))
		}
	},
}
