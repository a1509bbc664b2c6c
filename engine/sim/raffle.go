package sim

import (
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
)

// draw is a raffle whose tickets are drawn together.
type draw struct {
	*playbooks.Raffle
	tickets []raffle.Ticket
	members map[string]string // by ticket
}

// prepareDraws sorts the raffles whose tickets are drawn together by the instants of their draws.
func (w *World) prepareDraws() {
	list := w.engine.Workspace().Schema.Raffles
	for i := range list {
		if !list[i].At.IsZero() {
			w.draws = append(w.draws, &draw{Raffle: &list[i], members: map[string]string{}})
		}
	}
	slices.SortStableFunc(w.draws, func(a, b *draw) int { return a.At.Compare(b.At) })
}

// entered keeps the tickets of a decision.
func (w *World) entered(c *engine.Changes) {
	for _, t := range c.Tickets {
		for _, d := range w.draws {
			if d.Name == t.Raffle {
				d.members[t.Ticket] = t.Member
				d.tickets = append(d.tickets, raffle.Ticket{Ticket: t.Ticket, Holder: t.Member})
			}
		}
	}
}

// drawsBefore reports whether a raffle is to be drawn before an instant.
func (w *World) drawsBefore(t time.Time) bool { return len(w.draws) > 0 && w.draws[0].At.Before(t) }

// drawNext draws the tickets of the next raffle, and tells their holders.
func (w *World) drawNext() error {
	d := w.draws[0]
	w.draws = w.draws[1:]
	at := d.At.UTC()
	if at.Before(w.now) {
		at = w.now // it was drawn before the world began
	}
	d.Draw(w.engine.RaffleSeed(d.Name), d.tickets)
	if prize, forced := w.engine.ForcedPrize(d.Name); forced {
		d.give(prize)
	}
	for _, t := range d.tickets {
		said := map[string]any{"raffle": d.Name, "ticket": t.Ticket}
		if t.Prize != "" {
			said["prize"] = t.Prize
		}
		if !w.engine.Workspace().Schema.MakesEvent(playbooks.RaffleDrawn) {
			continue
		}
		w.seq++
		in := engine.Input{
			Seq: w.seq, Kind: engine.InputEvent, ID: naming.Joined(playbooks.RaffleDrawn, d.Name, t.Ticket),
			Member: d.members[t.Ticket], Name: playbooks.RaffleDrawn, Time: at, At: at,
			Payload: &engine.Payload{Properties: said, Depth: 1},
		}
		if err := w.decide(in.Member, []engine.Input{in}, at); err != nil {
			return err
		}
	}
	return nil
}

// give gives all tickets one prize, as long as there is one; a test says so.
func (d *draw) give(prize string) {
	of := d.Prize(prize)
	for i := range d.tickets {
		if d.tickets[i].Prize = ""; of != nil && (of.Count == 0 || i < of.Count) {
			d.tickets[i].Prize = prize
		}
	}
}
