package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
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

// Who dies between the commit of a part of what was kept of a member and the next part loses nothing: Release
// puts the next one back.
func TestReleaseGoesOnAfterADeath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	var s store.Store
	begin := func() {
		t.Helper()
		var err error
		if s, err = sqlite.Open(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	commit := func(ctx context.Context, watermark int64, held ...engine.Held) {
		t.Helper()
		fence, err := s.Claim(t.Context(), 0)
		must(err)
		must(s.Commit(ctx, 0, fence, watermark, &engine.Changes{Held: held}))
	}
	begin()
	const n = 500
	list := make([]engine.Input, n)
	for i := range list {
		list[i] = engine.Input{Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: "m", Name: "x"}
	}
	_, err := s.Accept(t.Context(), list)
	must(err)
	commit(t.Context(), list[n-1].Seq, engine.Held{Member: "m", Error: "broken"})
	decided := 0
	for {
		released, err := s.Release(t.Context())
		must(err)
		if want := decided == 0; (len(released) == 1) != want {
			t.Fatalf("released %v when %d are decided", released, decided)
		}
		b, err := s.Pending(t.Context(), 0, time.Now(), 1000)
		must(err)
		if len(b.Inputs) == 0 {
			break
		}
		if len(b.Inputs) > n/2 {
			t.Fatalf("%d inputs are put back at once", len(b.Inputs))
		}
		for _, in := range b.Inputs {
			if in.ID != fmt.Sprint("e", decided) {
				t.Fatalf("%s is decided after %d others", in.ID, decided)
			}
			decided++
		}
		commit(&ending{Context: t.Context()}, b.Last())
		must(s.Close())
		begin()
	}
	must(s.Close())
	if decided != n {
		t.Errorf("%d of %d inputs are decided", decided, n)
	}
}
