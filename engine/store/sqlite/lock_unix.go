//go:build unix

package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes a file for this process until it is closed; false when another has it. Where files
// cannot be locked the error is [errors.ErrUnsupported].
func lockFile(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("flock", err)
}
