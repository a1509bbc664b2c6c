package sqlite

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
	"github.com/usher-run/usher/engine/store/sqlite/syncer"
)

// stalled is a disk on which a sync waits until it is let go.
type stalled struct {
	begun atomic.Int64
	gate  chan struct{} // a token lets one sync end
}

func onStalledDisk(t *testing.T) (*db, *stalled) {
	t.Helper()
	d := open(t, filepath.Join(t.TempDir(), "usher.db")).(*db)
	s := &stalled{gate: make(chan struct{}, 100)}
	d.w.disk.Bring = func(f *os.File) error { // nobody waits for the disk yet
		s.begun.Add(1)
		<-s.gate
		return syncer.Data(f)
	}
	t.Cleanup(func() {
		close(s.gate)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, s
}

// decide commits a message of a member, as a worker does.
func decide(t *testing.T, d *db, member, key string) {
	t.Helper()
	ctx := context.Background()
	lane := d.lanes.OfMember(member)
	fence, err := d.Claim(ctx, lane)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	err = d.Commit(ctx, lane, fence, 0, &engine.Changes{Deliveries: []engine.Delivery{{
		Key: key, Member: member, Channel: "mail", At: at, NotBefore: at, ReleasedAt: at,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatLeavesIsOnTheDisk: a message is given out, and a question is answered, when what decided
// it has been synced, by a sync that began behind it; a commit waits for none. One sync serves all
// that was committed before it.
func TestWhatLeavesIsOnTheDisk(t *testing.T) {
	for name, read := range map[string]func(d *db) error{
		"a message": func(d *db) error {
			list, err := d.Deliveries(context.Background(), "mail", time.Now().Add(time.Minute), nil, 10)
			if err == nil && len(list) != 2 {
				err = errors.New("not all are given out")
			}
			return err
		},
		"an answer": func(d *db) error {
			_, _, err := d.Failures(store.Asked(context.Background()), store.FailureFilter{Limit: 1})
			return err
		},
	} {
		d, disk := onStalledDisk(t)
		decide(t, d, "m", "a")
		decide(t, d, "m", "b")
		if n := disk.begun.Load(); n > 0 {
			t.Errorf("%s: the decision waited for %d syncs", name, n)
		}
		left := make(chan error, 2)
		go func() { left <- read(d) }()
		for range 50 { // while the sync lasts
			select {
			case err := <-left:
				t.Fatalf("%s left before the sync was over: %v", name, err)
			case <-time.After(time.Millisecond):
			}
		}
		disk.gate <- struct{}{}
		if err := <-left; err != nil {
			t.Fatal(name, err)
		}
		if err := read(d); err != nil { // nothing was committed since
			t.Fatal(name, err)
		}
		if n := disk.begun.Load(); n != 1 {
			t.Errorf("%s: %d syncs", name, n)
		}
	}
}

// A run that cannot be encoded is refused each time it is tried: a group that has failed is committed again,
// one by one.
func TestRunIsRefusedEachTime(t *testing.T) {
	row := runrows.Row{Run: &engine.Run{ID: "r", Member: "m", Actions: map[string]map[string]any{"a": {"n": math.NaN()}}}}
	for range 2 {
		var refused *store.Unstorable
		if err := row.Encode(); !errors.As(err, &refused) || refused.Member != "m" {
			t.Errorf("it is refused with %v", err)
		}
	}
}
