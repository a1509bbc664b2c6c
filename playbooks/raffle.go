package playbooks

import (
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/raffle"
)

// Raffle is what members enter for prizes.
type Raffle struct {
	Name string
	raffle.Rules
	At        time.Time // when all tickets are drawn together; zero: each at once
	PerMember int       // entries; 0: no limit
	Active    *Active   // when entries are taken; nil: always
	Pos       diag.Pos
}

// Raffle returns the raffle of a name; nil: there is none.
func (s *Schema) Raffle(name string) *Raffle {
	return Find(s.Raffles, func(r *Raffle) string { return r.Name }, name)
}
