package storetest

import (
	"errors"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/store"
)

var raffleCases = map[string]func(*testing.T, *suite){
	"keeps tickets, and the rules of the first": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		list, err := s.Raffles(s.ctx)
		s.must(err)
		s.same("before", len(list), 0)
		at := now()
		tickets := []engine.Ticket{
			{Ticket: "b", Raffle: "spring", Member: m[0], Rules: "one", At: at, Hit: "big", Prize: "big"},
			{Ticket: "a", Raffle: "spring", Member: m[1], Rules: "one", At: at, Hit: "big"},
			{Ticket: "c", Raffle: "autumn", Member: m[1], Rules: "x", At: at},
		}
		members := func(n int) []*engine.Member { return []*engine.Member{{ID: m[n]}} }
		s.commit(m[0], 0, &engine.Changes{Members: members(0), Tickets: tickets[:1]})
		s.commit(m[1], 0, &engine.Changes{Members: members(1), Tickets: tickets[1:]})
		list, err = s.Raffles(s.ctx)
		s.must(err)
		s.same("raffles", list, []store.Raffle{{Name: "autumn", Rules: "x", Tickets: 1}, {Name: "spring", Rules: "one", Tickets: 2}})
		var found []engine.Ticket
		for after := ""; ; after = found[len(found)-1].Ticket {
			page, err := s.Tickets(s.ctx, "spring", after, 1)
			s.must(err)
			if len(page) == 0 {
				break
			}
			found = append(found, page...)
		}
		tickets[0].Rules, tickets[1].Rules = "", ""
		s.same("tickets", found, []engine.Ticket{tickets[1], tickets[0]})

		activate := func(rules map[string]string) error {
			return s.Activate(s.ctx, store.Bundle{Hash: "h", Raffles: rules}, nil, now())
		}
		s.must(activate(map[string]string{"spring": "one", "autumn": "x", "new": "y"}))
		var changed *store.RaffleChanged
		if err := activate(map[string]string{"spring": "two"}); !errors.As(err, &changed) || changed.Raffle != "spring" {
			t.Errorf("other rules were activated: %v", err)
		}
		s.must(activate(nil)) // it is gone
	},
	"takes no ticket once it is closed": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		ask := grants.Tickets("spring")
		ask.N = 1
		reserve := func() engine.PoolState {
			list, err := s.Reserve(s.ctx, 0, []engine.Ask{ask})
			s.must(err)
			return list[ask.Pool]
		}
		s.same("open", reserve().Free, 1)
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		enter := func(ticket string) error {
			return s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
				Members: []*engine.Member{{ID: m[0]}}, Taken: map[string]int{ask.Pool: 1},
				Tickets: []engine.Ticket{{Ticket: ticket, Raffle: "spring", Member: m[0]}},
			})
		}
		s.must(enter("a"))
		s.same("open still", reserve().Free, 1)
		first := now()
		s.must(s.CloseRaffle(s.ctx, "spring", first))
		if err := enter("b"); !errors.Is(err, store.ErrStale) {
			t.Errorf("a ticket after the draw: %v", err)
		}
		s.same("closed", reserve(), engine.PoolState{Dry: true})
		s.must(s.CloseRaffle(s.ctx, "spring", first.Add(1000)))
		list, err := s.Raffles(s.ctx)
		s.must(err)
		s.same("raffles", list, []store.Raffle{{Name: "spring", Tickets: 1, DrawnAt: first}})
	},
}
