package store

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
)

// Raffle is a raffle that has tickets.
type Raffle struct {
	Name    string
	Rules   string // as they were at its first ticket
	Tickets int
	DrawnAt time.Time // when all tickets were drawn; zero: they are not
}

// RaffleChanged says that a workspace has other rules for a raffle that has tickets.
type RaffleChanged struct{ Raffle string }

func (e *RaffleChanged) Error() string {
	return fmt.Sprintf("the raffle %s has tickets: its prizes, their odds and prizes_each cannot change any more; "+
		"give a raffle with others another name", e.Raffle)
}

// Raffles are raffles and their tickets. Commit stores tickets.
type Raffles interface {
	// Raffles lists the raffles that have tickets, by their names.
	//
	//  1. The rules are those of the first ticket. (Raffles "keeps tickets, and the rules of the first")
	Raffles(ctx context.Context) ([]Raffle, error)

	// Tickets pages over the tickets of a raffle, in their order, after one of them; empty: from the
	// first.
	//
	//  1. Each is on one page. (Raffles "keeps tickets, and the rules of the first")
	Tickets(ctx context.Context, raffle, after string, limit int) ([]engine.Ticket, error)

	// CloseRaffle ends the entries for a raffle whose tickets are drawn together: what they are granted
	// from is Dry.
	//
	//  1. A batch that has decided on one more is stale. (Raffles "takes no ticket once it is closed")
	//  2. The first time counts. (Raffles "takes no ticket once it is closed")
	CloseRaffle(ctx context.Context, raffle string, now time.Time) error
}
