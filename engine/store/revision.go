package store

import (
	"context"
	"errors"

	"github.com/usher-run/usher/playbooks"
)

// Bundles holds workspaces by their hash and by the revisions in them: see [Registry].
type Bundles interface {
	Bundle(ctx context.Context, hash string) (Bundle, error)
	BundleOf(ctx context.Context, revision string) (hash string, err error)
}

// Revision compiles a playbook as it was when its runs began, with the workspace that it stood in.
// The store says which that is: another version of usher may have named the revision otherwise. When
// it cannot be had p is nil, and reason is what its runs are parked with. An error says that the
// store did not answer.
func Revision(
	ctx context.Context, from Bundles, load func(Bundle) (*playbooks.Workspace, error), playbook, revision string,
) (ws *playbooks.Workspace, p *playbooks.Playbook, reason string, err error) {
	hash, err := from.BundleOf(ctx, revision)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, "no stored workspace holds it", nil
	}
	if err != nil {
		return nil, nil, "", err
	}
	bundle, err := from.Bundle(ctx, hash)
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, nil, err.Error(), nil
	case err != nil:
		return nil, nil, "", err
	}
	if ws, err = load(bundle); err != nil {
		return nil, nil, err.Error(), nil //nolint:nilerr // it is why the runs are parked
	}
	if p = ws.Playbook(playbook); p == nil {
		reason = "its workspace does not hold the playbook"
		if why := ws.Unusable[playbook]; why != "" {
			reason = why
		}
		return nil, nil, reason, nil
	}
	pinned := *p
	pinned.Revision = revision
	return ws, &pinned, "", nil
}
