// Package syncer brings what was written to the disk.
package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// ErrStopped says that nothing is brought to the disk any more.
var ErrStopped = errors.New("the syncer has stopped")

// Syncer brings commits to the disk while the writer goes on with the next. SQLite writes commits
// to its log (the -wal file) one after the other, so a sync of the log that begins after a commit
// makes that commit and all before it durable. SQLite itself runs with synchronous=NORMAL: it syncs
// the log before it copies it into the database. Together that is synchronous=FULL, but one wait
// for the disk serves everybody who has been committed meanwhile.
type Syncer struct {
	Config
	log *os.File // opened at the first sync: the file is there once something was written

	// Positions count commits. What a reader has seen is among those that were begun when its reading
	// ended.
	begun, committed atomic.Int64

	mu      sync.Mutex
	waiting []chan<- error
	synced  int64 // all commits up to here are on the disk; -1: nothing is known of the file yet
	syncing bool
	closed  bool
	wake    chan struct{}
	ended   chan struct{}
}

// Config is what a syncer is made of. All of it is required.
type Config struct {
	Path   string               // of the log
	Bring  func(*os.File) error // brings it to the disk: see [Data]
	Failed func() error         // returns the error after which no sync says anything any more
	Fail   func(error) error    // notes that a sync has failed, and returns the error as callers see it
	Idle   func()               // see Busy
}

// Start begins to bring commits to the disk.
func Start(c Config) *Syncer {
	s := &Syncer{Config: c, synced: -1, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go s.loop()
	return s
}

// Add lets those be answered who wait for their commits, when they are on the disk.
func (s *Syncer) Add(done ...chan<- error) {
	s.mu.Lock()
	s.waiting = append(s.waiting, done...)
	s.mu.Unlock()
	s.signal()
}

// Count counts a commit, which ends before another begins.
func (s *Syncer) Count(commit func() error) error {
	n := s.begun.Add(1)
	err := commit()
	s.committed.Store(n)
	return err
}

// Await waits until all that a reader can have seen before the call is on the disk. It costs nothing
// when nothing was committed since a sync.
func (s *Syncer) Await(ctx context.Context) error {
	seen := s.begun.Load()
	done := make(chan error, 1)
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return ErrStopped
	case s.synced >= seen:
		s.mu.Unlock()
		return s.Failed()
	}
	s.waiting = append(s.waiting, done)
	s.mu.Unlock()
	s.signal()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Syncer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Busy reports whether a sync is under way or about to begin; Idle is called when that ends.
func (s *Syncer) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.syncing || len(s.waiting) > 0
}

// Stop answers who waits and ends.
func (s *Syncer) Stop() error {
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

func (s *Syncer) loop() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		waiting, closed := s.waiting, s.closed
		s.waiting, s.syncing = nil, len(s.waiting) > 0
		upTo := s.committed.Load()
		s.mu.Unlock()
		if len(waiting) == 0 {
			if closed {
				return
			}
			<-s.wake
			continue
		}
		err := s.Failed() // a sync after one that failed may succeed, and says nothing
		if err == nil {
			err = s.sync()
		}
		if err != nil {
			err = s.Fail(fmt.Errorf("bring a commit to the disk: %w", err))
		}
		s.mu.Lock()
		s.syncing = false
		if err == nil {
			s.synced = upTo
		}
		s.mu.Unlock()
		for _, done := range waiting {
			done <- err
		}
		s.Idle()
	}
}

func (s *Syncer) sync() error {
	if s.log == nil {
		f, err := os.OpenFile(s.Path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		s.log = f
	}
	return s.Bring(s.log)
}
