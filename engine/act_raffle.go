package engine

import (
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
)

// Why a member was not entered for a raffle, beside [ReasonPerMember] and [ReasonNotActive].
const (
	ReasonNoRaffle = "no such raffle"
	ReasonDrawn    = "drawn"
)

// RaffleSeed returns the seed of a raffle: unguessable without the secret, and the same in a replay.
func (e *Engine) RaffleSeed(name string) string { return e.keys.RaffleSeed(name) }

// ForcedPrize returns what the tickets of a raffle draw in a test of playbooks that says so.
func (e *Engine) ForcedPrize(raffle string) (prize string, forced bool) {
	if e.o.Raffle == nil {
		return "", false
	}
	return e.o.Raffle(raffle)
}

// EnterRaffle gives the member a ticket. Where all tickets are not drawn together it is drawn.
func (a *Act) EnterRaffle(name string) {
	d := a.d
	a.Detail("raffle", name)
	r := d.e.index.WS.Schema.Raffle(name)
	reason := a.mayEnter(r)
	a.Result("entered", reason == "")
	if reason != "" {
		a.Reason(reason)
		return
	}
	if a.run.Shadow() {
		a.Result("ticket", shadowCode)
		a.Detail("ticket", shadowCode)
		return
	}
	t := Ticket{
		Ticket: d.e.keys.Hex(16, "ticket", a.run.ID, a.step.Path), Raffle: name, Member: d.ID, At: d.Now,
		Rules: r.Definition(),
	}
	a.Result("ticket", t.Ticket)
	a.Detail("ticket", t.Ticket)
	if r.At.IsZero() {
		a.drawTicket(r, &t)
	} else {
		ask := grants.Tickets(name)
		d.grants.Take(&ask)
	}
	d.State.Member.Rarer().Entered(name)
	d.touched = true
	d.c.Tickets = append(d.c.Tickets, t)
}

// drawTicket draws a ticket at once.
func (a *Act) drawTicket(r *playbooks.Raffle, t *Ticket) {
	d, m := a.d, a.d.State.Member.Rarer()
	made := map[string]any{"raffle": r.Name, "ticket": t.Ticket}
	if hit := d.hit(r, t.Ticket); hit != nil {
		t.Hit = hit.Name
		a.Detail("hit", hit.Name)
		ask := grants.Prize(r.Name, hit.Name, hit.Count)
		if m.MayWin(r.Name, r.PrizesEach) && (hit.Count == 0 || d.grants.Has(&ask)) {
			if hit.Count > 0 {
				d.grants.Take(&ask)
			}
			m.Won(r.Name)
			t.Prize, made["prize"] = hit.Name, hit.Name
			a.Result("prize", hit.Name)
			a.Detail("prize", hit.Name)
		}
	}
	a.emitted = append(a.emitted, d.made(playbooks.RaffleDrawn, made, t.Ticket, a.run)...)
}

// mayEnter returns why the member gets no ticket.
func (a *Act) mayEnter(r *playbooks.Raffle) string {
	d := a.d
	switch {
	case r == nil:
		return ReasonNoRaffle
	case !r.Active.Holds(d.Now):
		return ReasonNotActive
	case r.PerMember > 0 && d.State.Member.Rarely().Raffles[r.Name].Entries >= r.PerMember:
		return ReasonPerMember
	}
	if r.At.IsZero() {
		return ""
	}
	// one in shadow takes none, and asks for none
	if ask := grants.Tickets(r.Name); !d.Now.Before(r.At) || !a.run.Shadow() && !d.grants.Has(&ask) {
		return ReasonDrawn
	}
	return ""
}

// hit returns what a ticket hits that is drawn at once; nil: nothing.
func (d *decider) hit(r *playbooks.Raffle, ticket string) *raffle.Prize {
	if prize, forced := d.e.ForcedPrize(r.Name); forced {
		return r.Prize(prize)
	}
	return r.Hit(d.e.RaffleSeed(r.Name), ticket)
}
