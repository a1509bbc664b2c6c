package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// due returns what is due of a channel. Numbers are the store's own: they are left out.
func (s *suite) due(at time.Time) []store.Attempted {
	s.t.Helper()
	list, err := s.Deliveries(s.ctx, "wecom", at, nil, 10)
	s.must(err)
	return unnumbered(list)
}

func unnumbered(list []store.Attempted) []store.Attempted {
	for i := range list {
		list[i].N = 0
	}
	return list
}

// outbox stores an open run with deliveries.
func (s *suite) outbox(list ...engine.Delivery) {
	s.t.Helper()
	s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{waiting("r", "m-0", time.Time{})}, Deliveries: list})
}

var outboxCases = map[string]func(*testing.T, *suite){
	"gives what is due of a channel, oldest first, with its past": func(t *testing.T, s *suite) {
		at := now()
		old, young, later := delivery("k", "r", at.Add(-time.Minute)), delivery("k", "r", at),
			delivery("k", "r", at.Add(time.Hour))
		young.Key, later.Key = "a", "b"
		s.outbox(young, later, old)
		want := []store.Attempted{
			{Delivery: old, State: store.DeliveryPending},
			{Delivery: young, State: store.DeliveryPending},
		}
		s.same("deliveries", s.due(at), want)
		list, err := s.Deliveries(s.ctx, "email", at, nil, 10)
		s.must(err)
		s.same("another channel", len(list), 0)
		list, err = s.Deliveries(s.ctx, "wecom", at, nil, 1)
		s.must(err)
		s.same("limit", len(list), 1)
	},
	"gives some of the newest, too, when much is due": func(t *testing.T, s *suite) {
		at := now()
		var all []engine.Delivery
		for i := range 12 {
			d := delivery(fmt.Sprint("k", i), "r", at.Add(time.Duration(i)*time.Second))
			d.Member = fmt.Sprint("m", i)
			all = append(all, d)
		}
		all[11].Member = "m10" // who waits for an older one
		s.outbox(all...)
		of := func(limit int, held ...int64) (keys string) {
			list, err := s.Deliveries(s.ctx, "wecom", at.Add(time.Hour), held, limit)
			s.must(err)
			for i := range list {
				keys += list[i].Key + " "
			}
			return keys
		}
		s.same("a few", of(3), "k0 k1 k2 ")
		s.same("eight", of(8), "k10 k9 k0 k1 k2 k3 k4 k5 ")
		s.same("all", of(12), "k10 k9 k8 k0 k1 k2 k3 k4 k5 k6 k7 k11 ")
		s.same("more than there are", of(13), "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 k10 k11 ")
		list, err := s.Deliveries(s.ctx, "wecom", at.Add(time.Hour), nil, 4)
		s.must(err)
		s.same("one of four", list[0].Key, "k10")
		s.same("one of the others, and nobody before what is held", of(4, list[0].N), "k9 k0 k1 k2 ")
	},
	"passes over what the caller holds": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("a", "r", at), delivery("b", "r", at), delivery("c", "r", at))
		all, err := s.Deliveries(s.ctx, "wecom", at, nil, 10)
		s.must(err)
		list, err := s.Deliveries(s.ctx, "wecom", at, []int64{all[0].N, all[2].N}, 1)
		s.must(err)
		s.same("the other", list, all[1:2])
		list, err = s.Deliveries(s.ctx, "wecom", at, []int64{all[0].N, all[1].N, all[2].N}, 10)
		s.must(err)
		s.same("all are held", len(list), 0)
	},
	"finds a delivery by its key, whatever became of it": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at), delivery("other", "r", at))
		want := store.Attempted{Delivery: delivery("k", "r", at), State: store.DeliveryPending}
		got, err := s.Delivery(s.ctx, "k")
		s.must(err)
		got.N = 0
		s.same("pending", got, want)
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliverySent, At: at}}))
		want.State, want.Attempts, want.SettleAt = store.DeliverySent, 1, at
		got, err = s.Delivery(s.ctx, "k")
		s.must(err)
		got.N = 0
		s.same("sent", got, want)
		if _, err := s.Delivery(s.ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
	},
	"keeps a key once, ever": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliverySent, At: at}}))
		s.commit("m-0", 0, &engine.Changes{Deliveries: []engine.Delivery{delivery("k", "r", at)}})
		s.same("deliveries", len(s.due(at)), 0)
	},
	"settles, once": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliverySent, At: at}}))
		s.same("owed", len(s.due(at)), 0)
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliveryArchived, Error: "late", At: at}}))
		d := unnumbered(s.run("r").Deliveries)[0]
		s.same("delivery", d, store.Attempted{
			Delivery: delivery("k", "r", at), State: store.DeliverySent, Attempts: 1,
			SettleAt: at,
		})
	},
	"tries again later, and counts attempts": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{{
			Key: "k", State: store.DeliveryPending, Error: "busy",
			NotBefore: at.Add(time.Minute), At: at,
		}}))
		s.same("due now", len(s.due(at)), 0)
		d := s.due(at.Add(time.Minute))[0]
		s.same("attempts", d.Attempts, 1)
		s.same("error", d.Error, "busy")
		s.same("out of turn", d.OutOfTurn(), true)
		// Put off without an attempt: nothing went wrong.
		s.must(s.Settle(s.ctx, []store.Outcome{{
			Key: "k", State: store.DeliveryPending, NotBefore: at.Add(time.Hour),
			At: at,
		}}))
		s.same("attempts", s.due(at.Add(time.Hour))[0].Attempts, 1)
	},
	"keeps what the receiver calls a message": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliverySent, At: at, ProviderID: "4F2A1C"}}))
		d, err := s.Delivery(s.ctx, "k")
		s.must(err)
		s.same("provider's id", d.ProviderID, "4F2A1C")
	},
	"keeps what was given up on, with its last error": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "k", State: store.DeliveryArchived, Error: "no such user", At: at}}))
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 10})
		s.must(err)
		s.same("failures", list, []store.Failure{{
			N: list[0].N, At: at, What: "delivery", ID: "k", Member: "m-0",
			Error: "no such user",
		}})
	},
	"brings the result of a run that waits, once": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("k", "r", at), delivery("k2", "gone", at))
		result := func(key string) *engine.Input {
			return &engine.Input{
				Kind: engine.InputResult, ID: "result:" + key, Member: "m-0", Name: "r",
				Payload: &engine.Payload{Properties: map[string]any{"status": "sent"}},
			}
		}
		outcomes := []store.Outcome{
			{Key: "k", State: store.DeliverySent, At: at, Result: result("k")},
			{Key: "k2", State: store.DeliverySent, At: at, Result: result("k2")},
		}
		s.must(s.Settle(s.ctx, outcomes))
		s.must(s.Settle(s.ctx, outcomes))
		in := s.pending(s.laneOf("m-0"), 10).Inputs
		s.same("results", ids(in), []string{"result:k"})
		if in[0].At.IsZero() || in[0].Kind != engine.InputResult {
			t.Fatalf("result %+v", in[0])
		}
	},
	"brings an object what became of a message while the run waits that is another's": func(t *testing.T, s *suite) {
		at, group := now(), naming.ObjectID("group", "g1")
		d, gone := delivery("k", "r", at), delivery("k2", "gone", at)
		for _, d := range []*engine.Delivery{&d, &gone} {
			d.Member, d.Message.Of = group, "m-0"
		}
		s.outbox()
		s.commit(group, 0, &engine.Changes{Deliveries: []engine.Delivery{d, gone}})
		var outcomes []store.Outcome
		for _, d := range s.due(at) {
			result := engine.ResultOf(&d.Delivery, map[string]any{"status": "sent"})
			outcomes = append(outcomes, store.Outcome{Key: d.Key, State: store.DeliverySent, At: at, Result: &result})
		}
		s.must(s.Settle(s.ctx, outcomes))
		in := s.pending(s.laneOf(group), 10).Inputs
		s.same("results", ids(in), []string{"result:k"})
		p, err := in[0].Decode()
		s.must(err)
		s.same("of whom", []any{in[0].Member, in[0].Name, p.Properties["of"]}, []any{group, "r", "m-0"})
	},
	"asks to release again, once, and brings what was not sent to a run that has ended": func(t *testing.T, s *suite) {
		at := now()
		s.outbox(delivery("late", "gone", at), delivery("failed", "gone", at))
		late, failed := delivery("late", "gone", at), delivery("failed", "gone", at)
		again, result := engine.ReleaseAgain(&late), engine.ResultOf(&failed, map[string]any{"status": "failed"})
		outcomes := []store.Outcome{
			{Key: "late", State: store.DeliveryDeferred, At: at, Result: &again},
			{Key: "failed", State: store.DeliveryArchived, Error: "no such user", At: at, Result: &result},
		}
		s.must(s.Settle(s.ctx, outcomes))
		s.must(s.Settle(s.ctx, outcomes))
		in := s.pending(s.laneOf("m-0"), 10).Inputs
		s.same("inputs", ids(in), []string{again.ID, result.ID})
		s.same("when it was released", in[0].Time, at)
		s.same("owed", len(s.due(at)), 0)
		s.commit("m-0", 0, &engine.Changes{Releases: []engine.Release{{
			Key: "late", Member: "m-0", State: store.DeliveryPending, At: at.Add(time.Hour), NotBefore: at, Again: true,
		}}})
		d := s.due(at)[0]
		s.same("attempts", d.Attempts, 0)
		s.same("released", d.ReleasedAt, at.Add(time.Hour))
	},
	"keeps the place and the last error of what was tried, put off and released again": func(t *testing.T, s *suite) {
		at := now()
		again := at.Add(time.Minute)
		s.outbox(delivery("k", "r", at))
		s.must(s.Settle(s.ctx, []store.Outcome{
			{Key: "k", State: store.DeliveryPending, Error: "busy", NotBefore: again, At: at},
		}))
		d := s.due(again)[0]
		in := engine.ReleaseAgain(&d.Delivery)
		s.must(s.Settle(s.ctx, []store.Outcome{
			{Key: "k", State: store.DeliveryDeferred, Error: d.Error, At: again, Result: &in},
		}))
		s.commit("m-0", 0, &engine.Changes{Releases: []engine.Release{{
			Key: "k", Member: "m-0", State: store.DeliveryPending, At: again, NotBefore: in.Time, Again: true,
		}}})
		s.same("before its time", len(s.due(at)), 0)
		d = s.due(again)[0]
		s.same("kept", []any{d.NotBefore, d.ReleasedAt, d.Attempts, d.Error}, []any{again, again, 1, "busy"})
	},
	"tells which channels owe something, and when the next is due": func(t *testing.T, s *suite) {
		at := now()
		mail := delivery("mail", "r", at.Add(time.Minute))
		mail.Channel = "email"
		s.outbox(delivery("k", "r", at), mail)
		channels, next, err := s.OwedDeliveries(s.ctx, at)
		s.must(err)
		s.same("channels", channels, []string{"wecom"})
		s.same("next", next, mail.NotBefore)
		s.must(s.Settle(s.ctx, []store.Outcome{
			{Key: "k", State: store.DeliverySent, At: at},
			{Key: "mail", State: store.DeliverySent, At: at},
		}))
		channels, next, err = s.OwedDeliveries(s.ctx, at)
		s.must(err)
		s.same("channels", len(channels), 0)
		s.same("next", next, time.Time{})
	},
}
