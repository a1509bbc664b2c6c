package syncer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func start(t *testing.T, bring func(*os.File) error) *Syncer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(Config{
		Path: path, Bring: bring, Failed: func() error { return nil }, Fail: func(err error) error { return err },
		Idle: func() {},
	})
}

// Who awaits the disk is answered by a sync that began afterwards, and at once when nothing was
// committed since one. Of what a process before has left nothing is known: the first sync brings it.
func TestAwait(t *testing.T) {
	syncs := 0
	s := start(t, func(f *os.File) error {
		syncs++
		return Data(f)
	})
	await := func(want int) {
		t.Helper()
		if err := s.Await(context.Background()); err != nil {
			t.Fatal(err)
		}
		if syncs != want {
			t.Errorf("%d syncs, want %d", syncs, want)
		}
	}
	await(1)
	await(1)
	if err := s.Count(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	await(2)
	// A reader may have seen a commit that has not returned to its writer.
	if err := s.Count(func() error { await(3); return nil }); err != nil {
		t.Fatal(err)
	}
	await(4)
	await(4)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Await(context.Background()); !errors.Is(err, ErrStopped) {
		t.Errorf("after its end: %v", err)
	}
}

// Nobody is told that a commit is on the disk when it is not known.
func TestAwaitFails(t *testing.T) {
	broken := errors.New("broken")
	s := start(t, func(*os.File) error { return broken })
	done := make(chan error, 1)
	s.Add(done)
	if err := s.Await(context.Background()); !errors.Is(err, broken) {
		t.Errorf("await: %v", err)
	}
	if err := <-done; !errors.Is(err, broken) {
		t.Errorf("a commit: %v", err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Await(gone); !errors.Is(err, context.Canceled) && !errors.Is(err, broken) {
		t.Errorf("who has gone: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}
