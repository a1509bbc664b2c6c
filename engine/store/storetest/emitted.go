package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// emitted returns an event that a run emitted.
func emitted(id, member, name string, at time.Time) engine.Input {
	in := event(id, member, name)
	in.Time, in.At = at, at
	in.Payload = &engine.Payload{Properties: map[string]any{"n": 1.0}, Depth: 1}
	return in
}

var emittedCases = map[string]func(*testing.T, *suite){
	"an event emitted to its own member is history and never owed": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		in := s.accept(event("a", m[0], "x"), event("b", m[0], "x"))
		echo := emitted("echo", m[0], "x", in[0].At)
		echo.Cause = in[0].Seq
		s.commit(m[0], in[0].Seq, &engine.Changes{Cascaded: []engine.Input{echo}})
		s.same("owed", ids(s.pending(lane, 10).Inputs), []string{"b"})
		if b := s.pending(lane, 1); b.More || b.Horizon.Before(in[1].At) {
			t.Fatalf("it holds up the lane: more %v, horizon %v", b.More, b.Horizon)
		}
		history := func() []engine.Input {
			h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, s.pending(lane, 10).Watermark)
			s.must(err)
			return h[m[0]]
		}
		s.same("history", ids(history()), []string{"a", "echo"})
		s.commit(m[0], in[1].Seq, &engine.Changes{})
		h := history()
		s.same("in the order of decisions", ids(h), []string{"a", "echo", "b"})
		p, err := h[1].Decode()
		s.must(err)
		s.same("kind", h[1].Kind, engine.InputEvent)
		s.same("payload", *p, *echo.Payload)
		s.same("cause", h[1].Cause, in[0].Seq)
		s.same("time", h[1].Time, in[0].At)
		list, _, err := s.MemberEvents(s.ctx, m[0], "", 10)
		s.must(err)
		names := ids(list)
		slices.Sort(names)
		s.same("listed", names, []string{"a", "b", "echo"})
		s.same("as an event", list[slices.IndexFunc(list, func(in engine.Input) bool { return in.ID == "echo" })].Kind,
			engine.InputEvent)
	},
	"one that a wait emitted comes before the events of its instant": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		in := s.accept(event("a", m[0], "x"))
		echo := emitted("echo", m[0], "x", in[0].At)
		echo.Cause = engine.CauseWait
		s.commit(m[0], in[0].Seq, &engine.Changes{Cascaded: []engine.Input{echo}})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, s.pending(lane, 10).Watermark)
		s.must(err)
		s.same("history", ids(h[m[0]]), []string{"echo", "a"})
	},
	"a lane with nothing but such events owes nothing": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		var mark int64
		for _, id := range []string{"e1", "e2"} {
			s.commit(m[0], 0, &engine.Changes{Cascaded: []engine.Input{emitted(id, m[0], "x", now())}})
			b := s.pending(lane, 10)
			if b.Watermark <= mark || len(b.Inputs) > 0 {
				t.Fatalf("watermark %d after %d, owed %v", b.Watermark, mark, ids(b.Inputs))
			}
			mark = b.Watermark
		}
		lanes, _, err := s.Owed(s.ctx, now())
		s.must(err)
		s.same("owed", len(lanes), 0)
		later := s.accept(event("a", m[0], "x"))
		s.same("owed after all", ids(s.pending(lane, 10).Inputs), []string{"a"})
		s.commit(m[0], later[0].Seq, &engine.Changes{})
	},
	"an event emitted to another member is accepted once, with the commit": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		other := s.otherMember()
		in := s.accept(event("a", m[0], "x"))
		told := emitted("told", other, "y", in[0].At)
		c := &engine.Changes{Emitted: []engine.Input{told}}
		s.commit(m[0], in[0].Seq, c)
		s.commit(m[0], in[0].Seq, c) // decided again after a crash
		b := s.pending(s.laneOf(other), 10)
		s.same("owed", ids(b.Inputs), []string{"told"})
		got := b.Inputs[0]
		if got.At.Before(in[0].At) || !got.Time.Equal(in[0].At) || got.Kind != engine.InputEvent {
			t.Fatalf("accepted as %+v", got)
		}
		p, err := got.Decode()
		s.must(err)
		s.same("payload", *p, *told.Payload)
		old, err := s.Claim(s.ctx, lane)
		s.must(err)
		_, err = s.Claim(s.ctx, lane)
		s.must(err)
		if err := s.Commit(s.ctx, lane, old, in[0].Seq,
			&engine.Changes{Emitted: []engine.Input{emitted("lost", other, "y", now())}}); err == nil {
			t.Fatal("an earlier owner committed")
		}
		s.same("still", ids(s.pending(s.laneOf(other), 10).Inputs), []string{"told"})
	},
	"a neighbour of the same lane is owed too": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		in := s.accept(event("a", m[0], "x"))
		s.commit(m[0], in[0].Seq, &engine.Changes{
			Cascaded: []engine.Input{emitted("echo", m[0], "x", in[0].At)},
			Emitted:  []engine.Input{emitted("told", m[1], "x", in[0].At)},
		})
		b := s.pending(lane, 10)
		s.same("owed", ids(b.Inputs), []string{"told"})
		s.commit(m[1], b.Inputs[0].Seq, &engine.Changes{})
		h, err := s.History(s.ctx, m, []store.HistoryQuery{{Event: "x"}}, b.Inputs[0].Seq)
		s.must(err)
		s.same("history", []int{len(h[m[0]]), len(h[m[1]])}, []int{2, 1})
	},
}
