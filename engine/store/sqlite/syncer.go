package sqlite

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/usher-run/usher/engine/store/sqlite/journal"
)

// syncer brings commits to the disk while the writer goes on with the next. SQLite writes commits
// to its log (the -wal file) one after the other, so a sync of the log that begins after a commit
// makes that commit and all before it durable. SQLite itself runs with synchronous=NORMAL: it syncs
// the log before it copies it into the database. Together that is synchronous=FULL, but one wait
// for the disk serves everybody who has been committed meanwhile.
type syncer struct {
	path   string
	faults *faults
	log    *os.File // opened at the first sync: the file is there once something was written
	bring  func(*os.File) error

	// Positions count commits. What a reader has seen is among those that were begun when its reading
	// ended.
	begun, committed atomic.Int64

	mu      sync.Mutex
	waiting []*job
	synced  int64 // all commits up to here are on the disk; -1: nothing is known of the file yet
	syncing bool
	closed  bool
	idle    func() // see busy
	wake    chan struct{}
	ended   chan struct{}
}

func newSyncer(path string, f *faults) *syncer {
	return &syncer{
		path: path + "-wal", faults: f, bring: journal.SyncData, synced: -1, wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// add lets the jobs, which are committed, be answered when they are on the disk.
func (s *syncer) add(jobs []*job) {
	s.mu.Lock()
	s.waiting = append(s.waiting, jobs...)
	s.mu.Unlock()
	s.signal()
}

// count counts a commit, which ends before another begins.
func (s *syncer) count(commit func() error) error {
	n := s.begun.Add(1)
	err := commit()
	s.committed.Store(n)
	return err
}

// await waits until all that a reader can have seen before the call is on the disk. It costs nothing
// when nothing was committed since a sync.
func (s *syncer) await(ctx context.Context) error {
	seen := s.begun.Load()
	j := &job{done: make(chan error, 1)}
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return errClosed
	case s.synced >= seen:
		s.mu.Unlock()
		return s.faults.failed()
	}
	s.waiting = append(s.waiting, j)
	s.mu.Unlock()
	s.signal()
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *syncer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// busy reports whether a sync is under way or about to begin; idle is called when that ends.
func (s *syncer) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.syncing || len(s.waiting) > 0
}

// stop answers who waits and ends.
func (s *syncer) stop() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
	<-s.ended
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}

func (s *syncer) loop() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		jobs, closed := s.waiting, s.closed
		s.waiting, s.syncing = nil, len(s.waiting) > 0
		upTo := s.committed.Load()
		s.mu.Unlock()
		if len(jobs) == 0 {
			if closed {
				return
			}
			<-s.wake
			continue
		}
		err := s.faults.failed() // a sync after one that failed may succeed, and says nothing
		if err == nil {
			err = s.sync()
		}
		if err != nil {
			err = s.faults.fail(fmt.Errorf("bring a commit to the disk: %w", err))
		}
		s.mu.Lock()
		s.syncing = false
		if err == nil {
			s.synced = upTo
		}
		s.mu.Unlock()
		for _, j := range jobs {
			j.done <- err
		}
		s.idle()
	}
}

func (s *syncer) sync() error {
	if s.log == nil {
		f, err := os.OpenFile(s.path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		s.log = f
	}
	return s.bring(s.log)
}
