package raffle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks/raffle"
)

func some(n, holders int) (list []raffle.Ticket) {
	for i := range n {
		list = append(list, raffle.Ticket{Ticket: fmt.Sprintf("t%03d", i), Holder: fmt.Sprint("h", i%holders)})
	}
	return list
}

func drawn(p *raffle.Proof) (n map[string]int, holders map[string]int) {
	n, holders = map[string]int{}, map[string]int{}
	for _, t := range p.Tickets {
		if n[t.Prize]++; t.Prize != "" {
			holders[t.Holder]++
		}
	}
	return n, holders
}

// Each prize is given as often as it is there, one a holder, and each ticket may win.
func TestDraw(t *testing.T) {
	firsts := map[string]bool{}
	for seed := range 60 {
		for _, each := range []bool{false, true} {
			p := &raffle.Proof{Seed: fmt.Sprint(seed), Drawn: true, Tickets: some(50, 20), Rules: raffle.Rules{
				Prizes: []raffle.Prize{{Name: "one", Count: 1}, {Name: "two", Count: 15}, {Name: "rest"}}, PrizesEach: each,
			}}
			p.SeedHash = raffle.SeedHash(p.Seed)
			p.Draw(p.Seed, p.Tickets)
			n, holders := drawn(p)
			most, rest := 1, 4
			if each {
				most, rest = 3, 34
			}
			if n["one"] != 1 || n["two"] != 15 || n["rest"] != rest {
				t.Fatalf("seed %d, each %t: %v", seed, each, n)
			}
			for h, won := range holders {
				if won > most {
					t.Errorf("%s won %d times", h, won)
				}
			}
			if wrong := p.Verify(); wrong != nil {
				t.Errorf("the proof does not hold: %v", wrong)
			}
			firsts[p.Tickets[slices.IndexFunc(p.Tickets, func(t raffle.Ticket) bool { return t.Prize == "one" })].Ticket] = true
		}
	}
	if len(firsts) < 20 {
		t.Errorf("of 60 draws of 50 tickets %d different won", len(firsts))
	}
}

// Tickets hit prizes as often as their odds say, and nothing in the rest.
func TestHit(t *testing.T) {
	r := raffle.Rules{Prizes: []raffle.Prize{{Name: "half", Odds: "1/2"}, {Name: "tenth", Odds: "1/10"}}}
	n := map[string]int{}
	for i := range 20_000 {
		if p := r.Hit("seed", fmt.Sprint("t", i)); p != nil {
			n[p.Name]++
		}
	}
	if n["half"] < 9_700 || n["half"] > 10_300 || n["tenth"] < 1_850 || n["tenth"] > 2_150 {
		t.Errorf("hit %v", n)
	}
	all := raffle.Rules{Prizes: []raffle.Prize{{Name: "all", Odds: "1/1"}}}
	if p := all.Hit("seed", "t"); p == nil {
		t.Error("1/1 is not hit")
	}
}

// A proof that was tampered with does not hold.
func TestVerify(t *testing.T) {
	sound := func(isDrawn bool) *raffle.Proof {
		p := &raffle.Proof{Seed: "s", Drawn: isDrawn, Tickets: some(40, 40), Rules: raffle.Rules{
			Prizes: []raffle.Prize{{Name: "one", Count: 3, Odds: "1/3"}, {Name: "two", Count: 40, Odds: "1/3"}},
		}}
		p.SeedHash = raffle.SeedHash(p.Seed)
		if isDrawn {
			p.Draw(p.Seed, p.Tickets)
			return p
		}
		left := 3
		for i := range p.Tickets {
			k := &p.Tickets[i]
			if hit := p.Hit(p.Seed, k.Ticket); hit != nil {
				k.Hit = hit.Name
				if hit.Name == "two" || left > 0 {
					k.Prize = hit.Name
				}
				if hit.Name == "one" {
					left--
				}
			}
		}
		return p
	}
	with := func(p *raffle.Proof, prize string) *raffle.Ticket {
		return &p.Tickets[slices.IndexFunc(p.Tickets, func(k raffle.Ticket) bool { return k.Prize == prize })]
	}
	gone := func(p *raffle.Proof) *raffle.Ticket {
		return &p.Tickets[slices.IndexFunc(p.Tickets, func(k raffle.Ticket) bool { return k.Hit == "one" && k.Prize == "" })]
	}
	for name, c := range map[string]struct {
		drawn  bool
		tamper func(*raffle.Proof)
		want   string
	}{
		"drawn":                    {true, func(*raffle.Proof) {}, ""},
		"at once":                  {false, func(*raffle.Proof) {}, ""},
		"another seed":             {true, func(p *raffle.Proof) { p.SeedHash = raffle.SeedHash("other") }, "the seed is another"},
		"another winner":           {true, func(p *raffle.Proof) { with(p, "two").Prize = "one" }, "the prize is `one`, and `two` is right"},
		"a winner left out":        {true, func(p *raffle.Proof) { p.Tickets = p.Tickets[1:] }, "is right"},
		"a ticket twice":           {true, func(p *raffle.Proof) { p.Tickets = append(p.Tickets, p.Tickets[39]) }, "twice"},
		"a hit that is none":       {false, func(p *raffle.Proof) { gone(p).Hit = "" }, "is right"},
		"a prize that was not hit": {false, func(p *raffle.Proof) { with(p, "two").Prize = "one" }, "it hits `two`"},
		"one prize too many":       {false, func(p *raffle.Proof) { gone(p).Prize = "one" }, "was given 4 times"},
		"a prize that is withheld": {false, func(p *raffle.Proof) { with(p, "one").Prize = "" }, "of which there were more"},
		"a holder who won twice": {false, func(p *raffle.Proof) {
			first := with(p, "one")
			for i := range p.Tickets {
				if k := &p.Tickets[i]; k.Prize == "two" {
					k.Holder = first.Holder
				}
			}
		}, "its holder won"},
	} {
		p := sound(c.drawn)
		c.tamper(p)
		got := strings.Join(p.Verify(), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
