package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var asideCases = map[string]func(*testing.T, *suite){
	"says by its type that content is refused, whose it is, and stores nothing of it": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		fence, err := s.Claim(s.ctx, lane)
		s.must(err)
		s.must(s.Commit(s.ctx, lane, fence, 0, &engine.Changes{Coupons: []engine.Coupon{{Code: "taken", Member: m[0]}}}))
		run := func(change func(*engine.Run)) *engine.Run {
			r := waiting("r", m[1], now())
			change(r)
			return r
		}
		what := map[string]any{"x": make(chan int)}
		for name, c := range map[string]*engine.Changes{
			"a member":             {Members: []*engine.Member{{ID: m[1], Attributes: what}}},
			"a trigger":            {Runs: []*engine.Run{run(func(r *engine.Run) { r.Trigger = what })}},
			"results":              {Runs: []*engine.Run{run(func(r *engine.Run) { r.Actions = map[string]map[string]any{"a": what} })}},
			"a trace":              {Records: []engine.Record{steps(run(func(*engine.Run) {}), engine.TraceEntry{Detail: what})}},
			"a refusal":            {Records: []engine.Record{refusal(engine.Decision{Member: m[1], Seen: what})}},
			"a code that is taken": {Coupons: []engine.Coupon{{Code: "taken", Member: m[1]}}},
			"a run that is not there": {Runs: []*engine.Run{run(func(r *engine.Run) {
				r.New, r.ID = false, "nowhere"
			})}},
			"a time that no calendar has": {Members: []*engine.Member{{
				ID:        m[1],
				CreatedAt: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC),
			}}},
		} {
			c.Members = append(c.Members, &engine.Member{ID: m[0], Points: 7})
			for way, err := range map[string]error{
				"Commit": s.Commit(s.ctx, lane, fence, 0, c),
				"Try":    s.Try(s.ctx, lane, c),
			} {
				var refused *store.Unstorable
				if !errors.As(err, &refused) || refused.Member != m[1] {
					t.Errorf("%s of %s: %v (%+v)", way, name, err, refused)
				}
			}
		}
		for _, c := range []*engine.Changes{
			{Emitted: []engine.Input{{
				Kind: engine.InputEvent, ID: "e", Member: m[0], Name: "x",
				Payload: &engine.Payload{Properties: what},
			}}},
			{Cascaded: []engine.Input{{
				Kind: engine.InputEvent, ID: "e", Member: m[0], Name: "x",
				Payload: &engine.Payload{Properties: what},
			}}},
		} {
			var refused *store.Unstorable
			if err := s.Commit(s.ctx, lane, fence, 0, c); !errors.As(err, &refused) {
				t.Errorf("an event: %v", err)
			}
		}
		s.same("nothing was stored", s.states(m, nil)[m[0]].Member, (*engine.Member)(nil))
	},
	"a stale batch is not refused for its content": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		var refused *store.Unstorable
		err := s.Commit(s.ctx, lane, 99, 0, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}})
		if !errors.Is(err, store.ErrStale) || errors.As(err, &refused) {
			t.Fatalf("%v", err)
		}
	},
	"tries without storing": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		c := recorded(&engine.Changes{
			Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{waiting("r", m[0], now())},
			Coupons:  []engine.Coupon{{Code: "c", Pool: "ten", Member: m[0]}},
			Cascaded: []engine.Input{event("e", m[0], "x")},
		})
		s.must(s.Try(s.ctx, lane, c))
		s.must(s.Try(s.ctx, lane, c))
		s.same("member", s.states(m, nil)[m[0]].Member, (*engine.Member)(nil))
		s.commit(m[0], 0, c)
		s.same("runs", len(s.states(m, nil)[m[0]].Runs), 1)
	},
	"a result that is set aside fails the run that holds for it": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0]}},
			Runs:    []*engine.Run{waiting("r", m[0], time.Time{})},
		})
		in := s.accept(engine.Input{Kind: engine.InputResult, ID: "answer", Member: m[0], Name: "r"})
		s.commit(m[0], in[0].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{
			Seq: in[0].Seq, Run: "r",
			Playbook: "welcome", Error: "broken",
		}}})
		r := s.run("r")
		s.same("run", []any{r.State, r.Reason, r.EndedAt}, []any{engine.RunFailed, "broken", in[0].At})
	},
	"lists inputs, waits and re-evaluations that were set aside": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{waiting("r", m[0], at)}})
		in := s.accept(event("bad", m[0], "x"))
		s.commit(m[0], in[0].Seq, &engine.Changes{Poisoned: []engine.Poisoned{
			{Seq: in[0].Seq, Error: "one"}, {Run: "r", At: at, Error: "two"}, {Member: m[0], At: at, Error: "three"},
		}})
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 5})
		s.must(err)
		for i := range list {
			list[i].N = 0
		}
		s.same("failures", list, []store.Failure{
			{At: at, What: "reevaluation", ID: m[0], Member: m[0], Error: "three"},
			{At: at, What: "wait", ID: "r", Member: m[0], Error: "two"},
			{At: in[0].At, What: "input", ID: "bad", Member: m[0], Error: "one"},
		})
	},
	"makes parked runs due, and no others": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		other, parked, late := waiting("other", m[0], at.Add(time.Hour)), waiting("parked", m[0], at.Add(time.Hour)),
			waiting("late", m[0], at.Add(-time.Hour))
		parked.Reason, late.Reason = "parked: it cannot be run", "parked: it cannot be run"
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{other, parked, late}})
		s.must(s.Unpark(s.ctx, at))
		s.same("other", s.run("other").DueAt, other.DueAt)
		s.same("parked", s.run("parked").DueAt, at)
		s.same("late", s.run("late").DueAt, late.DueAt)
		s.same("reason", s.run("parked").Reason, parked.Reason)
	},
	"holds a member with their inputs, waits and re-evaluations, and lets them go on": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		at := now()
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0]}, {ID: m[1]}}, Runs: []*engine.Run{waiting("r", m[0], at)},
			Reevaluations: []engine.Reevaluation{{Member: m[0], At: at}},
		})
		in := s.accept(event("a", m[0], "x"), event("b", m[1], "x"), event("c", m[0], "x"))
		s.commit(m[0], in[2].Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "broken"}}})
		b := s.pending(lane, 10)
		s.same("nothing is owed", []any{len(b.Inputs), len(b.Due)}, []any{0, 0})
		lanes, _, err := s.Owed(s.ctx, now())
		s.must(err)
		s.same("no lane owes", len(lanes), 0)
		s.same("the state says it", s.states(m, nil)[m[0]].Unreadable(), "broken")
		s.same("of the others it does not", s.states(m, nil)[m[1]].Unreadable(), "")
		s.same("the inputs are known", s.take(event("a", m[0], "x"), event("c", m[0], "x")), []bool{true, true})
		late := s.accept(event("d", m[0], "x"), event("e", m[1], "x"))
		s.same("what comes later is seen", ids(s.pending(lane, 10).Inputs), []string{"d", "e"})
		s.commit(m[0], late[1].Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "broken"}}})
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 5})
		s.must(err)
		s.same("it is told once", []any{len(list), list[0].What, list[0].ID, list[0].Error},
			[]any{1, "member", m[0], "broken"})
		held, err := s.Held(s.ctx)
		s.must(err)
		s.same("held", held, []engine.Held{{Member: m[0], Error: "broken"}})

		s.accept(event("f", m[0], "x"))
		fence := s.pending(lane, 10).Fence
		released, err := s.Release(s.ctx)
		s.must(err)
		s.same("released", released, []string{m[0]})
		b = s.pending(lane, 10)
		s.same("all is owed again, in its order", ids(b.Inputs), []string{"a", "c", "d", "f"})
		for i := range b.Inputs {
			s.same("kind", b.Inputs[i].Kind, engine.InputEvent)
			s.same("accepted again", b.Inputs[i].At.Before(at), false)
		}
		s.same("and what was due", b.Due, []string{m[0]})
		err = s.Commit(s.ctx, lane, fence, late[1].Seq, &engine.Changes{})
		s.same("who decided the lane before looks again", errors.Is(err, store.ErrStale), true)
		s.commit(m[0], b.Inputs[3].Seq, &engine.Changes{})
		events, _, err := s.MemberEvents(s.ctx, m[0], "", 10)
		s.must(err)
		s.same("the history has them", ids(events), []string{"f", "d", "c", "a"})
	},
	"lets a member go on in parts, in the order of their inputs": func(t *testing.T, s *suite) {
		for _, building := range []bool{false, true} {
			lane, m := s.membersOfLane(2)
			prefix := fmt.Sprint(building, "-")
			var want []string
			accept := func(member string, n int) (last engine.Input) {
				var list []engine.Input
				for range n {
					list = append(list, event(fmt.Sprint(prefix, member, len(want)), member, "x"))
					if member == m[0] {
						want = append(want, list[len(list)-1].ID)
					} else {
						list[len(list)-1].ID += "other" + fmt.Sprint(now().UnixNano(), len(list))
					}
				}
				in := s.accept(list...)
				return in[len(in)-1]
			}
			s.commit(m[0], 0, &engine.Changes{
				Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{waiting(prefix+"r", m[0], now())},
			})
			last := accept(m[0], 700)
			s.commit(m[0], last.Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "broken", Building: building}}})
			accept(m[1], 30)
			accept(m[0], 20)
			if building {
				s.must(s.BuildTrees(s.ctx, m[0], nil, true))
			} else {
				released, err := s.Release(s.ctx)
				s.must(err)
				s.same("released", released, []string{m[0]})
			}
			held, err := s.Held(s.ctx)
			s.must(err)
			s.same("held", len(held), 0)
			s.same("the state can be read", s.states(m, nil)[m[0]].Unreadable(), "")
			var got []string
			var at time.Time
			for n := 0; ; n++ {
				b := s.pending(lane, 70)
				if len(b.Inputs) == 0 {
					break
				}
				here := 0
				for _, in := range b.Inputs {
					if in.Member == m[0] && !b.Kept[in.Seq] {
						got, here = append(got, in.ID), here+1
						if in.At.Before(at) {
							t.Errorf("%s was accepted at %v, and one before it at %v", in.ID, in.At, at)
						}
						at = in.At
					}
				}
				some := len(got) < 400 // are kept
				if some && here > 0 && building && b.Horizon.After(last.At) {
					t.Errorf("the horizon is %v, and some of %v are kept", b.Horizon, last.At)
				}
				if some {
					s.same("no wait is due before what came before it", b.Due, []string(nil))
				}
				if n == 1 {
					if all := s.pending(lane, 5000); len(all.Inputs)-len(all.Kept) > 300 {
						t.Errorf("%d inputs are put back at once", len(all.Inputs))
					}
				}
				if n < 8 {
					accept(m[0], 3)
				}
				s.commit(m[1], b.Last(), &engine.Changes{})
			}
			s.inOrder(got, want)
			s.same("and what is due", s.pending(lane, 10).Due, []string{m[0]})
			over := waiting(prefix+"r", m[0], time.Time{})
			over.New, over.State = false, engine.RunDone
			s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{over}})
			events, _, err := s.MemberEvents(s.ctx, m[0], "", 2000)
			s.must(err)
			past := 0
			for i := range events {
				if strings.HasPrefix(events[i].ID, prefix) {
					past++
				}
			}
			s.same("the history has them", past, len(want))
		}
	},
	"holds a member again who goes on": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		var list []engine.Input
		var want []string
		for i := range 400 {
			want = append(want, fmt.Sprint("e", i))
			list = append(list, event(want[i], m[0], "x"))
		}
		in := s.accept(list...)
		s.commit(m[0], in[len(in)-1].Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "broken"}}})
		_, err := s.Release(s.ctx)
		s.must(err)
		var got []string
		again := false
		for {
			b := s.pending(lane, 60)
			if len(b.Inputs) == 0 {
				break
			}
			c := &engine.Changes{}
			if again = !again; again && len(got) > 0 {
				c.Held = []engine.Held{{Member: m[0], Error: "broken again"}}
			} else {
				for _, in := range b.Inputs {
					if !b.Kept[in.Seq] {
						got = append(got, in.ID)
					}
				}
			}
			s.commit(m[0], b.Last(), c)
			if len(c.Held) > 0 {
				held, err := s.Held(s.ctx)
				s.must(err)
				s.same("held", held, c.Held)
				_, err = s.Release(s.ctx)
				s.must(err)
			}
		}
		s.inOrder(got, want)
	},
	"tells the oldest undecided input of each lane": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		other := s.otherMember()
		oldest, err := s.Undecided(s.ctx)
		s.must(err)
		s.same("of nothing", oldest, make([]store.Undecided, len(s.Lanes())))
		in := s.accept(event("a", m[0], "x"), event("b", m[1], "x"), event("c", other, "x"))
		s.accept(engine.Input{Kind: engine.InputSchedule, ID: "s", Member: m[0], Name: "p", At: now().Add(-time.Hour)})
		s.commit(m[0], in[0].Seq, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}})
		oldest, err = s.Undecided(s.ctx)
		s.must(err)
		want := make([]store.Undecided, len(s.Lanes()))
		want[s.laneOf(other)].Accepted = in[2].At
		want[lane] = store.Undecided{Accepted: in[1].At, Occurrence: in[2].Seq + 1}
		s.same("oldest", oldest, want)
		s.commit(m[0], in[2].Seq, &engine.Changes{})
		oldest, err = s.Undecided(s.ctx)
		s.must(err)
		s.same("an occurrence has no instant of acceptance", oldest[lane], store.Undecided{Occurrence: in[2].Seq + 1})
		before := now()
		s.take(event("d", m[1], "x"))
		oldest, err = s.Undecided(s.ctx)
		s.must(err)
		if at := oldest[lane].Accepted; at.IsZero() || at.Before(before.Add(-time.Minute)) {
			t.Errorf("what was taken and is not in the inbox was accepted at %v", at)
		}
	},
}

// inOrder compares ids of what was decided, and shows no more of them than where they differ.
func (s *suite) inOrder(got, want []string) {
	s.t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			s.t.Fatalf("of %d inputs %d were decided; from the %dth on %v, want %v", len(want), len(got), i+1,
				got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
}
