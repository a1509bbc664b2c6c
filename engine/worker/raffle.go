package worker

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
)

// raffleJob begins the names of the jobs that tell members what their tickets drew.
const raffleJob = "raffle:"

// drawn is what the tickets of a raffle drew, in the order in which they were drawn.
type drawn struct {
	tickets []raffle.Ticket
	members map[string]string // by ticket
}

// raffles ends the entries for the raffles whose draw has come, and makes a job of each draw: once every lane has
// decided what came before it.
func (w *Worker) raffles(ctx context.Context, a *active, now time.Time) error {
	for i := range a.Workspace().Schema.Raffles {
		r := &a.Workspace().Schema.Raffles[i]
		if _, known := w.closed.Load(r.Name); known || r.At.IsZero() || now.Before(r.At) {
			continue
		}
		decided, err := w.Store.DecidedUpTo(ctx, r.At, now)
		if err != nil {
			return err
		}
		if !decided {
			continue // the next look finds it
		}
		if err := w.Store.CloseRaffle(ctx, r.Name, now); err != nil {
			return err
		}
		_, first, err := w.Store.AddJob(ctx, store.Job{
			Name: raffleJob + r.Name, Kind: store.JobRaffle, At: r.At, By: "the draw", State: store.JobOpen,
		})
		if err != nil {
			return err
		}
		w.closed.Store(r.Name, true)
		if first {
			w.WakeJobs()
		}
	}
	return nil
}

// draw draws the tickets of a raffle: by their rules and hashes, so that it comes to the same whenever it is done.
func (w *Worker) draw(ctx context.Context, a *active, name string) (*drawn, error) {
	const page = 10_000
	list, err := w.Store.Raffles(ctx)
	if err != nil {
		return nil, err
	}
	d := &drawn{members: map[string]string{}}
	for i := range list {
		if list[i].Name != name {
			continue
		}
		rules, err := raffle.ParseRules(list[i].Rules)
		if err != nil {
			return nil, fmt.Errorf("read the rules of raffle %s: %w", name, err)
		}
		for after := ""; ; {
			tickets, err := w.Store.Tickets(ctx, name, after, page)
			if err != nil {
				return nil, err
			}
			for _, t := range tickets {
				after, d.members[t.Ticket] = t.Ticket, t.Member
				d.tickets = append(d.tickets, raffle.Ticket{Ticket: t.Ticket, Holder: t.Member})
			}
			if len(tickets) < page {
				break
			}
		}
		rules.Draw(a.RaffleSeed(name), d.tickets)
	}
	return d, nil
}

// tickets tells the holders of the next tickets what these drew. The cursor counts them.
func (s *step) tickets(ctx context.Context, most int) error {
	name := strings.TrimPrefix(s.job.Name, raffleJob)
	d := s.w.jobs.draws[s.job.N]
	if d == nil {
		var err error
		if d, err = s.w.draw(ctx, s.a, name); err != nil {
			return err
		}
		if s.w.jobs.draws == nil {
			s.w.jobs.draws = map[int64]*drawn{}
		}
		s.w.jobs.draws[s.job.N] = d
	}
	from, _ := strconv.Atoi(s.job.Cursor) // empty at the beginning
	to := min(len(d.tickets), from+most)
	for _, t := range d.tickets[from:to] {
		said := map[string]any{"raffle": name, "ticket": t.Ticket}
		if t.Prize != "" {
			said["prize"] = t.Prize
		}
		s.Inputs = append(s.Inputs, engine.Input{
			Kind: engine.InputEvent, ID: naming.Joined(playbooks.RaffleDrawn, name, t.Ticket), Member: d.members[t.Ticket],
			Name: playbooks.RaffleDrawn, Time: s.job.At, Payload: &engine.Payload{Properties: said, Depth: 1},
		})
	}
	s.LookedAt, s.To = to-from, strconv.Itoa(to)
	if to == len(d.tickets) {
		s.End = store.JobDone
		delete(s.w.jobs.draws, s.job.N)
	}
	return nil
}
