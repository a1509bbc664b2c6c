package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var pendingCases = map[string]func(*testing.T, *suite){
	"counts what is undecided": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		other := s.otherMember()
		in := s.accept(event("a", m[0], "x"),
			engine.Input{Kind: engine.InputTrigger, ID: "t", Member: m[0], Name: "by-hand"},
			engine.Input{Kind: engine.InputSchedule, ID: "s", Member: m[0], Name: "weekly", At: now()},
			event("b", other, "x"))
		depths := func() []store.Depth {
			list, err := s.Depths(s.ctx)
			s.must(err)
			return list
		}
		want := make([]store.Depth, len(s.Lanes()))
		want[lane] = store.Depth{Inputs: 3, Jobs: 2}
		want[s.laneOf(other)].Inputs++
		s.same("before", depths(), want)
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		want[lane].Inputs, want[lane].Jobs = want[lane].Inputs-2, want[lane].Jobs-1
		s.same("after", depths(), want)
	},
	"tells up to where all is decided": func(_ *testing.T, s *suite) {
		_, m := s.membersOfLane(3)
		at := now()
		decided := func(before time.Time) bool {
			yes, err := s.DecidedUpTo(s.ctx, before, now())
			s.must(err)
			return yes
		}
		s.same("nothing has come", decided(at), true)
		s.same("what is to come", decided(at.Add(time.Hour)), false)
		in := s.accept(event("a", m[0], "x"))
		if in[0].At.Before(at) {
			s.t.Fatalf("accepted at %v, before %v", in[0].At, at)
		}
		s.same("all before it", decided(in[0].At), true)
		s.same("not it", decided(in[0].At.Add(time.Millisecond)), false)
		s.commit(m[0], in[0].Seq, &engine.Changes{})
		until := now()
		s.same("now it is", decided(until), true)

		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], until.Add(-time.Minute))}})
		s.same("a wait", decided(until.Add(time.Millisecond-time.Minute)), false)
		s.same("all before it", decided(until.Add(-time.Minute)), true)
		moved := func(member string) *engine.Changes {
			return &engine.Changes{Reevaluations: []engine.Reevaluation{{Member: member, At: until.Add(-2 * time.Minute)}}}
		}
		s.commit(m[2], 0, moved(m[2]))
		s.same("a re-evaluation", decided(until.Add(-time.Minute)), false)
		s.same("all before it", decided(until.Add(-2*time.Minute)), true)
		s.commit(m[2], 0, &engine.Changes{Held: []engine.Held{{Member: m[2], Error: "damaged"}}})
		s.same("one who is held", decided(until.Add(-time.Minute)), true)
		s.commit(m[1], 0, moved(m[1]))
		s.commit(m[1], 0, &engine.Changes{Held: []engine.Held{{Member: m[1], Error: "long", Building: true}}})
		s.same("one whose trees are being built", decided(until.Add(-time.Minute)), false)
		j, _, err := s.AddJob(s.ctx, store.Job{Name: "j", Kind: store.JobSchedule, State: store.JobOpen, At: until.Add(-3 * time.Minute)})
		s.must(err)
		s.same("an occurrence", decided(until.Add(-2*time.Minute)), false)
		s.same("all before it", decided(until.Add(-3*time.Minute)), true)
		_, err = s.CancelJob(s.ctx, j.N, "over", now())
		s.must(err)
		s.same("when it has ended", decided(until.Add(-2*time.Minute)), true)
	},
	"gives a lane's undecided inputs in order, up to the limit": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		other := s.otherMember()
		in := s.accept(event("a", m[0], "x"), event("b", m[1], "x"), event("other", other, "x"), event("c", m[0], "x"))
		b := s.pending(lane, 2)
		s.same("inputs", ids(b.Inputs), []string{"a", "b"})
		s.same("more", b.More, true)
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		b = s.pending(lane, 2)
		left := []string{"c"}
		if s.laneOf(other) == lane {
			left = []string{"other", "c"}
		}
		s.same("inputs", ids(b.Inputs), left)
		s.same("more", b.More, false)
		s.same("watermark", b.Watermark, in[1].Seq)
	},
	"gives the members whose waits are due": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(3)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{
			waiting("late", m[0], now().Add(-time.Minute)), waiting("too", m[0], now().Add(-time.Second)),
			waiting("soon", m[1], now().Add(time.Hour)), waiting("never", m[2], time.Time{}),
		}})
		b := s.pending(lane, 10)
		s.same("due", b.Due, []string{m[0]})
		if b.Horizon.Before(now().Add(-time.Second)) {
			t.Fatalf("the horizon %v is before what is due", b.Horizon)
		}
	},
	"limits the due members too": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(3)
		c := &engine.Changes{}
		for i, id := range m {
			c.Runs = append(c.Runs, waiting("r"+strconv.Itoa(i), id, now().Add(-time.Minute)))
		}
		s.commit(m[0], 0, c)
		b := s.pending(lane, 2)
		s.same("due", len(b.Due), 2)
		s.same("more", b.More, true)
	},
	"keeps its horizon: nothing accepted later is before it": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], now().Add(-time.Second))}})
		// The worker's clock may be ahead of the one that gives instants.
		b, err := s.Pending(s.ctx, lane, now().Add(5*time.Second), 10)
		s.must(err)
		s.same("due", b.Due, m)
		if in := s.accept(event("a", m[0], "x")); in[0].At.Before(b.Horizon) {
			t.Fatalf("accepted at %v, before the horizon %v given out", in[0].At, b.Horizon)
		}
	},
	"gives no horizon beyond what was left behind, nor beyond now": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		in := s.accept(event("a", m[0], "x"))
		in = append(in, s.accept(event("b", m[0], "x"))...)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], now().Add(-time.Hour))}})
		if b := s.pending(lane, 1); b.Horizon.After(in[1].At) {
			t.Fatalf("the horizon %v is after the instant %v of an input left behind", b.Horizon, in[1].At)
		}
		earlier := in[0].At.Add(-time.Minute)
		b, err := s.Pending(s.ctx, lane, earlier, 10)
		s.must(err)
		if b.Horizon.After(earlier) {
			t.Fatalf("the horizon %v is after now, %v", b.Horizon, earlier)
		}
	},
	"gives ahead what is owed behind a batch that is not stored yet": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(4)
		past := now().Add(-time.Minute)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{
			waiting("a", m[0], past), waiting("b", m[1], past), waiting("c", m[2], past.Add(time.Second)),
		}})
		in := s.accept(event("a", m[3], "x"), event("b", m[3], "x"), event("c", m[2], "x"), event("d", m[3], "x"))
		decided := s.pending(lane, 2)
		s.same("decided", ids(decided.Inputs), []string{"a", "b"})
		s.same("due", decided.Due, []string{m[0], m[1]})
		ahead := func(limit int) *store.Batch {
			s.t.Helper()
			b, err := s.Ahead(s.ctx, lane, now(), decided, limit)
			s.must(err)
			return b
		}
		b := ahead(1)
		s.same("inputs", ids(b.Inputs), []string{"c"})
		s.same("behind them", b.More, true)
		if b.Horizon.After(in[3].At) {
			t.Fatalf("the horizon %v is after the instant %v of an input left behind", b.Horizon, in[3].At)
		}
		b = ahead(10)
		s.same("all inputs", ids(b.Inputs), []string{"c", "d"})
		s.same("who is due", b.Due, []string{m[2]})
		s.same("nothing behind them", b.More, false)
		s.same("watermark", b.Watermark, in[1].Seq)
		s.commit(m[3], in[1].Seq, &engine.Changes{})
		then := s.pending(lane, 10)
		s.same("inputs once it is stored", ids(then.Inputs), ids(b.Inputs))
		s.same("watermark once it is stored", then.Watermark, b.Watermark)
		s.same("fence", b.Fence, then.Fence-1) // commit has claimed the lane
	},
	"tells which lanes owe something, and when the next wait is due": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		at := now()
		lanes, next, err := s.Owed(s.ctx, at)
		s.must(err)
		s.same("lanes", len(lanes), 0)
		s.same("next", next, time.Time{})

		other := s.otherMember()
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{
			waiting("a", m[0], at.Add(-time.Minute)),
			waiting("b", m[0], at.Add(time.Hour)),
		}})
		s.accept(event("a", other, "x"))
		lanes, next, err = s.Owed(s.ctx, at)
		s.must(err)
		want := []int{lane, s.laneOf(other)}
		slices.Sort(want)
		want = slices.Compact(want)
		s.same("lanes", lanes, want)
		s.same("next", next, at.Add(time.Hour))
	},
}
