package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
)

// failing is a disk that fails when it is told to. A write that fails has written a part.
type failing struct {
	journal.Disk
	mu          sync.Mutex
	write, sync error
	part        int // bytes that are written all the same
}

func (f *failing) set(write, sync error, part int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write, f.sync, f.part = write, sync, part
}

func (f *failing) WriteAt(b []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.write == nil {
		return f.Disk.WriteAt(b, at)
	}
	n, err := f.Disk.WriteAt(b[:min(f.part, len(b))], at)
	return n, errors.Join(f.write, err)
}

func (f *failing) SyncData() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sync != nil {
		return f.sync
	}
	return f.Disk.SyncData()
}

func onFailingDisk(t *testing.T, path string, options ...Option) (store.Store, *failing) {
	t.Helper()
	f := &failing{}
	before := func(d *db) {
		d.journalDisk = func(disk journal.Disk) journal.Disk {
			f.Disk = disk
			return f
		}
	}
	return open(t, path, append(options, WithJournal(), before)...), f
}

func tryTake(s store.Store, ids ...string) ([]store.Known, error) {
	var in []engine.Input
	for _, id := range ids {
		in = append(in, engine.Input{
			Kind: engine.InputEvent, ID: id, Member: "m", Name: "x",
			Data: []byte(`{"p":{"amount":1}}`),
		})
	}
	return s.Take(context.Background(), in)
}

// TestFullDiskPasses: what a full disk refuses is not stored, and can be sent again under its id as
// soon as there is room. Whatever part of it was written, a crash brings back what was taken and
// nothing twice.
func TestFullDiskPasses(t *testing.T) {
	for _, part := range []int{0, 3, 20, 60, 150, 10_000} {
		dir := t.TempDir()
		s, f := onFailingDisk(t, filepath.Join(dir, "usher.db"))
		s.(*db).w.attach(nil) // nothing leaves the journal before the crash
		take(t, s, "a")
		for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
			f.set(full, nil, part)
			for range 2 {
				if _, err := tryTake(s, "b", "c", "d"); !errors.Is(err, store.ErrUnavailable) {
					t.Fatalf("a full disk is told as %v", err)
				}
			}
			if err := s.Ping(context.Background()); err != nil {
				t.Errorf("a full disk can be read: %v", err)
			}
		}
		f.set(nil, nil, 0)
		if known, err := tryTake(s, "c"); err != nil || known[0].Duplicate {
			t.Fatalf("sent again: %+v, %v", known, err)
		}
		crash := t.TempDir()
		for _, name := range []string{"usher.db", "usher.db-wal", "usher.db-inbox"} {
			copyFile(t, filepath.Join(dir, name), filepath.Join(crash, name))
		}
		s.(*db).w.attach(s.(*db).journal)
		again := open(t, filepath.Join(crash, "usher.db"))
		got := ""
		for _, in := range owed(t, again) {
			got += in.ID
		}
		if got != "ac" {
			t.Errorf("with %d bytes written after all, a crash brings back %q, want \"ac\"", part, got)
		}
		if err := errors.Join(again.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestFailedDiskEndsIt: after a fault that does not pass nothing is taken, committed or called well
// any more, and the process is told once. A sync that succeeds later changes nothing.
func TestFailedDiskEndsIt(t *testing.T) {
	for name, fault := range map[string]struct{ write, sync error }{
		"write": {write: syscall.EIO}, "sync": {sync: syscall.EIO}, "sync of a full disk": {sync: syscall.ENOSPC},
	} {
		var told []error
		path := filepath.Join(t.TempDir(), "usher.db")
		s, f := onFailingDisk(t, path, WithFailure(func(err error) { told = append(told, err) }))
		take(t, s, "a")
		f.set(fault.write, fault.sync, 0)
		if _, err := tryTake(s, "b"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: told as %v", name, err)
		}
		f.set(nil, nil, 0)
		if _, err := tryTake(s, "c"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: taken after the fault: %v", name, err)
		}
		if _, err := s.Claim(context.Background(), 1); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: committed after the fault: %v", name, err)
		}
		if err := s.Ping(context.Background()); err == nil {
			t.Errorf("%s: all is well", name)
		}
		if len(told) != 1 {
			t.Errorf("%s: told %v", name, told)
		}
		if err := s.Close(); err == nil {
			t.Errorf("%s: a close without an error", name)
		}
		again := open(t, path)
		if known := take(t, again, "a"); !known[0] {
			t.Errorf("%s: what was taken is lost", name)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFaultsOfTheDatabase: the codes of SQLite are sorted too.
func TestFaultsOfTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path).(*db)
	defer s.Close()
	full := s.write(context.Background(), 1, func(tx *tx) error {
		if _, err := tx.exec("PRAGMA max_page_count = 1"); err != nil { // no page can be added
			return err
		}
		for i := range 200 {
			if _, err := tx.exec("INSERT INTO meta VALUES (?, ?)", fmt.Sprint("k", i), make([]byte, 4096)); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(full, store.ErrUnavailable) {
		t.Errorf("a full database is told as %v", full)
	}
	if err := s.write(context.Background(), 1, func(tx *tx) error {
		_, err := tx.exec("PRAGMA max_page_count = 1000000")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.write(context.Background(), 1, func(tx *tx) error {
		_, err := tx.exec("INSERT INTO meta VALUES ('later', 'x')")
		return err
	}); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}
