// Package raffle says which tickets of a raffle win: by hashes alone, so that anybody can say it again who knows
// the seed and the tickets. It does no I/O.
package raffle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Prize is a prize of a raffle.
type Prize struct {
	Name  string `json:"name"`
	Count int    `json:"count,omitempty"` // 0: any number
	Odds  string `json:"odds,omitempty"`  // of a ticket that is drawn at once, as 1/50
}

// Rules say who wins.
type Rules struct {
	Prizes     []Prize `json:"prizes"`                // in the order written
	PrizesEach bool    `json:"prizes_each,omitempty"` // a holder may win with each ticket; else once
}

// Definition returns what must not change once there are tickets.
func (r *Rules) Definition() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // it holds texts and numbers
	}
	return string(text)
}

// ParseRules reads a definition.
func ParseRules(definition string) (r Rules, err error) {
	err = json.Unmarshal([]byte(definition), &r)
	return r, err
}

// Prize returns the prize of a name; nil: there is none.
func (r *Rules) Prize(name string) *Prize {
	for i := range r.Prizes {
		if r.Prizes[i].Name == name {
			return &r.Prizes[i]
		}
	}
	return nil
}

// ParseOdds reads odds, as 1/50; false when they are none.
func ParseOdds(s string) (*big.Rat, bool) {
	a, b, ok := strings.Cut(s, "/")
	if !ok {
		return nil, false
	}
	n, err1 := strconv.ParseUint(a, 10, 31)
	of, err2 := strconv.ParseUint(b, 10, 31)
	if err1 != nil || err2 != nil || n == 0 || n > of {
		return nil, false
	}
	return big.NewRat(int64(n), int64(of)), true
}

// SeedHash returns the hash of a seed, which says nothing of it, and which no other seed has.
func SeedHash(seed string) string { return hashOf(seed) }

// Score returns the number of a ticket under a seed, in hexadecimal digits: tickets are drawn by it, lowest first.
func Score(seed, ticket string) string { return hashOf(seed + ":" + ticket) }

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Hit returns the prize that a ticket hits which is drawn at once; nil: none. The scores from 0 on are those of the
// first prize, as many of all as its odds say, then those of the next.
func (r *Rules) Hit(seed, ticket string) *Prize {
	score, _ := new(big.Int).SetString(Score(seed, ticket), 16)
	at := new(big.Rat).SetFrac(score, new(big.Int).Lsh(big.NewInt(1), 8*sha256.Size))
	end := new(big.Rat)
	for i := range r.Prizes {
		if odds, ok := ParseOdds(r.Prizes[i].Odds); ok {
			if end.Add(end, odds); at.Cmp(end) < 0 {
				return &r.Prizes[i]
			}
		}
	}
	return nil
}

// Ticket is an entry, and what came of it.
type Ticket struct {
	Ticket string `json:"ticket"`
	Holder string `json:"holder"`          // the same for all of a member
	Hit    string `json:"hit,omitempty"`   // drawn at once: the prize that it hit, which may have been gone
	Prize  string `json:"prize,omitempty"` // that it won
}

// Draw draws all tickets: it puts them in the order of their scores and gives the prizes in theirs.
func (r *Rules) Draw(seed string, tickets []Ticket) {
	scores := make(map[string]string, len(tickets))
	for i := range tickets {
		scores[tickets[i].Ticket] = Score(seed, tickets[i].Ticket)
	}
	slices.SortFunc(tickets, func(a, b Ticket) int {
		return cmp.Or(cmp.Compare(scores[a.Ticket], scores[b.Ticket]), cmp.Compare(a.Ticket, b.Ticket))
	})
	won := map[string]bool{}
	next, given := 0, 0
	for i := range tickets {
		t := &tickets[i]
		t.Prize = ""
		if won[t.Holder] && !r.PrizesEach {
			continue
		}
		for next < len(r.Prizes) && r.Prizes[next].Count > 0 && given == r.Prizes[next].Count {
			next, given = next+1, 0
		}
		if next == len(r.Prizes) {
			break
		}
		t.Prize, won[t.Holder] = r.Prizes[next].Name, true
		given++
	}
}

// Proof is what anybody needs to say again who won.
type Proof struct {
	Raffle   string `json:"raffle"`
	SeedHash string `json:"seed_hash"` // was public before the first entry
	Seed     string `json:"seed"`
	Rules
	Drawn   bool     `json:"drawn"` // all at once; false: each ticket at once
	Tickets []Ticket `json:"tickets"`
}

// Verify returns what is wrong with a proof; nil: nothing.
func (p *Proof) Verify() (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if SeedHash(p.Seed) != p.SeedHash {
		say("the seed is another than the one whose hash was public")
	}
	if p.Drawn {
		again := slices.Clone(p.Tickets)
		p.Draw(p.Seed, again)
		want := make(map[string]string, len(again))
		for _, t := range again {
			want[t.Ticket] = t.Prize
		}
		for _, t := range p.Tickets {
			if t.Prize != want[t.Ticket] {
				say("ticket %s: the prize is %s, and %s is right", t.Ticket, named(t.Prize), named(want[t.Ticket]))
			}
		}
		return append(wrong, p.twice()...)
	}
	given, won := map[string]int{}, map[string]int{}
	for _, t := range p.Tickets {
		given[t.Prize]++
		if t.Prize != "" {
			won[t.Holder]++
		}
	}
	for _, t := range p.Tickets {
		hit := ""
		if prize := p.Hit(p.Seed, t.Ticket); prize != nil {
			hit = prize.Name
		}
		switch {
		case t.Hit != hit:
			say("ticket %s: it is said to hit %s, and %s is right", t.Ticket, named(t.Hit), named(hit))
		case t.Prize != "" && t.Prize != hit:
			say("ticket %s: the prize is %s, and it hits %s", t.Ticket, named(t.Prize), named(hit))
		case t.Prize == "" && hit != "" && !p.gone(hit, given) && (p.PrizesEach || won[t.Holder] == 0):
			say("ticket %s: it hits %s, of which there were more, and has none", t.Ticket, named(hit))
		case !p.PrizesEach && won[t.Holder] > 1:
			say("ticket %s: its holder won %d times", t.Ticket, won[t.Holder])
		}
	}
	for i := range p.Prizes {
		if of := &p.Prizes[i]; of.Count > 0 && given[of.Name] > of.Count {
			say("%s was given %d times, and there are %d", named(of.Name), given[of.Name], of.Count)
		}
	}
	return append(wrong, p.twice()...)
}

func (p *Proof) gone(prize string, given map[string]int) bool {
	of := p.Prize(prize)
	return of != nil && of.Count > 0 && given[prize] >= of.Count
}

// twice returns which tickets stand there twice.
func (p *Proof) twice() (wrong []string) {
	seen := map[string]bool{}
	for _, t := range p.Tickets {
		if seen[t.Ticket] {
			wrong = append(wrong, fmt.Sprintf("ticket %s stands there twice", t.Ticket))
		}
		seen[t.Ticket] = true
	}
	return wrong
}

func named(prize string) string {
	if prize == "" {
		return "none"
	}
	return "`" + prize + "`"
}
