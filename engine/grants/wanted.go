package grants

import (
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// Wanted is what decisions may ask of pools, as far as that is known before.
type Wanted struct {
	Schema      *playbooks.Schema
	First, Last time.Time // the instants of the first input and of the last; zero: there is none

	Asks []Ask
	Some bool // something may be asked, known or not
}

// Ask adds what may be taken.
func (w *Wanted) Ask(a Ask) {
	w.Some = true
	if !slices.ContainsFunc(w.Asks, func(known Ask) bool { return known.Pool == a.Pool }) {
		w.Asks = append(w.Asks, a)
	}
}

// Playbook adds what entering a playbook may ask, and its coupons and raffles, by their names.
func (w *Wanted) Playbook(id string, q *playbooks.Quota, pools, raffles []string) {
	w.quota(OfPlaybook, id, q)
	for _, name := range pools {
		if p := w.Schema.Pool(name); p != nil {
			if a, limited := Coupons(p); limited {
				w.Ask(a)
			}
			w.quota(OfCoupons, p.Name, p.Quota)
		}
	}
	for _, name := range raffles {
		if r := w.Schema.Raffle(name); r != nil {
			w.raffle(r)
		}
	}
}

func (w *Wanted) raffle(r *playbooks.Raffle) {
	if !r.At.IsZero() {
		w.Ask(Tickets(r.Name))
		return
	}
	for i := range r.Prizes {
		if p := &r.Prizes[i]; p.Count > 0 {
			w.Ask(Prize(r.Name, p.Name, p.Count))
		}
	}
}

// mostCodes is more codes than anybody loads.
const mostCodes = 1 << 30

// Coupons returns what is asked of a pool of coupons beside its quota; false: there is no end to it.
func Coupons(p *playbooks.Pool) (a Ask, limited bool) {
	if p.Imported {
		return Ask{Pool: p.Name, Most: mostCodes, Codes: true}, true
	}
	return Ask{Pool: p.Name, Most: p.Budget}, p.Budget > 0
}

// quota adds what may be asked of a quota at the instants of the first input and of the last. Other periods, those of
// what is due, and values are found out when it is decided.
func (w *Wanted) quota(of, name string, q *playbooks.Quota) {
	if q == nil {
		return
	}
	if w.Some = true; q.By != nil || w.First.IsZero() {
		return
	}
	for _, at := range []time.Time{w.First, w.Last} {
		w.Ask(PlaceAt(of, name, q, at.In(w.Schema.Timezone)).Ask)
	}
}
