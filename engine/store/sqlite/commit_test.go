package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite"
)

// ending is a context that ends when it was asked once whether it has.
type ending struct {
	context.Context
	asked int
}

func (e *ending) Err() error {
	if e.asked++; e.asked > 1 {
		return context.Canceled
	}
	return nil
}

// A commit that is stored is no error, whatever goes wrong behind it: who is told of one decides again.
func TestCommitThatIsStoredIsNoError(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	fence, err := s.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	m := &engine.Member{ID: "m", Points: 7, LastSeenAt: time.Unix(1, 0)}
	c := &engine.Changes{Members: []*engine.Member{m}}
	if err := s.Commit(&ending{Context: t.Context()}, 0, fence, 3, c); err != nil {
		t.Errorf("the context ends behind the commit: %v", err)
	}
	states, err := s.States(t.Context(), []string{"m"}, nil)
	if err != nil || states["m"].Member == nil || states["m"].Member.Points != 7 {
		t.Errorf("stored is %+v, %v", states["m"], err)
	}
}
