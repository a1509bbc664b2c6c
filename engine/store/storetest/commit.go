package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

func (s *suite) states(members, runs []string) map[string]*engine.State {
	s.t.Helper()
	states, err := s.States(s.ctx, members, runs)
	s.must(err)
	return states
}

func (s *suite) run(id string) *store.RunRecord {
	s.t.Helper()
	r, err := s.Run(s.ctx, id)
	s.must(err)
	return r
}

var commitCases = map[string]func(*testing.T, *suite){
	"leaves nothing of an object that was deleted": func(t *testing.T, s *suite) {
		g := naming.ObjectID("group", "g1")
		in := s.accept(event("before", g, "said"), engine.Input{Kind: engine.InputDeletion, ID: "gone", Member: g}, event("after", g, "said"))
		emitted := event("emitted", g, "said")
		emitted.Cause, emitted.Time, emitted.At = in[0].Seq, in[0].At, in[0].At
		s.commit(g, in[0].Seq, &engine.Changes{
			Members: []*engine.Member{{ID: g, Tags: []string{"old"}, CreatedAt: in[0].At}}, Cascaded: []engine.Input{emitted},
			Reevaluations: []engine.Reevaluation{{Member: g, At: now().Add(time.Hour)}},
		})
		s.commit(g, in[1].Seq, &engine.Changes{
			Deleted:       []engine.Deletion{{Member: g, Seq: in[1].Seq, At: in[1].At}},
			Reevaluations: []engine.Reevaluation{{Member: g}},
		})
		if _, err := s.Member(s.ctx, g); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("it is still there: %v", err)
		}
		page, err := s.SubjectsAfter(s.ctx, "group", "", 10)
		s.must(err)
		s.same("objects", len(page), 0)
		s.commit(g, in[2].Seq, &engine.Changes{Members: []*engine.Member{{ID: g, CreatedAt: in[2].At}}})
		st := s.states([]string{g}, nil)[g]
		s.same("its tags", len(st.Member.Tags), 0)
		h, err := s.History(s.ctx, []string{g}, []store.HistoryQuery{{Event: "said"}}, in[2].Seq)
		s.must(err)
		s.same("its history", ids(h[g]), []string{"after"})
	},
	"knows of an object that came again when it was seen since": func(t *testing.T, s *suite) {
		g := naming.ObjectID("group", "g1")
		in := s.accept(event("before", g, "said"), engine.Input{Kind: engine.InputDeletion, ID: "gone", Member: g})
		s.commit(g, in[0].Seq, &engine.Changes{Members: []*engine.Member{{ID: g, CreatedAt: in[0].At}}})
		s.same("seen before", s.states([]string{g}, nil)[g].Member.LastSeenAt, in[0].At)
		s.commit(g, in[1].Seq, &engine.Changes{Deleted: []engine.Deletion{{Member: g, Seq: in[1].Seq, At: in[1].At}}})
		long := in[0].At.Add(-time.Hour) // what came afterwards is older
		s.commit(g, in[1].Seq, &engine.Changes{Members: []*engine.Member{{ID: g, CreatedAt: long, LastSeenAt: long}}})
		s.same("seen since", s.states([]string{g}, nil)[g].Member.LastSeenAt, long)
	},
	"gives back the members it stored, and nil for strangers": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		want := &engine.Member{
			ID: m[0], Attributes: map[string]any{"level": "gold", "n": 3.0}, Tags: []string{"a", "b"}, CreatedAt: now(),
			Points:  4,
			Entries: map[string]time.Time{"welcome": now()}, Coupons: map[string]int{"ten": 1},
			Goals: []engine.GoalWatch{{Run: "r", Playbook: "welcome", Revision: "r1", Event: "x", Until: now()}},
		}
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{want}})
		states := s.states(m, nil)
		s.same("member", states[m[0]].Member, want)
		if st := states[m[1]]; st == nil || st.Member != nil {
			t.Fatalf("state of a stranger: %+v", st)
		}
		want.Points = 5
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{want}})
		s.same("changed member", s.states(m, nil)[m[0]].Member.Points, 5)
	},
	"gives back open runs by start then playbook, and others on request": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		b, a, first, closed := waiting("b", m[0], at), waiting("a", m[0], time.Time{}), waiting("first", m[0], at),
			waiting("closed", m[0], time.Time{})
		a.Playbook, b.Playbook = "a", "b"
		a.StartedAt, b.StartedAt, first.StartedAt = at, at, at.Add(-time.Minute)
		closed.State, closed.EndedAt, closed.StartedAt = engine.RunDone, at, at.Add(-time.Hour)
		b.Trigger, b.Actions = map[string]any{"total": 2.5}, map[string]map[string]any{"gift": {"issued": true}}
		closed.ID = timed(closed.StartedAt, "closed")
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{b, closed, a, first}})

		names := func(runs []*engine.Run) (list []string) {
			for _, r := range runs {
				list = append(list, r.ID)
			}
			return list
		}
		s.same("open runs", names(s.states(m, nil)[m[0]].Runs), []string{"first", "a", "b"})
		st := s.states(m, []string{closed.ID, "a", "missing", timed(at, "missing")})[m[0]]
		s.same("with a closed one", names(st.Runs), []string{closed.ID, "first", "a", "b"})
		want := *b
		want.New, want.Changed = false, false
		s.same("run", *st.Runs[3], want)
	},
	"appends to the trace, and keeps what it is not told to change": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		r := waiting("r", m[0], at)
		r.Trigger = map[string]any{"id": "e1"}
		began := engine.TraceEntry{At: at, What: "entered", Detail: map[string]any{"n": 1.0}}
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{r}, Records: []engine.Record{steps(r, began)}})
		next := *s.states(m, nil)[m[0]].Runs[0]
		next.Changed, next.State, next.EndedAt, next.DueAt, next.PC = true, engine.RunDone, at, time.Time{}, 2
		then := []engine.TraceEntry{{At: at, What: "woke", Reason: "wait"}, {At: at, What: "done"}}
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{&next}, Records: []engine.Record{steps(&next, then...)}})
		next.New, next.Changed = false, false
		got := s.run("r")
		s.same("run", got.Run, next)
		s.same("trace", got.Trace, append([]engine.TraceEntry{began}, then...))
		next.State = engine.RunFailed
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{&next}})
		s.same("a run that was not changed", s.run("r").State, engine.RunDone)
	},
	"never loses a conversion": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		r := waiting("r", m[0], now())
		r.ConvertedAt = now()
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{r}})
		later := *r
		later.New, later.ConvertedAt, later.State = false, time.Time{}, engine.RunDone
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{&later}})
		s.same("converted", s.run("r").ConvertedAt, r.ConvertedAt)
	},
	"refuses an earlier owner of the lane, whole": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		in := s.accept(event("a", m[0], "x"))
		old, err := s.Claim(s.ctx, lane)
		s.must(err)
		fresh, err := s.Claim(s.ctx, lane)
		s.must(err)
		if fresh <= old || s.pending(lane, 10).Fence != fresh {
			t.Fatalf("fences %d, %d, pending says %d", old, fresh, s.pending(lane, 10).Fence)
		}
		c := recorded(&engine.Changes{Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{waiting("r", m[0], now())}})
		if err := s.Commit(s.ctx, lane, old, in[0].Seq, c); !errors.Is(err, store.ErrStale) {
			t.Fatalf("commit of an earlier owner: %v", err)
		}
		s.same("member", s.states(m, nil)[m[0]].Member, (*engine.Member)(nil))
		s.same("owed", len(s.pending(lane, 10).Inputs), 1)
		s.must(s.Commit(s.ctx, lane, fresh, in[0].Seq, c))
	},
	"stores all or nothing": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		fence, err := s.Claim(s.ctx, lane)
		s.must(err)
		s.must(s.Commit(s.ctx, lane, fence, 0, recorded(&engine.Changes{Runs: []*engine.Run{waiting("r", m[0], now())}})))
		err = s.Commit(s.ctx, lane, fence, 7, recorded(&engine.Changes{
			Members: []*engine.Member{{ID: m[1]}}, Runs: []*engine.Run{waiting("new", m[1], now()), waiting("r", m[0], now())},
		}))
		if err == nil {
			t.Fatal("a run was stored as new twice")
		}
		s.same("member", s.states(m, nil)[m[1]].Member, (*engine.Member)(nil))
		s.same("watermark", s.pending(lane, 10).Watermark, int64(0))
	},
	"never lowers the watermark": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		s.commit(m[0], 9, &engine.Changes{})
		s.commit(m[0], 3, &engine.Changes{})
		s.same("watermark", s.pending(lane, 10).Watermark, int64(9))
	},
	"releases, puts off and drops messages that were put off": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		deferred := func(key string) engine.Delivery {
			d := delivery(key, "r", at.Add(time.Hour))
			d.ReleasedAt = time.Time{}
			return d
		}
		s.commit(m[0], 0, &engine.Changes{
			Runs:       []*engine.Run{waiting("r", m[0], at)},
			Deliveries: []engine.Delivery{deferred("goes"), deferred("later"), deferred("never"), deferred("stays")},
		})
		s.same("owed", len(s.due(at.Add(2*time.Hour))), 0)
		release := func(key string, state store.DeliveryState) engine.Release {
			return engine.Release{Key: key, Member: m[0], State: state, At: at.Add(time.Hour), NotBefore: at.Add(time.Hour)}
		}
		goes, later, never := release("goes", store.DeliveryPending), release("later", store.DeliveryDeferred),
			release("never", store.DeliveryDropped)
		later.NotBefore, never.Reason = at.Add(9*time.Hour), engine.ReasonCapped
		s.commit(m[0], 0, &engine.Changes{Releases: []engine.Release{goes, later, never}})
		s.commit(m[0], 0, &engine.Changes{Releases: []engine.Release{release("never", store.DeliveryPending)}}) // too late
		type stands struct {
			State                           store.DeliveryState
			NotBefore, ReleasedAt, SettleAt time.Time
			Error                           string
		}
		got := map[string]stands{}
		for _, d := range s.run("r").Deliveries {
			got[d.Key] = stands{d.State, d.NotBefore, d.ReleasedAt, d.SettleAt, d.Error}
		}
		hour := at.Add(time.Hour)
		s.same("deliveries", got, map[string]stands{
			"goes":  {State: store.DeliveryPending, NotBefore: hour, ReleasedAt: hour},
			"later": {State: store.DeliveryDeferred, NotBefore: later.NotBefore},
			"never": {State: store.DeliveryDropped, NotBefore: hour, SettleAt: hour, Error: engine.ReasonCapped},
			"stays": {State: store.DeliveryDeferred, NotBefore: hour},
		})
		s.same("owed", s.due(hour)[0].Key, "goes")
	},
	"sets aside a wait that cannot be decided": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		due := now().Add(-time.Minute)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("r", m[0], due)}})
		s.commit(m[0], 0, &engine.Changes{Poisoned: []engine.Poisoned{{Run: "r", Error: "broken"}}})
		s.same("due", len(s.pending(lane, 10).Due), 0)
		r := s.run("r")
		s.same("state", r.State, engine.RunFailed)
		s.same("reason", r.Reason, "broken")
		s.same("end", r.EndedAt, due)
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 10})
		s.must(err)
		s.same("failures", list, []store.Failure{{
			N: list[0].N, At: due, What: "wait", ID: "r", Member: "m-0",
			Error: "broken",
		}})
	},
}
