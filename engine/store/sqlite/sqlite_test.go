package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string, options ...Option) store.Store {
	t.Helper()
	s, err := Open(context.Background(), path, options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, c *clock.Clock) store.Store {
		return open(t, filepath.Join(t.TempDir(), "usher.db"), WithClock(c), WithLanes(4))
	})
}

// A server's store, which has one lane, keeps the same promises.
func TestStoreWithJournal(t *testing.T) {
	storetest.Run(t, func(t *testing.T, c *clock.Clock) store.Store {
		return open(t, filepath.Join(t.TempDir(), "usher.db"), WithRoom(), WithJournal(), WithClock(c))
	})
}

// beside opens a further handle of a database that this process has open.
func beside(d *db) { d.lock = nil }

// twoHandles decides through one handle what came in through another, and claims lanes through the
// first what the second commits: whatever a handle would remember is not the database's.
type twoHandles struct {
	store.Intake
	store.Spread
	store.Fence
	pending
	store.Holds
	store.Reader
	store.Directory
	failures
	store.Loader
	store.Histories
	store.Committer
	pools
	raffles
	store.Outbox
	jobs
	store.Registry
	epochs
	store.Past
	a, b store.Store
}

// Roles with a method of their own name, which a field of that name would hide.
type (
	pending  = store.Pending
	failures = store.Failures
	pools    = store.Pools
	raffles  = store.Raffles
	jobs     = store.Jobs
	epochs   = store.Epochs
)

func (h *twoHandles) Ping(ctx context.Context) error {
	return errors.Join(h.a.Ping(ctx), h.b.Ping(ctx))
}

func (h *twoHandles) Close() error { return errors.Join(h.b.Close(), h.a.Close()) }

func TestStoreThroughTwoHandles(t *testing.T) {
	storetest.Run(t, func(t *testing.T, c *clock.Clock) store.Store {
		path := filepath.Join(t.TempDir(), "usher.db")
		a := open(t, path, WithClock(c), WithLanes(3))
		b := open(t, path, WithClock(c), beside)
		return &twoHandles{
			Intake: a, Spread: b, Fence: a, pending: a, Holds: a, Reader: a, Directory: a, failures: a,
			Loader: b, Histories: a, Committer: b, pools: b, raffles: a, Outbox: b, jobs: b, Registry: b,
			epochs: a, Past: b, a: a, b: b,
		}
	})
}

func accept(t *testing.T, s store.Store, id string) engine.Input {
	t.Helper()
	in := []engine.Input{{Kind: engine.InputEvent, ID: id, Member: "m", Name: "x"}}
	if _, err := s.Accept(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	return in[0]
}

// Instants and seqs rise over restarts, and when the machine's clock steps back.
func TestClockNeverGoesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#%", "usher.db")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := open(t, path, WithClock(clocktest.Follow(func() time.Time { return at })))
	first := accept(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, WithClock(clocktest.Follow(func() time.Time { return at.Add(-time.Hour) })))
	defer s.Close()
	second := accept(t, s, "b")
	if second.At.Before(first.At) || second.Seq <= first.Seq {
		t.Fatalf("after %d at %v came %d at %v", first.Seq, first.At, second.Seq, second.At)
	}
}

// Ids, seqs and epochs are the file's and not a handle's.
func TestTwoHandlesOfOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	a, b := open(t, path), open(t, path, beside)
	defer a.Close()
	defer b.Close()
	last := int64(0)
	for i, s := range []store.Store{a, b, a, b} {
		in := accept(t, s, string(rune('a'+i)))
		if in.Seq <= last {
			t.Fatalf("seq %d after %d", in.Seq, last)
		}
		last = in.Seq
	}
	r, err := b.Accept(context.Background(), []engine.Input{{Kind: engine.InputEvent, ID: "a", Member: "m"}})
	if err != nil || !r[0].Duplicate {
		t.Fatalf("an id that the other accepted: %+v, %v", r, err)
	}
}

// Who asks whether the database answers asks often.
func TestPingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	defer s.Close()
	content := func() (all string) {
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(path + end)
			if err != nil {
				t.Fatal(err)
			}
			all += string(data)
		}
		return all
	}
	before := content()
	for range 20 {
		if err := s.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if content() != before {
		t.Error("a file has changed")
	}
}

func TestClosed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usher.db"))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Accept(context.Background(), []engine.Input{{ID: "a"}}); err == nil {
		t.Error("accepted after Close")
	}
	if err := s.Ping(context.Background()); err == nil {
		t.Error("answered after Close")
	}
}

// However the database is called, its log and its journal are beside the file that it is in: a sync
// of another file promises nothing, and who opens it by another name has to find what a crash has
// left.
func TestNamesOfOneFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "data", "usher.db"), filepath.Join(dir, "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{link, "/" + path, filepath.Dir(path) + "/./usher.db"} {
		s := open(t, name, WithRoom(), WithJournal())
		take(t, s, fmt.Sprint(i))
		if got := len(owed(t, s)); got != i+1 {
			t.Errorf("by the name %s %d are owed", name, got)
		}
		for _, file := range []string{"-wal", "-inbox"} {
			if !exists(t, path+file) || exists(t, link+file) {
				t.Errorf("by the name %s: the file %s is beside the database: %v", name, file, exists(t, path+file))
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
