package api

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
)

type raffleView struct {
	Name     string         `json:"name"`
	SeedHash string         `json:"seed_hash" doc:"SHA-256 of the seed, in hexadecimal digits: make it public before the first entry"`
	Prizes   []raffle.Prize `json:"prizes" doc:"in the order in which they are given"`
	Draw     *time.Time     `json:"draw,omitempty" doc:"when all tickets are drawn together; left out: each is drawn at once"`
	Tickets  int            `json:"tickets"`
	DrawnAt  *time.Time     `json:"drawn_at,omitempty" doc:"when the tickets were drawn together"`
	Over     bool           `json:"over" doc:"seed and tickets may be asked for"`
}

type rafflesView struct {
	Raffles []raffleView `json:"raffles" doc:"of the active workspace"`
}

// raffleState is what is stored of raffles, by name, and what makes their seeds.
func (s *server) raffleState(ctx context.Context) (stored map[string]store.Raffle, keys *naming.Keys, err error) {
	list, err := s.Store.Raffles(ctx)
	if err != nil {
		return nil, nil, err
	}
	secret, err := s.Store.Secret(ctx)
	if err != nil {
		return nil, nil, err
	}
	stored = make(map[string]store.Raffle, len(list))
	for _, r := range list {
		stored[r.Name] = r
	}
	return stored, naming.NewKeys(secret), nil
}

// over reports whether nobody gets a ticket any more, and all are drawn.
func (s *server) over(r *playbooks.Raffle, stored store.Raffle) bool {
	if !r.At.IsZero() {
		return !stored.DrawnAt.IsZero()
	}
	return r.Active != nil && !r.Active.Until.IsZero() && !s.now().Before(r.Active.Until)
}

func (s *server) getRaffles(c *gin.Context) (rafflesView, error) {
	stored, keys, err := s.raffleState(c.Request.Context())
	if err != nil {
		return rafflesView{}, err
	}
	ws, _ := s.Workspace()
	v := rafflesView{Raffles: []raffleView{}}
	for i := range ws.Schema.Raffles {
		r := &ws.Schema.Raffles[i]
		of := stored[r.Name]
		v.Raffles = append(v.Raffles, raffleView{
			Name: r.Name, SeedHash: raffle.SeedHash(keys.RaffleSeed(r.Name)), Prizes: r.Prizes, Draw: optional(r.At),
			Tickets: of.Tickets, DrawnAt: optional(of.DrawnAt), Over: s.over(r, of),
		})
	}
	return v, nil
}

// ticketsPage is how many tickets are read at once.
const ticketsPage = 10_000

func (s *server) getProof(c *gin.Context) (raffle.Proof, error) {
	ctx, name := c.Request.Context(), c.Param("name")
	ws, _ := s.Workspace()
	r := ws.Schema.Raffle(name)
	if r == nil {
		return raffle.Proof{}, newError(codeNotFound, "the active workspace has no raffle `%s`", cut(name, 100))
	}
	stored, keys, err := s.raffleState(ctx)
	if err != nil {
		return raffle.Proof{}, err
	}
	if !s.over(r, stored[name]) {
		return raffle.Proof{}, newError(codeConflict, "the raffle %s is not over: its seed says who would win", name)
	}
	seed := keys.RaffleSeed(name)
	p := raffle.Proof{
		Raffle: name, SeedHash: raffle.SeedHash(seed), Seed: seed, Rules: r.Rules, Drawn: !r.At.IsZero(),
		Tickets: []raffle.Ticket{},
	}
	for after := ""; ; {
		page, err := s.Store.Tickets(ctx, name, after, ticketsPage)
		if err != nil {
			return raffle.Proof{}, err
		}
		for _, t := range page {
			after = t.Ticket
			p.Tickets = append(p.Tickets, raffle.Ticket{
				Ticket: t.Ticket, Holder: keys.RaffleHolder(name, t.Member), Hit: t.Hit, Prize: t.Prize,
			})
		}
		if len(page) < ticketsPage {
			break
		}
	}
	if p.Drawn {
		p.Draw(seed, p.Tickets)
	}
	return p, nil
}

func (s *server) raffleRoutes() []route {
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/raffles", scope: ScopeAdmin,
			summary: "The raffles of the active workspace, with the hashes of their seeds",
		}, s.getRaffles),
		reply(s, route{
			method: "GET", path: "/v1/raffles/:name/proof", scope: ScopeAdmin, errors: []string{codeNotFound, codeConflict},
			summary: "Of a raffle that is over: its seed and tickets, from which anybody can say again who won",
		}, s.getProof),
	}
}
