//go:build linux && (amd64 || arm64 || loong64 || ppc64le || riscv64 || s390x)

package vfs

import (
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
	sqlite3 "modernc.org/sqlite/lib"
)

// room is how much of a file a view shows. It takes addresses, and memory only of what is read.
const room = 1 << 36

// view is a file as the system keeps it in memory, shared by all who have the file open. What is
// written to the file is seen there at once. A nil view shows nothing.
type view struct {
	fileID
	data  []byte
	size  atomic.Int64 // of the file, as far as it is known
	users int
}

// fileID is what a file is known by, whatever its name.
type fileID struct{ device, inode uint64 }

var (
	viewsMu sync.Mutex
	views   = map[fileID]*view{}
)

// openView returns the view of a file of SQLite; nil: the system gives none.
func openView(handle uintptr) *view {
	fd := at[sqlite3.TunixFile](handle).Fh
	var info unix.Stat_t
	if unix.Fstat(int(fd), &info) != nil {
		return nil
	}
	id := fileID{info.Dev, info.Ino}
	viewsMu.Lock()
	defer viewsMu.Unlock()
	v := views[id]
	if v == nil {
		data, err := unix.Mmap(int(fd), 0, room, unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return nil
		}
		_ = unix.Madvise(data, unix.MADV_RANDOM) // pages around one that is read are not read
		v = &view{fileID: id, data: data}
		views[id] = v
	}
	v.users++
	return v
}

// read reads from the file; false: it does not show that part.
func (v *view) read(handle uintptr, p []byte, from int64) bool {
	end := from + int64(len(p))
	if v == nil || end > room {
		return false
	}
	if end > v.size.Load() { // it may have grown
		var info unix.Stat_t
		if unix.Fstat(int(at[sqlite3.TunixFile](handle).Fh), &info) != nil || end > info.Size {
			return false
		}
		v.size.Store(info.Size)
	}
	return copied(p, v.data[from:end])
}

// copied copies what is in memory of the system; false: that could not be read from the disk, or the
// file was cut.
func copied(p, from []byte) (ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { ok = recover() == nil }()
	copy(p, from)
	return true
}

// close lets go of the view; who is the last to do so ends it.
func (v *view) close() {
	if v == nil {
		return
	}
	viewsMu.Lock()
	defer viewsMu.Unlock()
	if v.users--; v.users == 0 {
		delete(views, v.fileID)
		_ = unix.Munmap(v.data) // nothing is left to do about it
	}
}
