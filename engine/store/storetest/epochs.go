package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
)

var epochCases = map[string]func(*testing.T, *suite){
	"gives the same epoch the same number": func(t *testing.T, s *suite) {
		e := store.Epoch{
			Workspace: "h1", Engine: 1, Zones: "z", Paused: []string{"a", "b"}, Watched: map[string]time.Time{"s": now()},
		}
		n, err := s.BeginEpoch(s.ctx, e)
		s.must(err)
		other := e
		other.Paused = nil
		m, err := s.BeginEpoch(s.ctx, other)
		s.must(err)
		again, err := s.BeginEpoch(s.ctx, e)
		s.must(err)
		if n == 0 || m == n || again != n {
			t.Errorf("epochs %d, %d and again %d", n, m, again)
		}
		got, err := s.Epoch(s.ctx, n)
		s.must(err)
		s.same("epoch", got, e)
		if _, err := s.Epoch(s.ctx, m+n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an epoch that never began: %v", err)
		}
	},
	"refuses what was decided under an epoch that is over": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		claimed, err := s.Claim(s.ctx, lane)
		s.must(err)
		watch := map[string]string{"s": "x"}
		for what, end := range map[string]func() error{
			"another epoch": func() error { _, err := s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h2"}); return err },
			"a workspace":   func() error { return s.Activate(s.ctx, store.Bundle{Hash: "h3"}, nil, now()) },
			"a pause":       func() error { return s.SetPaused(s.ctx, "a", true, now()) },
			"its end":       func() error { return s.SetPaused(s.ctx, "a", false, now()) },
			"a watch":       func() error { _, err := s.WatchSegments(s.ctx, watch, now()); return err },
			"its own end":   func() error { _, err := s.WatchSegments(s.ctx, nil, now()); return err },
		} {
			watch["s"] += "x" // another one each time
			n, err := s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h1"})
			s.must(err)
			c := &engine.Changes{Epoch: n, Members: []*engine.Member{{ID: m[0]}}}
			s.must(s.Commit(s.ctx, lane, claimed, 0, c))
			if what == "its own end" {
				_, err := s.WatchSegments(s.ctx, watch, now())
				s.must(err)
				_, err = s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h1"})
				s.must(err)
			}
			s.must(end())
			if err := s.Commit(s.ctx, lane, claimed, 0, c); !errors.Is(err, store.ErrStale) {
				t.Errorf("after %s: %v", what, err)
			}
			_, err = s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h1"})
			s.must(err)
			s.must(s.Commit(s.ctx, lane, claimed, 0, c))
		}
	},
	"gives back what was decided by the subjects' hash": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(40)
		var events []engine.Input
		for i := range 3 * len(m) {
			events = append(events, event(fmt.Sprint("e", i), m[i%len(m)], "x"))
		}
		before, err := s.Extent(s.ctx)
		s.must(err)
		in := s.accept(events...)
		c := &engine.Changes{}
		for i := range in {
			r := refusal(engine.Decision{At: in[i].At, Member: in[i].Member, Playbook: "p", Input: in[i].ID, Reason: "condition"})
			r.Seq = in[i].Seq
			c.Records = append(c.Records, r)
		}
		s.commit(m[0], in[len(in)-1].Seq, c)
		after, err := s.Extent(s.ctx)
		s.must(err)
		if n := after - before; n < int64(2*len(in)) || n > int64(3*len(in)) {
			t.Errorf("%d inputs and records are %d", 2*len(in), n)
		}
		type order struct{ hash, seq int64 }
		last := order{}
		rises := func(what, member string, seq int64) {
			now := order{store.HashOf(store.SubjectMember, member), seq}
			if now.hash < last.hash || now.hash == last.hash && now.seq <= last.seq {
				t.Errorf("the %s of %s are out of order", what, member)
			}
			last = now
		}
		var inputs, decided []string
		for in, err := range s.Decided(s.ctx, lane, "") {
			s.must(err)
			rises("inputs", in.Member, in.Seq)
			inputs = append(inputs, in.ID)
		}
		last = order{}
		for r, err := range s.Records(s.ctx, lane, "") {
			s.must(err)
			rises("records", r.Member, r.Seq)
			decided = append(decided, r.Input)
		}
		slices.Sort(inputs)
		slices.Sort(decided)
		want := ids(in)
		slices.Sort(want)
		s.same("inputs", inputs, want)
		s.same("records", decided, want)
	},
	"gives back what was decided, under which epoch": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		in := s.accept(event("a", m[0], "x"), event("b", m[1], "x"), event("c", m[0], "x"), event("d", m[0], "x"))
		refuse := func(in *engine.Input, due bool) engine.Record {
			r := refusal(engine.Decision{At: in.At, Member: in.Member, Playbook: "p", Input: in.ID, Reason: "condition"})
			if r.Due = due; !due {
				r.Seq = in.Seq
			}
			return r
		}
		one, err := s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h1"})
		s.must(err)
		s.commit(m[0], in[0].Seq, &engine.Changes{Epoch: one, Records: []engine.Record{refuse(&in[0], false)}})
		two, err := s.BeginEpoch(s.ctx, store.Epoch{Workspace: "h2"})
		s.must(err)
		s.commit(m[0], in[2].Seq, &engine.Changes{
			Epoch: two, Records: []engine.Record{refuse(&in[2], true), refuse(&in[2], false)},
			Poisoned: []engine.Poisoned{{Seq: in[1].Seq, Error: "broken"}},
		})
		inputs := all(s, s.Decided(s.ctx, lane, ""))
		s.same("decided", ids(inputs), []string{"a", "c"})
		s.same("of another", len(all(s, s.Decided(s.ctx, lane, m[1]))), 0)
		list := all(s, s.Records(s.ctx, lane, m[0]))
		type decided struct {
			Seq, Epoch int64
			Due        bool
			Input      string
		}
		var got []decided
		for i := range list {
			r := &list[i]
			got = append(got, decided{r.Seq, r.Epoch, r.Due, r.Input})
			if data, _, err := records.Encode(&r.Record); err != nil || string(data) != string(r.Data) {
				t.Errorf("record %s was %s, %v", data, r.Data, err)
			}
		}
		s.same("records", got, []decided{
			{in[0].Seq, one, false, "a"}, {in[0].Seq, two, true, "c"}, {in[2].Seq, two, false, "c"},
		})
		s.same("records of another", len(all(s, s.Records(s.ctx, lane, m[1]))), 0)
		spans, err := s.Spans(s.ctx, lane)
		s.must(err)
		s.same("spans", spans, []store.Span{{Seq: 0, Epoch: one}, {Seq: in[0].Seq, Epoch: two}})
	},
}

// all returns what there is to go through.
func all[T any](s *suite, list iter.Seq2[T, error]) (found []T) {
	for one, err := range list {
		s.must(err)
		found = append(found, one)
	}
	return found
}
