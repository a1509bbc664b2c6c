package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/blocks"
)

// Raffles lists the raffles that have tickets.
func (d *db) Raffles(ctx context.Context) (list []store.Raffle, err error) {
	const read = `SELECT raffle, rules, drawn_at, (SELECT count(*) FROM tickets t WHERE t.raffle = r.raffle) FROM raffles r ORDER BY raffle`
	err = d.read(ctx, func(c *conn) error {
		return c.query(read, nil, func(r row) error {
			list = append(list, store.Raffle{
				Name: r.str(0), Rules: r.str(1), DrawnAt: instant(r.int(2)), Tickets: int(r.int(3)),
			})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list raffles: %w", err)
	}
	return list, nil
}

// Tickets pages over the tickets of a raffle.
func (d *db) Tickets(ctx context.Context, raffle, after string, limit int) (list []engine.Ticket, err error) {
	const read = `SELECT ticket, (SELECT id FROM subjects WHERE n = subject), at, hit, prize FROM tickets
		WHERE raffle = ? AND ticket > ? ORDER BY ticket LIMIT ?`
	err = d.read(ctx, func(c *conn) error {
		return c.query(read, []any{raffle, after, limit}, func(r row) error {
			list = append(list, engine.Ticket{
				Ticket: r.str(0), Raffle: raffle, Member: r.str(1), At: instant(r.int(2)), Hit: r.str(3), Prize: r.str(4),
			})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list the tickets of raffle %s: %w", raffle, err)
	}
	return list, nil
}

// CloseRaffle ends the entries for a raffle.
func (d *db) CloseRaffle(ctx context.Context, raffle string, now time.Time) error {
	err := d.writeAgain(ctx, 3, func(t *tx) error {
		ask := grants.Tickets(raffle)
		if err := blocks.Close(t.Conn, &ask); err != nil {
			return err
		}
		_, err := t.exec("UPDATE raffles SET drawn_at = ? WHERE raffle = ? AND drawn_at = 0", millis(now), raffle)
		return err
	})
	if err != nil {
		return fmt.Errorf("close raffle %s: %w", raffle, err)
	}
	return nil
}

// putTickets stores tickets, and the rules of the first of a raffle.
func (b *batch) putTickets(t *tx) error {
	rules := map[string]bool{}
	for i := range b.Tickets {
		k := &b.Tickets[i]
		subject, err := t.subject(k.Member)
		if err == nil && !rules[k.Raffle] {
			rules[k.Raffle] = true
			_, err = t.exec("INSERT INTO raffles VALUES (?, ?, 0) ON CONFLICT DO NOTHING", k.Raffle, k.Rules)
		}
		if err == nil {
			_, err = t.exec("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?)", k.Raffle, k.Ticket, subject, millis(k.At), k.Hit, k.Prize)
		}
		if err != nil {
			return of(k.Member, fmt.Errorf("store ticket %s: %w", k.Ticket, err))
		}
	}
	return nil
}

// changed returns the raffle that has tickets and other rules in a workspace.
func (t *tx) changed(rules map[string]string) (changed error, err error) {
	for name, now := range rules {
		_, err := t.one("SELECT 1 FROM raffles WHERE raffle = ? AND rules <> ?", []any{name, now}, func(row) error {
			changed = &store.RaffleChanged{Raffle: name}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return changed, nil
}
