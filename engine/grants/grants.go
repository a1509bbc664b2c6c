// Package grants is what decisions take of pools that others take from, too: coupons of a budget, places under a
// quota, prizes. And of the messages that frequency caps let a member have. It does no I/O.
package grants

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// Pool is what a lane may grant of a pool.
type Pool struct {
	Free int  // reserved for this lane and not yet taken
	Dry  bool // nothing more can be had: every block was reclaimed
	// Of a pool whose codes are loaded: those that are free, in the order in which they are given.
	Codes []string
}

// Ask names a pool, and says how much is to be had of it.
type Ask struct {
	Pool  string
	Most  int       // how much there is of it in all
	Until time.Time // it is asked of no more then; zero: for ever
	N     int       // that are needed
	Ahead int       // that the lane's block may hold where others need none of it
	Codes bool      // its codes are loaded: there are as many as are free
}

// Need says that what is reserved of pools does not do: reserve more and decide again, on state
// loaded anew. N of each is how many the decision needs.
type Need struct{ Asks []Ask }

func (e *Need) Error() string {
	names := make([]string, len(e.Asks))
	for i := range e.Asks {
		names[i] = e.Asks[i].Pool
	}
	return fmt.Sprintf("nothing is reserved any more of the pools %s", strings.Join(names, ", "))
}

// Ledger is what one decision takes.
type Ledger struct {
	Pools map[string]*Pool
	Left  func(Ask) int   // of a pool that is not among them and that nobody else takes from; nil: others do
	Count *map[string]int // what is taken, by pool

	asks  []Ask   // what pools had too little of
	taken []taken // what was taken
}

// taken is one that was taken of a pool.
type taken struct{ pool, code string }

// pool returns what there is of a pool; nil: nobody knows.
func (l *Ledger) pool(a *Ask) *Pool {
	p := l.Pools[a.Pool]
	if p == nil && l.Left != nil {
		p = &Pool{Free: l.Left(*a), Dry: true}
		l.Pools[a.Pool] = p
	}
	return p
}

// Has reports whether one can be taken of a pool. Where nobody knows it may be.
func (l *Ledger) Has(a *Ask) bool {
	p := l.pool(a)
	return p == nil || p.Free > 0 || !p.Dry
}

// Take takes one of a pool that has some. Where nobody knows whether it has, the decision is to go on as if it had,
// so that it is found out at once what else is to be asked, and does not hold: see [Ledger.Need]. The code is that of
// a pool whose codes are loaded.
func (l *Ledger) Take(a *Ask) (code string) {
	p := l.pool(a)
	if p == nil || p.Free == 0 {
		i := slices.IndexFunc(l.asks, func(known Ask) bool { return known.Pool == a.Pool })
		if i < 0 {
			i, l.asks = len(l.asks), append(l.asks, *a)
			l.asks[i].N = 0
		}
		l.asks[i].N++
		return ""
	}
	p.Free--
	if len(p.Codes) > 0 {
		code, p.Codes = p.Codes[0], p.Codes[1:]
	}
	if *l.Count == nil {
		*l.Count = map[string]int{}
	}
	(*l.Count)[a.Pool]++
	l.taken = append(l.taken, taken{a.Pool, code})
	return code
}

// Lacks reports whether pools had too little.
func (l *Ledger) Lacks() bool { return len(l.asks) > 0 }

// Need returns what the decision needs of the pools that had too little.
func (l *Ledger) Need() error {
	asks := slices.Clone(l.asks)
	for i := range asks {
		for _, t := range l.taken {
			if t.pool == asks[i].Pool {
				asks[i].N++
			}
		}
	}
	return &Need{Asks: asks}
}

// Return gives back what a decision took that does not hold.
func (l *Ledger) Return() {
	for _, t := range slices.Backward(l.taken) {
		p := l.Pools[t.pool]
		p.Free++
		if t.code != "" {
			p.Codes = append([]string{t.code}, p.Codes...)
		}
		(*l.Count)[t.pool]--
	}
	l.taken = nil
}

// The pools of quotas and raffles begin so, with the name of what has them behind it; pools of coupons have no such
// names.
const (
	OfPlaybook = "quota"
	OfCoupons  = "coupons"
	OfRaffle   = "raffle"
)

// Name returns the name of a pool, by what an entry of a record says which part it is.
func Name(of, name, part string) string { return of + ":" + name + ":" + part }

// Place is one of a quota.
type Place struct {
	Ask
	Of string // which part of the time, and of the values
}

// PlaceAt returns what is asked of a quota at an instant, in its zone, whatever the values that it is by.
func PlaceAt(of, name string, q *playbooks.Quota, at time.Time) Place {
	part, end := q.Period(at)
	return Place{Ask{Pool: Name(of, name, part), Most: q.Max, Until: end}, part}
}

// mostTickets is how many tickets a raffle has at most.
const mostTickets = 1_000_000_000

// Tickets is what is asked for a ticket of a raffle whose tickets are drawn together: none is to be had any more
// once they are.
func Tickets(raffle string) Ask { return Ask{Pool: Name(OfRaffle, raffle, ""), Most: mostTickets} }

// Prize is what is asked for a prize of a raffle, of which there are so many.
func Prize(raffle, prize string, count int) Ask {
	return Ask{Pool: Name(OfRaffle, raffle, prize), Most: count}
}
