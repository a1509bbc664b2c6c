package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var takeCases = map[string]func(*testing.T, *suite){
	"stores like Accept, in the order of the calls": func(t *testing.T, s *suite) {
		before := now()
		future, past := event("a", "m-0", "joined"), event("b", "m-0", "joined")
		future.Time, past.Time = before.Add(time.Hour), before.Add(-time.Hour)
		past.Payload = &engine.Payload{
			Properties: map[string]any{"amount": 12.5, "note": "五折 <b>"},
			AddTags:    []string{"buyer"},
		}
		s.take(future)
		s.accept(event("between", "m-0", "joined"))
		s.take(past, event("c", "m-0", "left"))
		in := s.pending(s.laneOf("m-0"), 10).Inputs
		s.same("what is owed", ids(in), []string{"a", "between", "b", "c"})
		for i := range in {
			if in[i].At.Before(before) || in[i].At.After(now()) || i > 0 &&
				(in[i].At.Before(in[i-1].At) || in[i].Seq <= in[i-1].Seq) {
				t.Errorf("input %d is %d at %v", i, in[i].Seq, in[i].At)
			}
		}
		s.same("future time", in[0].Time, in[0].At)
		s.same("past time", in[2].Time, past.Time)
		s.same("no time", in[3].Time, in[3].At)
		p, err := in[2].Decode()
		s.must(err)
		s.same("payload", p, past.Payload)
	},
	"accepts after all that was taken before, however much it is": func(t *testing.T, s *suite) {
		var many []engine.Input
		for i := range 500 {
			many = append(many, event(fmt.Sprint(i), "m-0", "x"))
		}
		s.take(many...)
		last := s.accept(event("last", "m-0", "x"))
		in := s.pending(s.laneOf("m-0"), 1000).Inputs
		s.same("what is owed", ids(in), append(ids(many), "last"))
		if last[0].At.Before(in[499].At) {
			t.Errorf("accepted at %v, after what was taken at %v", last[0].At, in[499].At)
		}
	},
	"takes an id once, ever, whichever way it came": func(t *testing.T, s *suite) {
		s.same("first", s.take(event("a", "m-0", "x"), event("b", "m-0", "x"), event("a", "m-1", "y")),
			[]bool{false, false, true})
		s.same("again", s.take(event("b", "m-0", "x"), event("c", "m-0", "x")), []bool{true, false})
		receipts, err := s.Accept(s.ctx, []engine.Input{event("c", "m-0", "x"), event("d", "m-0", "x")})
		s.must(err)
		s.same("accepted", []bool{receipts[0].Duplicate, receipts[1].Duplicate}, []bool{true, false})
		s.pending(s.laneOf("m-0"), 10)
		s.same("after all", s.take(event("a", "m-0", "x"), event("d", "m-0", "x"), event("e", "m-0", "x")),
			[]bool{true, true, false})
		s.same("what is owed", ids(s.pending(s.laneOf("m-0"), 10).Inputs), []string{"a", "b", "c", "d", "e"})
	},
	"reports whether what comes again under an id has other content": func(t *testing.T, s *suite) {
		s.differs(func(inputs ...engine.Input) []store.Known {
			list, err := s.Take(s.ctx, inputs)
			s.must(err)
			return list
		})
	},
	"takes an id once from many callers": func(t *testing.T, s *suite) {
		var fresh atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for i := range 40 {
					d, err := s.Take(s.ctx, []engine.Input{event(fmt.Sprint(i), "m-0", "x")})
					if err != nil {
						t.Error(err)
					} else if !d[0].Duplicate {
						fresh.Add(1)
					}
				}
			})
		}
		wg.Wait()
		s.same("new", fresh.Load(), int32(40))
		s.same("owed", len(s.pending(s.laneOf("m-0"), 100).Inputs), 40)
	},
	"is known to whoever asks what is undecided": func(t *testing.T, s *suite) {
		s.take(event("a", "m-0", "x"))
		lanes, _, err := s.Owed(s.ctx, now())
		s.must(err)
		s.same("lanes", lanes, []int{s.laneOf("m-0")})
		s.take(event("b", "m-0", "x"))
		depths, err := s.Depths(s.ctx)
		s.must(err)
		s.same("depth", depths[s.laneOf("m-0")], store.Depth{Inputs: 2})
	},
	"takes nothing": func(t *testing.T, s *suite) { s.same("duplicates", s.take(), []bool(nil)) },
	// While inputs come, waits are due all the time, which raises the clock: no input may come in
	// behind a horizon.
	"no input is older than the horizon that was given before it": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		b := s.pending(lane, 10)
		s.must(s.Commit(s.ctx, lane, b.Fence, b.Watermark, recorded(&engine.Changes{
			Members: []*engine.Member{{ID: m[0]}},
			Runs: []*engine.Run{{
				ID: "r", Playbook: "p", Member: m[0], State: engine.RunWaiting, New: true,
				StartedAt: now(), DueAt: now(),
			}},
		})))
		var wg sync.WaitGroup
		var enough atomic.Bool
		const callers, leastRounds = 4, 20
		for g := range callers {
			wg.Go(func() {
				for i := 0; !enough.Load() && !t.Failed(); i++ {
					if _, err := s.Take(s.ctx, []engine.Input{event(fmt.Sprint(g, "-", i), m[1], "x")}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		defer wg.Wait()
		defer enough.Store(true)
		seen, horizon, rounds := 0, time.Time{}, 0
		for rounds < leastRounds && !t.Failed() {
			due := now()
			s.must(s.Commit(s.ctx, lane, b.Fence, b.Watermark, recorded(&engine.Changes{
				Runs: []*engine.Run{{ID: "r", Playbook: "p", Member: m[0], State: engine.RunWaiting, Changed: true, DueAt: due}},
			})))
			got, err := s.Pending(s.ctx, lane, now(), 1<<20)
			s.must(err)
			for _, in := range got.Inputs[seen:] {
				if in.At.Before(horizon) {
					t.Fatalf("input %s of %v came after the horizon %v", in.ID, in.At, horizon)
				}
			}
			if got.Horizon.Before(horizon) {
				t.Fatalf("the horizon went back from %v to %v", horizon, got.Horizon)
			}
			if got.Horizon.Before(due) {
				t.Fatalf("the horizon %v is before a wait that was due at %v", got.Horizon, due)
			}
			if len(got.Inputs) > seen {
				rounds++
			}
			seen, horizon = len(got.Inputs), got.Horizon
		}
	},
}
