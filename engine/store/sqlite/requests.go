package sqlite

import (
	"bytes"
	"context"
	"fmt"
)

// Remember stores what a request under a key holds, once.
func (d *db) Remember(ctx context.Context, key string, content []byte) (same bool, err error) {
	err = d.write(ctx, 1, func(t *tx) error {
		n, err := t.exec("INSERT INTO requests (key, content) VALUES (?, ?) ON CONFLICT DO NOTHING", key, content)
		if same = n == 1; same || err != nil {
			return err
		}
		_, err = t.one("SELECT content FROM requests WHERE key = ?", []any{key}, func(r row) error {
			same = bytes.Equal(r.bytes(0), content)
			return nil
		})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remember request %s: %w", key, err)
	}
	return same, nil
}
