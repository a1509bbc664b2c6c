package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

// bundles answers with a hash and an error of each question.
type bundles struct {
	of, bundle error
}

func (b bundles) BundleOf(context.Context, string) (string, error) { return "h", b.of }

func (b bundles) Bundle(_ context.Context, hash string) (store.Bundle, error) {
	return store.Bundle{Hash: hash}, b.bundle
}

// A revision is had, or its runs are parked with a reason, whoever asks; only a store that does not
// answer is an error.
func TestRevision(t *testing.T) {
	down := errors.New("the disk is away")
	ws := &playbooks.Workspace{
		Playbooks: []*playbooks.Playbook{{ID: "p", Revision: "today's"}},
		Unusable:  map[string]string{"broken": "playbooks/broken.yaml:3: no such action"},
	}
	for name, c := range map[string]struct {
		bundles
		playbook string
		load     error
		reason   string
		err      error
	}{
		"had":                             {playbook: "p"},
		"in no workspace":                 {bundles: bundles{of: store.ErrNotFound}, reason: "no stored workspace holds it"},
		"of a damaged one":                {bundles: bundles{bundle: fmt.Errorf("files: %w", store.ErrDamaged)}, reason: "files: " + store.ErrDamaged.Error()},
		"of one that does not load":       {load: errors.New("usher.yaml:1: no"), reason: "usher.yaml:1: no"},
		"of one without the playbook":     {playbook: "gone", reason: "its workspace does not hold the playbook"},
		"of one that cannot run it":       {playbook: "broken", reason: "playbooks/broken.yaml:3: no such action"},
		"while its place is not answered": {bundles: bundles{of: down}, err: down},
		"while its files are not":         {bundles: bundles{bundle: down}, err: down},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(b store.Bundle) (*playbooks.Workspace, error) {
				if b.Hash != "h" {
					t.Errorf("loads %q", b.Hash)
				}
				return ws, c.load
			}
			in, p, reason, err := store.Revision(t.Context(), c.bundles, load, c.playbook, "r1")
			if !errors.Is(err, c.err) || reason != c.reason {
				t.Fatalf("reason %q, error %v", reason, err)
			}
			if had := c.reason == "" && c.err == nil; had != (p != nil) || had != (in != nil) {
				t.Fatalf("playbook %v of %v", p, in)
			}
			if p != nil && (p.Revision != "r1" || ws.Playbooks[0].Revision != "today's") {
				t.Errorf("revision %q, and today's is %q", p.Revision, ws.Playbooks[0].Revision)
			}
		})
	}
}
