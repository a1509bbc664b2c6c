package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/usher-run/usher/engine/store"
)

// A database has one lane unless it was made with more, and keeps those that it has.
func TestLanesAreStored(t *testing.T) {
	for n, options := range map[int][]Option{1: nil, 3: {WithLanes(3)}, 16: {WithLanes(16)}} {
		path := filepath.Join(t.TempDir(), "usher.db")
		for _, o := range [][]Option{options, {WithLanes(5)}, nil} {
			s := open(t, path, o...)
			if !slices.Equal(s.Lanes(), store.SplitLanes(n)) {
				t.Errorf("made with %d lanes it has %v", n, s.Lanes())
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Lanes that leave a subject out, or hold one twice, are damage: nobody would decide it, or two would.
func TestDamagedLanesAreRefused(t *testing.T) {
	for _, damage := range []string{
		"DELETE FROM lanes WHERE lane = 0", "DELETE FROM lanes WHERE lane = 1", "DELETE FROM lanes WHERE lane = 2",
		"UPDATE lanes SET first = first + 1", "UPDATE lanes SET last = last + 1 WHERE lane = 1", "UPDATE lanes SET last = 0",
	} {
		path := filepath.Join(t.TempDir(), "usher.db")
		s := open(t, path, WithLanes(3))
		err := s.(*db).write(context.Background(), 1, func(t *tx) error {
			_, err := t.exec(damage)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(context.Background(), path); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", damage, err)
			if err == nil {
				_ = s.Close()
			}
		}
	}
}
