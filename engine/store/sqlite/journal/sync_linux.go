package journal

import (
	"errors"
	"os"
	"syscall"
)

// SyncData brings a file's data to the disk, and of what describes it only what finding the data
// needs.
func SyncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
