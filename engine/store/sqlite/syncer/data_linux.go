package syncer

import (
	"errors"
	"os"
	"syscall"
)

// Data brings a file's data to the disk, and of what describes it only what finding the data
// needs.
func Data(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
