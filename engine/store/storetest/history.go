package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var historyCases = map[string]func(*testing.T, *suite){
	"gives decided events of a name, by time then seq": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		old, older := event("old", m[0], "x"), event("older", m[0], "x")
		old.Time, older.Time = now().Add(-time.Hour), now().Add(-2*time.Hour)
		in := s.accept(old, older, event("new", m[0], "x"), event("else", m[0], "y"), event("theirs", m[1], "x"),
			event("undecided", m[0], "x"))
		mark := in[4].Seq
		s.commit(m[0], mark, &engine.Changes{})
		h, err := s.History(s.ctx, m[:1], []store.HistoryQuery{{Event: "x"}}, mark)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"older", "old", "new"})
		s.same("members", len(h), 1)
		h, err = s.History(s.ctx, m, []store.HistoryQuery{{Event: "x", Since: old.Time}, {Event: "y"}}, mark)
		s.must(err)
		s.same("events", len(h[m[0]]), 3)
		s.same("events of the other", ids(h[m[1]]), []string{"theirs"})
	},
	"gives a backfilled event at its time, as what it is": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		old := event("old", m[0], "x")
		old.Time, old.Payload = now().AddDate(-1, 0, 0), &engine.Payload{Backfill: true}
		in := s.accept(event("new", m[0], "x"), old)
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, in[1].Seq)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"old", "new"})
		p, err := h[m[0]][0].Decode()
		s.must(err)
		s.same("backfill", p.Backfill, true)
		h, err = s.History(s.ctx, m, []store.HistoryQuery{{Event: "x", Since: now().AddDate(0, -1, 0)}}, in[1].Seq)
		s.must(err)
		s.same("events of a month", ids(h[m[0]]), []string{"new"})
	},
	"gives many events of nobody, and all of the others": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(4)
		var list []engine.Input
		for i, n := range []int{2, 9, 3, 4} {
			for k := range n {
				list = append(list, event(fmt.Sprint(m[i], "-", k), m[i], "x"))
			}
		}
		in := s.accept(list...)
		mark := in[len(in)-1].Seq
		s.commit(m[0], mark, &engine.Changes{})
		for _, some := range [][]string{m, m[1:2]} {
			h, err := s.History(s.ctx, some, []store.HistoryQuery{{Event: "x", Most: 3, Without: m[2:3]}}, mark)
			s.must(err)
			s.same("of the one with many", ids(h[m[1]]), []string{m[1] + "-0", m[1] + "-1", m[1] + "-2", m[1] + "-3"})
			s.same("of the one left out", len(h[m[2]]), 0)
			if len(some) > 1 {
				s.same("of the others", []int{len(h[m[0]]), len(h[m[3]])}, []int{2, 4})
			}
		}
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x", Most: 3, Of: m[:3], Without: m[2:3]}}, mark)
		s.must(err)
		s.same("of some", []int{len(h[m[0]]), len(h[m[1]]), len(h[m[2]]), len(h[m[3]])}, []int{2, 4, 0, 0})
	},
	"stops at the watermark": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		in := s.accept(event("a", m[0], "x"), event("b", m[0], "x"))
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, in[0].Seq)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"a"})
	},
	"holds events only, and none that was set aside": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		update := event("u", m[0], "x")
		update.Kind = engine.InputUpdate
		in := s.accept(update, event("bad", m[0], "x"), event("good", m[0], "x"))
		s.commit(m[0], in[2].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: in[1].Seq, Error: "broken"}}})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, in[2].Seq)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"good"})
	},
	"tells when a member was last seen, by events that changed nothing else": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		met := now().Add(-time.Hour)
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{
			{ID: m[0], LastSeenAt: met}, {ID: m[1], LastSeenAt: met},
		}})
		emitted, old, update := event("emitted", m[1], "x"), event("old", m[1], "x"), event("update", m[1], "x")
		emitted.Payload, old.Payload = &engine.Payload{Depth: 1}, &engine.Payload{Backfill: true}
		update.Kind = engine.InputUpdate
		in := s.accept(event("a", m[0], "x"), event("b", m[0], "y"), event("bad", m[0], "x"), emitted, old, update)
		check := func(what string, want time.Time) {
			t.Helper()
			states, err := s.States(s.ctx, m, nil)
			s.must(err)
			s.same(what, states[m[0]].Member.LastSeenAt, want)
			s.same("what is not their doing", states[m[1]].Member.LastSeenAt, met)
			one, err := s.Member(s.ctx, m[0])
			s.must(err)
			s.same(what+", as a member", one.LastSeenAt, want)
			all, err := s.SubjectsAfter(s.ctx, store.Members, "", 10)
			s.must(err)
			s.same(what+", among all", all[0].Member.LastSeenAt, want)
		}
		check("before anything is decided", met)
		s.commit(m[0], in[0].Seq, &engine.Changes{})
		check("after the first", in[0].At)
		s.commit(m[0], in[5].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: in[2].Seq, Error: "broken"}}})
		check("after all", in[1].At)
		late := in[1].At.Add(time.Minute)
		s.commit(m[0], in[5].Seq, &engine.Changes{Members: []*engine.Member{{ID: m[0], LastSeenAt: late}}})
		check("when it is stored", late)
	},
}
