package store

import (
	"context"
	"time"
)

// Bundle is a workspace as stored: every file, under a hash of them all.
type Bundle struct {
	Hash  string
	Files map[string][]byte
	// Raffles are the rules of its raffles, by their names, to be activated: they are not returned.
	Raffles map[string]string
}

// Registry holds workspaces, revisions and pauses.
type Registry interface {
	// Activate makes the bundle the active workspace and records which revision of which playbook
	// (by its id) it holds, all or nothing.
	//
	//  1. Workspaces that were active before stay. (Registry "holds the active workspace and those
	//     before it")
	//  2. [*RaffleChanged], when a raffle that has tickets has other rules. (Raffles "keeps tickets,
	//     and the rules of the first")
	Activate(ctx context.Context, b Bundle, revisions map[string]string, now time.Time) error
	// Active returns the hash of the active workspace and the playbooks paused over HTTP;
	// ErrNotFound before the first Activate.
	Active(ctx context.Context) (hash string, paused map[string]bool, err error)
	// Bundle returns a stored workspace by its hash.
	Bundle(ctx context.Context, hash string) (Bundle, error)
	// BundleOf returns the hash of a workspace that holds the revision.
	BundleOf(ctx context.Context, revision string) (hash string, err error)

	// SetPaused pauses a playbook, or lets it go on.
	//
	//  1. It outlives Activate. (Registry "pauses over HTTP outlive what is activated")
	SetPaused(ctx context.Context, playbook string, paused bool, now time.Time) error

	// WatchSegments makes these the segments whose members' coming and going is watched, by name
	// with their definition, and tells since when each is.
	//
	//  1. One that is watched with the same definition goes on. Any other begins at now, and so
	//     does one job of kind JobReevaluation. (Segments "a watch goes on while its
	//     definition is the same")
	WatchSegments(
		ctx context.Context, segments map[string]string, now time.Time,
	) (since map[string]time.Time, err error)

	// Secret returns the workspace secret that ids and coupon codes are keyed with.
	//
	//  1. It is made at random once, and kept for ever. (Registry "keeps one secret")
	Secret(ctx context.Context) ([]byte, error)
}
