package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

func shardOf(member string) int { return store.ShardOf(member) }

var pendingCases = map[string]func(*testing.T, *suite){
	"gives a shard's undecided inputs in order, up to the limit": func(t *testing.T, s *suite) {
		shard, m := neighbours(2)
		in := s.accept(event("a", m[0], "x"), event("b", m[1], "x"), event("other", stranger(), "x"), event("c", m[0], "x"))
		b := s.pending(shard, 2)
		s.same("inputs", ids(b.Inputs), []string{"a", "b"})
		s.same("more", b.More, true)
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		b = s.pending(shard, 2)
		s.same("inputs", ids(b.Inputs), []string{"c"})
		s.same("more", b.More, false)
		s.same("watermark", b.Watermark, in[1].Seq)
	},
	"gives the members whose waits are due": func(t *testing.T, s *suite) {
		shard, m := neighbours(3)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{
			waiting("late", m[0], now().Add(-time.Minute)), waiting("too", m[0], now().Add(-time.Second)),
			waiting("soon", m[1], now().Add(time.Hour)), waiting("never", m[2], time.Time{}),
		}})
		b := s.pending(shard, 10)
		s.same("due", b.Due, []string{m[0]})
		if b.Horizon.Before(now().Add(-time.Second)) {
			t.Fatalf("the horizon %v is before what is due", b.Horizon)
		}
	},
	"limits the due members too": func(t *testing.T, s *suite) {
		shard, m := neighbours(3)
		c := &engine.Changes{}
		for i, id := range m {
			c.Runs = append(c.Runs, waiting("r"+strconv.Itoa(i), id, now().Add(-time.Minute)))
		}
		s.commit(m[0], 0, c)
		b := s.pending(shard, 2)
		s.same("due", len(b.Due), 2)
		s.same("more", b.More, true)
	},
	"keeps its horizon: nothing accepted later is before it": func(t *testing.T, s *suite) {
		shard, m := neighbours(1)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], now().Add(-time.Second))}})
		// The worker's clock may be ahead of the one that gives instants.
		b, err := s.Pending(s.ctx, shard, now().Add(5*time.Second), 10)
		s.must(err)
		s.same("due", b.Due, m)
		if in := s.accept(event("a", m[0], "x")); in[0].At.Before(b.Horizon) {
			t.Fatalf("accepted at %v, before the horizon %v given out", in[0].At, b.Horizon)
		}
	},
	"gives no horizon beyond what was left behind, nor beyond now": func(t *testing.T, s *suite) {
		shard, m := neighbours(1)
		in := s.accept(event("a", m[0], "x"))
		in = append(in, s.accept(event("b", m[0], "x"))...)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], now().Add(-time.Hour))}})
		if b := s.pending(shard, 1); b.Horizon.After(in[1].At) {
			t.Fatalf("the horizon %v is after the instant %v of an input left behind", b.Horizon, in[1].At)
		}
		earlier := in[0].At.Add(-time.Minute)
		b, err := s.Pending(s.ctx, shard, earlier, 10)
		s.must(err)
		if b.Horizon.After(earlier) {
			t.Fatalf("the horizon %v is after now, %v", b.Horizon, earlier)
		}
	},
	"tells which shards owe something, and when the next wait is due": func(t *testing.T, s *suite) {
		shard, m := neighbours(1)
		at := now()
		shards, next, err := s.Owed(s.ctx, at)
		s.must(err)
		s.same("shards", len(shards), 0)
		s.same("next", next, time.Time{})

		other := stranger()
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("a", m[0], at.Add(-time.Minute)), waiting("b", m[0], at.Add(time.Hour))}})
		s.accept(event("a", other, "x"))
		shards, next, err = s.Owed(s.ctx, at)
		s.must(err)
		want := []int{shard, shardOf(other)}
		slices.Sort(want)
		s.same("shards", shards, want)
		s.same("next", next, at.Add(time.Hour))
	},
}

var historyCases = map[string]func(*testing.T, *suite){
	"gives decided events of a name, by time then seq": func(t *testing.T, s *suite) {
		_, m := neighbours(2)
		old, older := event("old", m[0], "x"), event("older", m[0], "x")
		old.Time, older.Time = now().Add(-time.Hour), now().Add(-2*time.Hour)
		in := s.accept(old, older, event("new", m[0], "x"), event("else", m[0], "y"), event("theirs", m[1], "x"), event("undecided", m[0], "x"))
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
		_, m := neighbours(1)
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
	"stops at the watermark": func(t *testing.T, s *suite) {
		_, m := neighbours(1)
		in := s.accept(event("a", m[0], "x"), event("b", m[0], "x"))
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, in[0].Seq)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"a"})
	},
	"holds events only, and none that was set aside": func(t *testing.T, s *suite) {
		_, m := neighbours(1)
		update := event("u", m[0], "x")
		update.Kind = engine.InputUpdate
		in := s.accept(update, event("bad", m[0], "x"), event("good", m[0], "x"))
		s.commit(m[0], in[2].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: in[1].Seq, Error: "broken"}}})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, in[2].Seq)
		s.must(err)
		s.same("events", ids(h[m[0]]), []string{"good"})
	},
}
