//go:build !linux || !(amd64 || arm64 || loong64 || ppc64le || riscv64 || s390x)

package vfs

// view is a file as the system keeps it in memory: here there is none, since addresses are few or what
// is written may be seen late.
type view struct{}

func openView(uintptr) *view { return nil }

func (*view) read(uintptr, []byte, int64) bool { return false }

func (*view) close() {}
