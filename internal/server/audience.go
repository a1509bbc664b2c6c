package server

import (
	"cmp"
	"context"
	"errors"
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

// audiencePage is how many members are looked at in one go.
const audiencePage = 500

// audience asks the core about members, for the HTTP interface: who is in a segment, and what the
// workspace says about one.
type audience struct {
	store     store.Store
	registry  *schema.Registry
	workspace func() (*playbooks.Workspace, string)
	now       func() time.Time
	log       *slog.Logger // may be nil

	mu   sync.Mutex
	hash string // of the workspace that made is for
	made *engine.Engine
}

// page returns those of the next members who are in the segment; an empty next cursor is the end.
func (a *audience) page(ctx context.Context, segment, cursor string) (in []string, next string, err error) {
	members, err := a.store.MembersAfter(ctx, cursor, audiencePage)
	if err != nil || len(members) == 0 {
		return nil, "", err
	}
	ids := make([]string, 0, len(members))
	states := make(map[string]*engine.State, len(members))
	for _, m := range members {
		if m.Unreadable != "" {
			a.passOver(m.ID, segment, errors.New(m.Unreadable))
			continue
		}
		ids = append(ids, m.ID)
		states[m.ID] = &engine.State{Member: m.Member}
	}
	e, now := a.engine(), a.now()
	if err := a.history(ctx, e.SegmentNeeds(segment), ids, states, now); err != nil {
		return nil, "", err
	}
	for _, id := range ids {
		ok, err := e.InSegment(segment, states[id], now)
		switch {
		case err != nil:
			a.passOver(id, segment, err)
		case ok:
			in = append(in, id)
		}
	}
	if len(members) == audiencePage {
		next = members[len(members)-1].ID
	}
	return in, next, nil
}

// passOver says that nobody can tell whether a member is in a segment: that is no reason to leave
// all others out.
func (a *audience) passOver(member, segment string, err error) {
	if a.log != nil {
		a.log.Warn("a member is passed over: nobody can tell whether they are in a segment", "member", member, "segment",
			segment, "error", err)
	}
}

// engine returns the active workspace's engine. It is made once a workspace: compiling all
// expressions costs milliseconds.
func (a *audience) engine() *engine.Engine {
	ws, hash := a.workspace()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made == nil || a.hash != hash {
		a.made, a.hash = engine.New(ws, engine.Options{Registry: a.registry}), hash
	}
	return a.made
}

// profile evaluates what the workspace says about a member now.
func (a *audience) profile(ctx context.Context, m *engine.Member) (*engine.Profile, error) {
	e, now := a.engine(), a.now()
	states := map[string]*engine.State{m.ID: {Member: m}}
	if err := a.history(ctx, e.ProfileNeeds(), []string{m.ID}, states, now); err != nil {
		return nil, err
	}
	return e.Profile(states[m.ID], now), nil
}

func (a *audience) history(ctx context.Context, needs []engine.HistoryNeed, ids []string,
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
	events, err := a.store.History(ctx, ids, queries, math.MaxInt64)
	if err != nil {
		return err
	}
	for id, list := range events {
		for _, in := range list {
			states[id].History.Add(in)
		}
	}
	return nil
}

// warnOfOtherIDs warns when members have ids that nobody would have who came today, because ids are
// written in one way since. It looks at the first members alone: they are asked for at every start.
func warnOfOtherIDs(ctx context.Context, db store.Store, s *playbooks.Schema, log *slog.Logger) error {
	if s.IDs == playbooks.NormalNone {
		return nil
	}
	const most = 4 * audiencePage
	others, looked, example := 0, 0, ""
	for cursor := ""; looked < most; {
		page, err := db.MembersAfter(ctx, cursor, audiencePage)
		if err != nil {
			return fmt.Errorf("look at the ids of members: %w", err)
		}
		for _, m := range page {
			if s.MemberID(m.ID) != m.ID {
				others++
				example = cmp.Or(example, m.ID)
			}
		}
		if looked += len(page); len(page) < audiencePage {
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
