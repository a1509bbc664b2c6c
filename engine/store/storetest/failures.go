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

// failure returns the newest failure that is open.
func (s *suite) failure() store.Failure {
	s.t.Helper()
	list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 1})
	s.must(err)
	if len(list) == 0 {
		s.t.Fatal("nothing has failed")
	}
	return list[0]
}

// settled checks that a failure has left the list of what is open for the one of its outcome.
func (s *suite) settled(f store.Failure, outcome store.FailureOutcome, at time.Time) {
	s.t.Helper()
	for _, o := range []store.FailureOutcome{"", store.FailureRetried, store.FailureDropped} {
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Outcome: o, Limit: 100})
		s.must(err)
		var found []store.Failure
		for i := range list {
			if list[i].N == f.N {
				found = append(found, list[i])
			}
		}
		var want []store.Failure
		if o == outcome {
			f.Outcome, f.SettledAt = outcome, at
			want = []store.Failure{f}
		}
		s.same("listed as "+string(o), found, want)
	}
	for name, again := range map[string]error{
		"retry": second(s.Retry(s.ctx, f.N, at)),
		"drop":  second(s.Drop(s.ctx, f.N, at)),
	} {
		s.refused(name+" of what is settled", again, string(outcome))
	}
}

func second(_ store.Failure, err error) error { return err }

func (s *suite) refused(what string, err error, why string) {
	s.t.Helper()
	var kept *store.NotSettled
	if !errors.As(err, &kept) || !strings.Contains(kept.Reason, why) {
		s.t.Errorf("%s: %v, want one that says %q", what, err, why)
	}
}

// givenUp is a delivery of a run that waits, given up on.
func (s *suite) givenUp(member string) store.Failure {
	s.t.Helper()
	at := now()
	s.commit(member, 0, &engine.Changes{
		Members: []*engine.Member{{ID: member}}, Runs: []*engine.Run{waiting("r", member, at.Add(time.Hour))},
		Deliveries: []engine.Delivery{{Key: "k", Member: member, Playbook: "welcome", Run: "r", Step: "hi", Channel: "mail", At: at, ReleasedAt: at}},
	})
	s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliveryArchived, Error: "no such user", At: at}}))
	return s.failure()
}

// delivery returns the delivery of givenUp, and the last entry of its run's trace.
func (s *suite) delivery() (store.Attempted, engine.TraceEntry) {
	s.t.Helper()
	r := s.run("r")
	if len(r.Deliveries) != 1 || len(r.Trace) == 0 {
		s.t.Fatalf("%+v", r)
	}
	return r.Deliveries[0], r.Trace[len(r.Trace)-1]
}

// setAside accepts inputs and sets them aside.
func (s *suite) setAside(inputs ...engine.Input) {
	s.t.Helper()
	var c engine.Changes
	var last int64
	for _, in := range s.accept(inputs...) {
		last = in.Seq
		c.Poisoned = append(c.Poisoned, engine.Poisoned{Seq: in.Seq, Error: "broken"})
	}
	s.commit(inputs[0].Member, last, &c)
}

func failureKeys(list []store.Failure) (keys []string) {
	for i := range list {
		keys = append(keys, list[i].ID)
	}
	return keys
}

var failureCases = map[string]func(*testing.T, *suite){
	"settles many, oldest first, group by group": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		at := now()
		var inputs []engine.Input
		for i := range 5 {
			inputs = append(inputs, event(fmt.Sprint("e", i), m[0], "x"))
		}
		s.setAside(inputs...)
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{waiting("over", m[0], at)}})
		s.commit(m[0], 0, &engine.Changes{Poisoned: []engine.Poisoned{{Run: "over", Error: "broken"}}})
		first, err := s.RetryAll(s.ctx, store.FailureFilter{Limit: 4}, at)
		s.must(err)
		s.same("first group", failureKeys(first.Done), []string{"e0", "e1", "e2", "e3"})
		second, err := s.RetryAll(s.ctx, store.FailureFilter{Limit: 4, Cursor: first.Next}, at)
		s.must(err)
		s.same("second group", failureKeys(second.Done), []string{"e4"})
		s.same("kept", []any{len(second.Kept), second.Kept[0].ID, second.Next}, []any{1, "over", ""})
		s.same("owed", ids(s.pending(lane, 10).Inputs), []string{"e0", "e1", "e2", "e3", "e4"})
		dropped, err := s.DropAll(s.ctx, store.FailureFilter{Limit: 4}, at)
		s.must(err)
		s.same("dropped", []any{failureKeys(dropped.Done), dropped.Done[0].Outcome, len(dropped.Kept)},
			[]any{[]string{"over"}, store.FailureDropped, 0})
		none, err := s.DropAll(s.ctx, store.FailureFilter{Limit: 4}, at)
		s.must(err)
		s.same("nothing is left", none, store.Settled{})
		if _, err := s.RetryAll(s.ctx, store.FailureFilter{Limit: 4, Cursor: "x"}, at); !errors.Is(err, store.ErrCursor) {
			t.Errorf("a cursor that is none: %v", err)
		}
	},
	"selects by kind, playbook and time": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		f := s.givenUp(m[0])
		s.setAside(event("e", m[0], "x"))
		for _, c := range []struct {
			f    store.FailureFilter
			want []string
		}{
			{store.FailureFilter{What: store.FailedInput}, []string{"e"}},
			{store.FailureFilter{What: store.FailedReevaluation}, nil},
			{store.FailureFilter{Playbook: "welcome"}, []string{"k"}},
			{store.FailureFilter{Playbook: "another"}, nil},
			{store.FailureFilter{Since: f.At}, []string{"e", "k"}},
			{store.FailureFilter{Since: now().Add(time.Hour)}, nil},
		} {
			c.f.Limit = 10
			list, _, err := s.Failures(s.ctx, c.f)
			s.must(err)
			s.same(fmt.Sprintf("%+v", c.f), failureKeys(list), c.want)
		}
		_, err := s.DropAll(s.ctx, store.FailureFilter{Playbook: "welcome", Limit: 10}, now())
		s.must(err)
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 10})
		s.must(err)
		s.same("left", failureKeys(list), []string{"e"})
	},
	"drops the message of a release with it": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		at := now()
		d := engine.Delivery{Key: "k", Member: m[0], Run: "r", Step: "hi", Channel: "mail", At: at, ReleasedAt: at}
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{waiting("r", m[0], at.Add(time.Hour))},
			Deliveries: []engine.Delivery{d},
		})
		again := engine.ReleaseAgain(&d)
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliveryDeferred, At: at, Result: &again}}))
		in := s.pending(lane, 10).Inputs
		s.commit(m[0], in[0].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: in[0].Seq, Error: "broken"}}})
		_, err := s.Drop(s.ctx, s.failure().N, at)
		s.must(err)
		got, last := s.delivery()
		s.same("delivery", []any{got.State, got.SettleAt}, []any{store.DeliveryDropped, at})
		s.same("trace", []any{last.What, last.Step}, []any{"dropped", "hi"})
		result := s.pending(lane, 10).Inputs
		s.same("its run is told", ids(result), []string{engine.AnswerID("k")})
		p, err := result[0].Decode()
		s.must(err)
		s.same("status", p.Properties["status"], "failed")
	},
	"puts an input back as what it was": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		at := now()
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0]}},
			Runs:    []*engine.Run{waiting("r", m[0], at.Add(time.Hour))},
		})
		for _, kind := range []engine.InputKind{
			engine.InputEvent, engine.InputUpdate, engine.InputTrigger,
			engine.InputSchedule, engine.InputResult, engine.InputRedeem,
		} {
			in := s.accept(engine.Input{
				Kind: kind, ID: "a " + string(kind), Member: m[0], Name: "r", At: at,
				Data: []byte(`{"p":{"n":1}}`),
			})
			s.commit(m[0], in[0].Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: in[0].Seq, Error: "broken"}}})
			f := s.failure()
			next := s.accept(event("behind "+string(kind), m[1], "x"))
			got, err := s.Retry(s.ctx, f.N, at)
			s.must(err)
			f.Outcome, f.SettledAt = store.FailureRetried, at
			s.same("answer", got, f)
			b := s.pending(lane, 10)
			s.same("owed", ids(b.Inputs), []string{next[0].ID, in[0].ID})
			back := b.Inputs[1]
			if back.At.Before(next[0].At) && kind != engine.InputSchedule || kind == engine.InputSchedule &&
				!back.At.Equal(in[0].At) {
				t.Errorf("%s: accepted at %v, first at %v", kind, back.At, in[0].At)
			}
			s.same("kind, name, data", []any{back.Kind, back.Name, string(back.Data)}, []any{kind, "r", `{"p":{"n":1}}`})
			s.same("its id is known", s.take(in[0]), []bool{true})
			s.commit(m[0], back.Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: back.Seq, Error: "again"}}})
			s.same("what fails again is listed again", s.failure().Error, "again")
			s.settled(got, store.FailureRetried, at)
		}
	},
	"puts a delivery back": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		f := s.givenUp(m[0])
		at := now()
		got, err := s.Retry(s.ctx, f.N, at)
		s.must(err)
		s.settled(got, store.FailureRetried, at)
		d, last := s.delivery()
		s.same("delivery", []any{d.State, d.Attempts, d.NotBefore, d.Error},
			[]any{store.DeliveryPending, 0, at, "no such user"})
		s.same("trace", []any{last.What, last.Step, last.At}, []any{"retried", "hi", at})
		list, err := s.Deliveries(s.ctx, "mail", at, nil, 5)
		s.must(err)
		s.same("due", len(list), 1)
		s.same("released long ago", list[0].ReleasedAt.Before(at.Add(-24*time.Hour)), true)
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliveryArchived, Error: "busy", At: at}}))
		_, err = s.Retry(s.ctx, s.failure().N, at)
		s.must(err)
		again, err := s.Deliveries(s.ctx, "mail", at, nil, 5)
		s.must(err)
		s.same("another release", again[0].ReleasedAt.Equal(list[0].ReleasedAt), false)
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliverySent, At: at}}))
		d, _ = s.delivery()
		s.same("sent", d.State, store.DeliverySent)
	},
	"drops a delivery": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		f := s.givenUp(m[0])
		at := now()
		got, err := s.Drop(s.ctx, f.N, at)
		s.must(err)
		s.settled(got, store.FailureDropped, at)
		d, last := s.delivery()
		s.same("delivery", []any{d.State, d.Error}, []any{store.DeliveryDropped, "no such user"})
		s.same("trace", []any{last.What, last.Step, last.At}, []any{"dropped", "hi", at})
	},
	"lets a member go on who can be read, and no other": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}})
		s.commit(m[0], 0, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "broken"}}})
		f := s.failure()
		s.refused("drop of who is held", second(s.Drop(s.ctx, f.N, now())), "held until")
		at := now()
		_, err := s.Retry(s.ctx, f.N, at)
		s.must(err)
		held, err := s.Held(s.ctx)
		s.must(err)
		s.same("held", len(held), 0)
		s.settled(f, store.FailureRetried, at)
	},
	"puts nothing back that has ended": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		at := now()
		s.commit(m[0], 0, &engine.Changes{
			Members: []*engine.Member{{ID: m[0]}},
			Runs:    []*engine.Run{waiting("r", m[0], at), waiting("held", m[0], time.Time{})},
		})
		in := s.accept(engine.Input{Kind: engine.InputResult, ID: "answer", Member: m[0], Name: "held"})
		s.commit(m[0], in[0].Seq, &engine.Changes{Poisoned: []engine.Poisoned{
			{Run: "r", At: at, Error: "broken"},
			{Member: m[0], At: at, Error: "broken"},
			{Seq: in[0].Seq, Run: "held", Error: "broken"},
		}})
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 5})
		s.must(err)
		s.same("failures", len(list), 3)
		for _, f := range list {
			s.refused("retry of a "+f.What, second(s.Retry(s.ctx, f.N, at)), "drop this")
		}
		s.same("owed", len(s.pending(lane, 5).Inputs), 0)
		_, err = s.Retry(s.ctx, 1<<40, at)
		s.same("one that is not there", errors.Is(err, store.ErrNotFound), true)
	},
	"drops with a trace": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		in := s.accept(event("bad", m[0], "x"))
		s.commit(m[0], in[0].Seq, &engine.Changes{
			Members:  []*engine.Member{{ID: m[0]}},
			Poisoned: []engine.Poisoned{{Seq: in[0].Seq, Error: "broken"}},
		})
		f, at := s.failure(), now()
		got, err := s.Drop(s.ctx, f.N, at)
		s.must(err)
		s.settled(got, store.FailureDropped, at)
		s.same("owed", len(s.pending(lane, 5).Inputs), 0)
		s.same("its id is known", s.take(in[0]), []bool{true})
		_, err = s.Drop(s.ctx, 1<<40, at)
		s.same("one that is not there", errors.Is(err, store.ErrNotFound), true)
	},
}
