// Package hold keeps a database for one handle of one process, and refuses a file that is none.
package hold

import (
	"errors"
	"os"
	"slices"
	"sync"
)

// ErrHeld says that a process has the database open, which may be this one.
var ErrHeld = errors.New("the database is in use: only one process at a time may have it open")

// Hold keeps a database for one handle of one process: a lock on the file itself, whatever name it
// was opened by. The kernel lets go of it when the process ends, however that is.
type Hold struct {
	f    *os.File
	info os.FileInfo
	lock func(*os.File) (bool, error)
}

// holds are those of this process. It looks here first: to open the file and close it again would
// end the locks that SQLite has on it, as is the way of POSIX.
var holds struct {
	mu   sync.Mutex
	list []*Hold
}

// File makes the database's file when there is none, and holds it. Where files cannot be locked
// there is a hold, which keeps out this process alone, and an error that is
// [errors.ErrUnsupported].
func File(path string, lock func(*os.File) (bool, error)) (*Hold, error) {
	holds.mu.Lock()
	defer holds.mu.Unlock()
	if info, err := os.Stat(path); err == nil && isHeld(info) {
		return nil, ErrHeld
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	h := &Hold{f: f, lock: lock}
	if h.info, err = f.Stat(); err == nil {
		err = h.Again()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, errors.Join(err, f.Close())
	}
	holds.list = append(holds.list, h)
	return h, err
}

// Again takes the lock that SQLite may have ended: see Lock.
func (h *Hold) Again() error {
	if h == nil {
		return nil
	}
	locked, err := h.lock(h.f)
	if err == nil && !locked {
		return ErrHeld
	}
	return err
}

func isHeld(info os.FileInfo) bool {
	return slices.ContainsFunc(holds.list, func(h *Hold) bool { return os.SameFile(h.info, info) })
}

// Release lets go of the database, once. SQLite has closed it before.
func (h *Hold) Release() error {
	if h == nil {
		return nil
	}
	holds.mu.Lock()
	defer holds.mu.Unlock()
	at := slices.Index(holds.list, h)
	if at < 0 {
		return nil
	}
	holds.list = slices.Delete(holds.list, at, at+1)
	return h.f.Close()
}
