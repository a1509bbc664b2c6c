package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"runtime"
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
	epoch    int64 // that decisions by it are under
	under    store.Epoch
	paused   map[string]bool
	senders  map[string]channel.Sender
	webhooks *actions.Webhooks
	tried    map[string]time.Time // revisions that could not be had, and when that was found out
}

// Workspace returns the active workspace and its hash; nil before there is one.
func (w *Worker) Workspace() (*playbooks.Workspace, string) {
	a := w.active.Load()
	if a == nil {
		return nil, ""
	}
	return a.Engine.Workspace(), a.hash
}

// Activate makes ws the active workspace of the database.
func Activate(ctx context.Context, r store.Registry, ws *playbooks.Workspace, now time.Time) error {
	b := store.Bundle{Hash: Hash(ws.Files), Files: ws.Files, Raffles: rulesOf(ws)}
	return r.Activate(ctx, b, revisionsOf(ws), now)
}

// rulesOf returns the rules of raffles, by their names.
func rulesOf(ws *playbooks.Workspace) map[string]string {
	rules := make(map[string]string, len(ws.Schema.Raffles))
	for i := range ws.Schema.Raffles {
		rules[ws.Schema.Raffles[i].Name] = ws.Schema.Raffles[i].Definition()
	}
	return rules
}

func revisionsOf(ws *playbooks.Workspace) map[string]string {
	revisions := make(map[string]string, len(ws.Playbooks))
	for _, p := range ws.Playbooks {
		revisions[p.ID] = p.Revision
	}
	return revisions
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

// Refresh loads the database's active workspace when it is another than the one in use. One that
// does not load changes nothing.
func (w *Worker) Refresh(ctx context.Context) error {
	w.swap.Lock()
	defer w.swap.Unlock()
	hash, paused, err := w.Store.Active(ctx)
	if err != nil {
		return err
	}
	was := w.active.Load()
	if was != nil && was.hash == hash && maps.Equal(was.paused, paused) {
		_, err := w.Store.BeginEpoch(ctx, was.under) // the same was activated or paused again
		return err
	}
	ws, err := w.load(ctx, hash)
	if err != nil {
		if was != nil { // it stays
			_, e := w.Store.BeginEpoch(ctx, was.under)
			err = errors.Join(err, e)
		}
		return err
	}
	if was == nil {
		if err := w.record(ctx, hash, ws); err != nil {
			return err
		}
	}
	secret, err := w.Store.Secret(ctx)
	if err != nil {
		return err
	}
	watched, err := w.Store.WatchSegments(ctx, engine.Watched(ws), w.now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	under := store.Epoch{
		Workspace: hash, Engine: engine.Version, Zones: runtime.Version(), Paused: slices.Sorted(maps.Keys(paused)),
		Watched: watched,
	}
	epoch, err := w.Store.BeginEpoch(ctx, under)
	if err != nil {
		return err
	}
	for playbook, reason := range ws.Unusable {
		w.Log.Error("a playbook of the active workspace cannot be run", "playbook", playbook, "error", reason)
	}
	e := engine.New(ws, engine.Options{
		Secret: secret, Registry: w.Registry, Effects: w.Effects, Paused: paused,
		Watched: watched,
	})
	a := &active{Engine: e, hash: hash, epoch: epoch, under: under, paused: paused, senders: map[string]channel.Sender{}}
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

// record notes the revisions of the active workspace as this version of usher names them, when
// another version activated it: runs that begin now are to be found again.
func (w *Worker) record(ctx context.Context, hash string, ws *playbooks.Workspace) error {
	for _, p := range ws.Playbooks {
		_, err := w.Store.BundleOf(ctx, p.Revision)
		if errors.Is(err, store.ErrNotFound) {
			b, err := w.Store.Bundle(ctx, hash)
			if err != nil {
				return err
			}
			return w.Store.Activate(ctx, b, revisionsOf(ws), w.now())
		}
		if err != nil {
			return err
		}
	}
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

// retryRevision is after how long a revision is tried again that could not be had: as often as a
// parked run asks for it.
const retryRevision = time.Hour

// needsRevision reports whether a revision is to be learnt: it is not known, and was not tried a
// moment ago.
func (w *Worker) needsRevision(a *active, revision string) bool {
	at, tried := a.tried[revision]
	return !a.Knows(revision) && (!tried || w.now().Sub(at) >= retryRevision)
}

// loadRevision makes the engine in use know a revision that runs keep. One that cannot be had is
// not an error here: its runs are parked with the reason.
func (w *Worker) loadRevision(ctx context.Context, playbook, revision string) (*active, error) {
	w.swap.Lock()
	defer w.swap.Unlock()
	a := w.active.Load()
	if !w.needsRevision(a, revision) {
		return a, nil
	}
	ws, p, reason, err := store.Revision(ctx, w.Store, w.Load, playbook, revision)
	if err != nil {
		return a, err
	}
	next := *a
	next.tried = maps.Clone(a.tried)
	if p != nil {
		delete(next.tried, revision)
		next.Engine = a.WithRevision(ws, p)
	} else {
		if next.tried == nil {
			next.tried = map[string]time.Time{}
		}
		next.tried[revision] = w.now()
		next.Engine = a.WithoutRevision(revision, reason)
		w.Log.Error("a revision that runs keep cannot be run; they are parked", "playbook", playbook, "revision", revision,
			"error", reason)
	}
	w.active.Store(&next)
	return &next, nil
}
