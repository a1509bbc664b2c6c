package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// Activate stores the bundle and makes it the active one.
func (d *db) Activate(ctx context.Context, b store.Bundle, revisions map[string]string, now time.Time) error {
	files, err := json.Marshal(b.Files)
	if err != nil {
		return fmt.Errorf("encode workspace %s: %w", b.Hash, err)
	}
	err = d.write(ctx, 2+len(revisions), func(t *tx) error {
		if _, err := t.exec("INSERT INTO workspaces VALUES (?, ?) ON CONFLICT DO NOTHING", b.Hash, files); err != nil {
			return err
		}
		changed, err := t.changed(b.Raffles)
		if err != nil || changed != nil {
			return cmp.Or(err, changed)
		}
		for playbook, revision := range revisions {
			const put = "INSERT INTO revisions VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET hash = excluded.hash"
			if _, err := t.exec(put, revision, playbook, b.Hash, millis(now)); err != nil {
				return err
			}
		}
		const put = "INSERT INTO meta VALUES ('active', ?) ON CONFLICT DO UPDATE SET value = excluded.value"
		if _, err := t.exec(put, b.Hash); err != nil {
			return err
		}
		return t.endEpoch()
	})
	if err != nil {
		return fmt.Errorf("activate workspace %s: %w", b.Hash, err)
	}
	return nil
}

// Active returns the active workspace's hash and the pauses.
func (d *db) Active(ctx context.Context) (hash string, paused map[string]bool, err error) {
	paused = map[string]bool{}
	err = d.read(ctx, func(c *conn) error {
		err := c.query("SELECT playbook FROM paused", nil, func(r row) error {
			paused[r.str(0)] = true
			return nil
		})
		if err != nil {
			return err
		}
		value, err := c.meta("active")
		hash = string(value)
		return err
	})
	if err != nil {
		return "", paused, fmt.Errorf("look for the active workspace: %w", err)
	}
	return hash, paused, nil
}

func (c *conn) meta(key string) (value []byte, err error) {
	found, err := c.one("SELECT value FROM meta WHERE key = ?", []any{key}, func(r row) error {
		value = r.bytes(0)
		return nil
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return value, err
}

// Bundle returns a stored workspace.
func (d *db) Bundle(ctx context.Context, hash string) (store.Bundle, error) {
	b := store.Bundle{Hash: hash}
	err := d.read(ctx, func(c *conn) error {
		found, err := c.one("SELECT files FROM workspaces WHERE hash = ?", []any{hash}, func(r row) error {
			if err := json.Unmarshal(r.bytes(0), &b.Files); err != nil {
				return fmt.Errorf("%w: %w", store.ErrDamaged, err)
			}
			return nil
		})
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return b, fmt.Errorf("workspace %s: %w", hash, err)
	}
	return b, nil
}

// BundleOf finds a workspace that holds a revision.
func (d *db) BundleOf(ctx context.Context, revision string) (hash string, err error) {
	err = d.read(ctx, func(c *conn) error {
		found, err := c.one("SELECT hash FROM revisions WHERE revision = ?", []any{revision}, func(r row) error {
			hash = r.str(0)
			return nil
		})
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("workspace of revision %s: %w", revision, err)
	}
	return hash, nil
}

// SetPaused pauses a playbook or lets it go on.
func (d *db) SetPaused(ctx context.Context, playbook string, paused bool, now time.Time) error {
	err := d.write(ctx, 1, func(t *tx) (err error) {
		if paused {
			_, err = t.exec("INSERT INTO paused VALUES (?, ?) ON CONFLICT DO NOTHING", playbook, millis(now))
		} else {
			_, err = t.exec("DELETE FROM paused WHERE playbook = ?", playbook)
		}
		if err == nil {
			err = t.endEpoch()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("pause or resume playbook %s: %w", playbook, err)
	}
	return nil
}

// Secret returns the workspace secret.
func (d *db) Secret(ctx context.Context) (secret []byte, err error) {
	err = d.read(ctx, func(c *conn) error {
		secret, err = c.meta("secret")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the workspace secret: %w", err)
	}
	return secret, nil
}
