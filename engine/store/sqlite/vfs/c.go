package vfs

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite is C that was translated to Go. Its pointers are numbers, and so are its pointers to
// functions: each is the address of a Go function's value.

// at returns what a pointer of SQLite points to.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// pointer returns a top-level function as SQLite calls it.
func pointer(f any) uintptr {
	type value struct{ _, data uintptr }
	return (*value)(unsafe.Pointer(&f)).data
}

// function returns a function of SQLite, of type F.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

// allocate returns a copy of v in memory of SQLite, which stays; 0: there is none.
func allocate[T any](tls *libc.TLS, v T) uintptr {
	p := sqlite3.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(v)))
	if p != 0 {
		*at[T](p) = v
	}
	return p
}
