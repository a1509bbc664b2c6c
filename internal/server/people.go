package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// people asks the core what the workspace says about a member, for the HTTP interface.
type people struct {
	store     store.Store
	registry  *schema.Registry
	workspace func() (*playbooks.Workspace, string)
	now       func() time.Time

	mu   sync.Mutex
	hash string // of the workspace that made is for
	made *engine.Engine
}

// engine returns the active workspace's engine, with the secret from which referral codes are made. It is made once a
// workspace: compiling all expressions costs milliseconds.
func (a *people) engine(ctx context.Context) (*engine.Engine, error) {
	ws, hash := a.workspace()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made == nil || a.hash != hash {
		secret, err := a.store.Secret(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the secret: %w", err)
		}
		a.made, a.hash = engine.New(ws, engine.Options{Registry: a.registry, Secret: secret}), hash
	}
	return a.made, nil
}

// profile evaluates what the workspace says about a member now.
func (a *people) profile(ctx context.Context, m *engine.Member) (*engine.Profile, error) {
	e, err := a.engine(ctx)
	if err != nil {
		return nil, err
	}
	now := a.now()
	states := map[string]*engine.State{m.ID: {Member: m}}
	if err := a.history(ctx, e.ProfileNeeds(m.ID), []string{m.ID}, states, now); err != nil {
		return nil, err
	}
	return e.Profile(states[m.ID], now), nil
}

func (a *people) history(ctx context.Context, needs []engine.HistoryNeed, ids []string,
	states map[string]*engine.State, now time.Time,
) error {
	if len(needs) == 0 {
		return nil
	}
	queries := make([]store.HistoryQuery, len(needs))
	for i, n := range needs {
		queries[i].Event = n.Event
		if !n.Window.IsZero() {
			queries[i].Since = now.Add(-n.Window.Longest())
		}
	}
	return store.LoadHistory(ctx, a.store, ids, states, queries, math.MaxInt64)
}

// warnOfOtherIDs warns when members have ids that nobody would have who came today, because ids are
// written in one way since. It looks at the first members alone: they are asked for at every start.
func warnOfOtherIDs(ctx context.Context, db store.Store, s *playbooks.Schema, log *slog.Logger) error {
	if s.IDs == playbooks.NormalNone {
		return nil
	}
	const most, pageSize = 2000, 500
	others, looked, example := 0, 0, ""
	for cursor := ""; looked < most; {
		page, err := db.SubjectsAfter(ctx, store.Members, cursor, pageSize)
		if err != nil {
			return fmt.Errorf("look at the ids of members: %w", err)
		}
		for _, m := range page {
			if s.MemberID(m.ID) != m.ID {
				others++
				example = cmp.Or(example, m.ID)
			}
		}
		if looked += len(page); len(page) < pageSize {
			break
		}
		cursor = page[len(page)-1].ID
	}
	if others > 0 {
		log.Warn("members came before ids were normalized: they keep their ids, and what comes for them from now on is another member's",
			"members", others, "of the first", looked, "example", example, "now", s.MemberID(example))
	}
	return nil
}
