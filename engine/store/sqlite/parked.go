package sqlite

import (
	"context"
	"fmt"
	"time"
)

// Unpark makes parked runs due, not before anything that is decided.
func (d *db) Unpark(ctx context.Context, now time.Time) error {
	err := d.writeAgain(ctx, 1, func(t *tx) error {
		if err := t.load(); err != nil {
			return err
		}
		at := max(millis(now), t.clock.at)
		_, err := t.exec("UPDATE runs SET due_at = ? WHERE state = 'waiting' AND reason <> '' AND due_at > ?", at, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("wake parked runs: %w", err)
	}
	return nil
}
