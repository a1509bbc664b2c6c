package storetest

import (
	"errors"
	"testing"

	"github.com/usher-run/usher/engine/store"
)

var registryCases = map[string]func(*testing.T, *suite){
	"holds the active workspace and those before it": func(t *testing.T, s *suite) {
		if _, _, err := s.Active(s.ctx); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("before the first: %v", err)
		}
		one := store.Bundle{Hash: "h1", Files: map[string][]byte{
			"usher.yaml":       []byte("usher: 1\n"),
			"playbooks/a.yaml": {0xff, 0},
		}}
		two := store.Bundle{Hash: "h2", Files: map[string][]byte{"usher.yaml": []byte("usher: 1\n# two\n")}}
		s.must(s.Activate(s.ctx, one, map[string]string{"a": "rev-a1", "b": "rev-b"}, now()))
		s.must(s.Activate(s.ctx, two, map[string]string{"a": "rev-a2"}, now()))
		hash, paused, err := s.Active(s.ctx)
		s.must(err)
		s.same("active", hash, "h2")
		s.same("paused", len(paused), 0)
		got, err := s.Bundle(s.ctx, "h1")
		s.must(err)
		s.same("bundle", got, one)
		hash, err = s.BundleOf(s.ctx, "rev-a1")
		s.must(err)
		s.same("bundle of an old revision", hash, "h1")
		if _, err := s.BundleOf(s.ctx, "rev-c"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown revision: %v", err)
		}
		if _, err := s.Bundle(s.ctx, "h3"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown bundle: %v", err)
		}
		s.must(s.Activate(s.ctx, one, map[string]string{"a": "rev-a1"}, now()))
		hash, _, err = s.Active(s.ctx)
		s.must(err)
		s.same("back again", hash, "h1")
	},
	"pauses over HTTP outlive what is activated": func(t *testing.T, s *suite) {
		s.must(s.SetPaused(s.ctx, "a", true, now()))
		s.must(s.SetPaused(s.ctx, "a", true, now()))
		s.must(s.SetPaused(s.ctx, "b", true, now()))
		s.must(s.SetPaused(s.ctx, "b", false, now()))
		s.must(s.Activate(s.ctx, store.Bundle{Hash: "h"}, nil, now()))
		_, paused, err := s.Active(s.ctx)
		s.must(err)
		s.same("paused", paused, map[string]bool{"a": true})
	},
	"keeps one secret": func(t *testing.T, s *suite) {
		one, err := s.Secret(s.ctx)
		s.must(err)
		two, err := s.Secret(s.ctx)
		s.must(err)
		s.same("secret", one, two)
		if len(one) < 32 {
			t.Fatalf("a secret of %d bytes", len(one))
		}
	},
}
