package sqlite

import (
	"bytes"
	"context"
	"fmt"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
)

// Remember stores what a request under a key holds, once. What cannot be read any more says nothing
// of this request: it is replaced, and listed among the failures. Whatever the first request has
// taken in is known by its own ids.
func (d *db) Remember(ctx context.Context, key string, content []byte) (same bool, err error) {
	err = d.write(ctx, 1, func(t *tx) error {
		sealed := document.Summed(content)
		n, err := t.exec("INSERT INTO requests (key, content) VALUES (?, ?) ON CONFLICT DO NOTHING", key, sealed)
		if same = n == 1; same || err != nil {
			return err
		}
		whole := false
		_, err = t.one("SELECT content FROM requests WHERE key = ?", []any{key}, func(r row) error {
			var first []byte
			first, whole = document.Unsummed(r.bytes(0))
			same = bytes.Equal(first, content)
			return nil
		})
		if err != nil || whole {
			return err
		}
		same = true
		if err := t.tick(); err != nil {
			return err
		}
		const lost = "what a request under this key held before cannot be read: the request that came now counts as the same"
		if err := t.fail(instant(t.clock.at), store.FailedRequest, key, lost); err != nil {
			return err
		}
		_, err = t.exec("UPDATE requests SET content = ? WHERE key = ?", sealed, key)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remember request %s: %w", key, err)
	}
	return same, nil
}
