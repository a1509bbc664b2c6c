// Package faults sorts what goes wrong with a database file and the disk that it is on.
package faults

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"modernc.org/sqlite"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
)

// Faults sorts what goes wrong with the disk. A disk that is full, or a database that is busy,
// passes: who asks again is served as soon as it can be. After any other fault of writing or
// syncing nothing is promised any more. Linux forgets what a failed sync was to bring to the disk,
// and the next sync succeeds without it.
type Faults struct {
	OnFirst func(error) // of the first fault that does not pass; may be nil

	mu     sync.Mutex
	broken error
}

// Of returns an error as callers see it.
func (f *Faults) Of(err error) error {
	switch {
	case err == nil || errors.Is(err, store.ErrUnavailable):
		return err
	case Passes(err):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case errors.Is(err, syscall.EIO) || Code(err)&0xff == codeIOError:
		return f.Fail(err)
	}
	return err
}

// Fail notes a fault that does not pass.
func (f *Faults) Fail(err error) error {
	f.mu.Lock()
	first := f.broken == nil
	if first {
		f.broken = fmt.Errorf("%w: the disk has failed: %w", store.ErrUnavailable, err)
	}
	broken := f.broken
	f.mu.Unlock()
	if first && f.OnFirst != nil {
		f.OnFirst(broken)
	}
	return broken
}

// Failed returns the error after which nothing may be written any more.
func (f *Faults) Failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// Result codes of SQLite: https://www.sqlite.org/rescode.html.
const (
	codeBusy    = 5
	codeIOError = 10
	codeFull    = 13
)

// passingIO are the faults of SQLite's I/O that say nothing about what was written: no memory, no
// lock, no room for the index of the log.
var passingIO = map[int]bool{
	codeIOError | 12<<8: true, // out of memory
	codeIOError | 15<<8: true, // a lock
	codeIOError | 18<<8: true, // opening the index
	codeIOError | 19<<8: true, // making it larger
	codeIOError | 20<<8: true, // locking it
	codeIOError | 21<<8: true, // mapping it
}

// Passes reports whether a fault passes: who asks again is served as soon as it can be.
func Passes(err error) bool {
	c := Code(err)
	if errors.Is(err, journal.ErrUnsynced) {
		return false
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || c == codeFull || c&0xff == codeBusy ||
		passingIO[c]
}

// Code returns the result code of SQLite that an error carries, 0 when none does.
func Code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// Result codes of SQLite for a file that cannot be made sense of.
const (
	codeCorrupt = 11
	codeNotADB  = 26
)

// Damaged adds to SQLite's error what can be done.
func Damaged(err error) error {
	if c := Code(err) & 0xff; c == codeCorrupt || c == codeNotADB {
		return fmt.Errorf("it is damaged: restore a backup: %w", err)
	}
	return err
}
