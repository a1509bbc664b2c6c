package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/replay"
	"github.com/usher-run/usher/engine/store/sqlite"
)

// Replay decides again what a database has decided, and tells each decision that comes out
// otherwise. No server may have the database open.
func Replay(
	ctx context.Context, db, member string, since time.Time, differs func(replay.Difference),
) (sum replay.Summary, err error) {
	path, err := sqlitePath(db)
	if err != nil {
		return sum, err
	}
	if _, err := os.Stat(path); err != nil {
		return sum, fmt.Errorf("look for the database: %w", err)
	}
	s, err := sqlite.Open(ctx, path)
	if errors.Is(err, sqlite.ErrHeld) {
		return sum, fmt.Errorf("a server has the database %s open: stop it first, or replay a copy, as VACUUM INTO makes one", path)
	}
	if err != nil {
		return sum, fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return replay.Run(ctx, s, replay.Options{
		Member: member, Since: since, Load: loadBundle, Registry: actions.Registry(), Effects: actions.Effects(),
		Differs: differs,
	})
}
