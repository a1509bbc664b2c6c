package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

// active is the workspace that decisions are made by.
type active struct {
	*engine.Engine
	hash     string
	paused   map[string]bool
	senders  map[string]channel.Sender
	webhooks *actions.Webhooks
}

// Workspace gives the active workspace and its hash; nil before there is one.
func (w *Worker) Workspace() (*playbooks.Workspace, string) {
	a := w.active.Load()
	if a == nil {
		return nil, ""
	}
	return a.Engine.Workspace(), a.hash
}

// Activate makes ws the active workspace of the database.
func Activate(ctx context.Context, r store.Registry, ws *playbooks.Workspace, now time.Time) error {
	revisions := make(map[string]string, len(ws.Playbooks))
	for _, p := range ws.Playbooks {
		revisions[p.ID] = p.Revision
	}
	return r.Activate(ctx, store.Bundle{Hash: Hash(ws.Files), Files: ws.Files}, revisions, now)
}

// Hash names a workspace by its files.
func Hash(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%d %s %d ", len(name), name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// watchActive follows what is activated and paused on the database.
func (w *Worker) watchActive(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := w.Refresh(ctx)
		switch {
		case err == nil, errors.Is(err, store.ErrNotFound), ctx.Err() != nil:
			failed = ""
		case err.Error() != failed: // once, not every second
			failed = err.Error()
			w.Log.Error("load the active workspace; the one before stays", "error", err)
		}
	}
}

// Refresh loads the database's active workspace when it is another than the one in use. One that does not load changes
// nothing.
func (w *Worker) Refresh(ctx context.Context) error {
	w.swap.Lock()
	defer w.swap.Unlock()
	hash, paused, err := w.Store.Active(ctx)
	if err != nil {
		return err
	}
	was := w.active.Load()
	if was != nil && was.hash == hash && maps.Equal(was.paused, paused) {
		return nil
	}
	ws, err := w.load(ctx, hash)
	if err != nil {
		return err
	}
	secret, err := w.Store.Secret(ctx)
	if err != nil {
		return err
	}
	watched, err := w.Store.WatchSegments(ctx, engine.Watched(ws), w.now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	e := engine.New(ws, engine.Options{Secret: secret, Registry: w.Registry, Effects: w.Effects, Paused: paused, Watched: watched})
	a := &active{Engine: e, hash: hash, paused: paused, senders: map[string]channel.Sender{}}
	for _, c := range ws.Schema.Channels {
		s, err := w.Sender(c)
		if err != nil {
			w.Log.Error("make a channel; its messages wait", "channel", c.Name, "error", err)
			continue
		}
		a.senders[c.Name] = s
	}
	a.webhooks = actions.NewWebhooks(a.senders, w.now)
	w.active.Store(a)
	if was != nil {
		was.webhooks.Close()
	}
	w.Log.Debug("workspace in use", "hash", hash, "playbooks", len(ws.Playbooks), "paused", len(paused))
	return nil
}

func (w *Worker) load(ctx context.Context, hash string) (*playbooks.Workspace, error) {
	b, err := w.Store.Bundle(ctx, hash)
	if err != nil {
		return nil, err
	}
	ws, err := w.Load(b)
	if err != nil {
		return nil, fmt.Errorf("load workspace %s: %w", hash, err)
	}
	return ws, nil
}

// learn makes the engine in use know a revision that runs keep. A revision that cannot be had is not an error here: the
// decision that needs it says so, and is set aside.
func (w *Worker) learn(ctx context.Context, playbook, revision string) (*active, error) {
	w.swap.Lock()
	defer w.swap.Unlock()
	a := w.active.Load()
	if a.Knows(revision) {
		return a, nil
	}
	hash, err := w.Store.BundleOf(ctx, revision)
	if errors.Is(err, store.ErrNotFound) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	ws, err := w.load(ctx, hash)
	if err != nil {
		w.Log.Error("load a workspace that open runs keep", "playbook", playbook, "revision", revision, "error", err)
		return a, nil
	}
	p := ws.Playbook(playbook)
	if p == nil || p.Revision != revision {
		return a, nil
	}
	next := *a
	next.Engine = a.WithRevision(ws, p)
	w.active.Store(&next)
	return &next, nil
}
