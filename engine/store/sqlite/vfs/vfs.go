// Package vfs is a layer over SQLite's file system (a VFS), so that a database takes fewer calls of the
// system.
//
// All frames of a commit go to the log in one write. SQLite makes two for each, of its header and of the
// page; here they are held back until the last is there. What others see is the same. Readers, and who
// copies the log into the database, go by the log's index, and SQLite raises the index's count of frames
// when the last write of a commit has returned. That is the write that brings out what was held, and its
// error is that of the commit. Frames of a transaction that still goes on, which SQLite writes when its
// cache is full, may be held beyond a statement: they are written before the connection reads them, and
// dropped when it lets go of the writer's lock without a commit. Before that nobody else writes to the
// log.
//
// Pages are read from memory that the system keeps the files in, where it can be had: see view.
package vfs

import (
	"errors"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Name is that of the layer: connections ask for it by the parameter vfs.
const Name = "usher"

// Register makes the layer known to SQLite. Every call after the first returns the same.
var Register = sync.OnceValue(register)

var errRegister = errors.New("SQLite takes no layer over its file system")

// base is the file system below.
var base *sqlite3.Tsqlite3_vfs

func register() error {
	tls := libc.NewTLS()
	defer tls.Close()
	found := sqlite3.Xsqlite3_vfs_find(tls, 0)
	name, err := libc.CString(Name)
	if found == 0 || err != nil {
		return errors.Join(errRegister, err)
	}
	base = at[sqlite3.Tsqlite3_vfs](found)
	v := *base
	v.FzName, v.FpNext, v.FxOpen = name, 0, pointer(open)
	layer := allocate(tls, v)
	if layer == 0 || sqlite3.Xsqlite3_vfs_register(tls, layer, 0) != sqlite3.SQLITE_OK {
		return errRegister
	}
	return nil
}

// file is a database or its log, as one connection has it open.
type file struct {
	*sqlite3.Tsqlite3_io_methods // of the file system below

	db   *file   // of a log: its database
	name uintptr // of a database: where SQLite keeps its name, which no other connection shares
	log  *run    // nil: the log is not open
	view *view   // nil: there is none
}

var (
	files sync.Map // what is open, by SQLite's handle

	mu        sync.Mutex
	databases = map[uintptr]*file{}      // by their names
	methods   = map[methodsKey]uintptr{} // of files of the layer
)

// methodsKey is what the methods of a file depend on.
type methodsKey struct {
	below uintptr
	isLog bool
}

func of(handle uintptr) *file {
	f, _ := files.Load(handle)
	return f.(*file)
}

// open opens a file, and puts the layer over it when it is a database or a log.
func open(tls *libc.TLS, _, name, handle uintptr, flags int32, out uintptr) int32 {
	type openBelow = func(_ *libc.TLS, vfs, name, handle uintptr, flags int32, out uintptr) int32
	below := uintptr(unsafe.Pointer(base))
	rc := function[openBelow](base.FxOpen)(tls, below, name, handle, flags, out)
	h := at[sqlite3.Tsqlite3_file](handle)
	if rc != sqlite3.SQLITE_OK || h.FpMethods == 0 {
		return rc
	}
	key := methodsKey{h.FpMethods, flags&sqlite3.SQLITE_OPEN_WAL != 0}
	f := &file{Tsqlite3_io_methods: at[sqlite3.Tsqlite3_io_methods](h.FpMethods)}
	mu.Lock()
	defer mu.Unlock()
	if methods[key] == 0 {
		methods[key] = newMethods(tls, f, key.isLog)
	}
	switch {
	case methods[key] == 0:
		return rc
	case key.isLog:
		f.db = databases[sqlite3.Xsqlite3_filename_database(tls, name)]
		if f.db == nil {
			return rc
		}
		f.log = new(run)
		f.db.log = f.log
	case flags&sqlite3.SQLITE_OPEN_MAIN_DB != 0 && name != 0 && f.FiVersion >= 2:
		f.name = name
		databases[name] = f
	default:
		return rc
	}
	f.view = openView(handle)
	h.FpMethods = methods[key]
	files.Store(handle, f)
	return rc
}

// newMethods returns the methods of files of the layer over such a file; 0: there is no memory.
func newMethods(tls *libc.TLS, f *file, isLog bool) uintptr {
	m := *f.Tsqlite3_io_methods
	m.FxClose, m.FxRead = pointer(closeFile), pointer(read)
	if isLog {
		m.FxWrite, m.FxTruncate, m.FxSync, m.FxFileSize = pointer(write), pointer(truncate), pointer(bring), pointer(size)
	} else {
		m.FxShmLock = pointer(lock)
	}
	return allocate(tls, m)
}

func closeFile(tls *libc.TLS, handle uintptr) int32 {
	f := of(handle)
	files.Delete(handle)
	mu.Lock()
	if f.db != nil {
		f.db.log = nil
	} else {
		delete(databases, f.name)
	}
	mu.Unlock()
	f.view.close()
	return function[func(*libc.TLS, uintptr) int32](f.FxClose)(tls, handle)
}

// lock takes and gives back locks of a log's index. The first is the writer's.
func lock(tls *libc.TLS, handle uintptr, first, n, flags int32) int32 {
	f := of(handle)
	if first == 0 && flags&sqlite3.SQLITE_SHM_UNLOCK != 0 && f.log != nil {
		f.log.drop()
	}
	type lockBelow = func(_ *libc.TLS, handle uintptr, first, n, flags int32) int32
	return function[lockBelow](f.FxShmLock)(tls, handle, first, n, flags)
}

// transfer is a function that reads or writes.
type transfer = func(_ *libc.TLS, handle, p uintptr, n int32, at int64) int32

// put writes to the file below.
func (f *file) put(tls *libc.TLS, handle uintptr) func(p []byte, at int64) int32 {
	return func(p []byte, at int64) int32 {
		return function[transfer](f.FxWrite)(tls, handle, uintptr(unsafe.Pointer(&p[0])), int32(len(p)), at)
	}
}

func write(tls *libc.TLS, handle, p uintptr, n int32, off int64) int32 {
	f := of(handle)
	return f.log.write(unsafe.Slice(at[byte](p), n), off, f.put(tls, handle))
}

func read(tls *libc.TLS, handle, p uintptr, n int32, off int64) int32 {
	f := of(handle)
	if f.db != nil {
		if rc := f.log.before(off+int64(n), f.put(tls, handle)); rc != sqlite3.SQLITE_OK {
			return rc
		}
	}
	if f.view.read(handle, unsafe.Slice(at[byte](p), n), off) {
		return sqlite3.SQLITE_OK
	}
	return function[transfer](f.FxRead)(tls, handle, p, n, off)
}

func truncate(tls *libc.TLS, handle uintptr, n int64) int32 {
	f := of(handle)
	if rc := f.log.flush(f.put(tls, handle)); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, int64) int32](f.FxTruncate)(tls, handle, n)
}

func bring(tls *libc.TLS, handle uintptr, flags int32) int32 {
	f := of(handle)
	if rc := f.log.flush(f.put(tls, handle)); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, int32) int32](f.FxSync)(tls, handle, flags)
}

func size(tls *libc.TLS, handle, out uintptr) int32 {
	f := of(handle)
	if rc := f.log.flush(f.put(tls, handle)); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(_ *libc.TLS, handle, out uintptr) int32](f.FxFileSize)(tls, handle, out)
}
