//go:build unix

package hold

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockedByte stands for the database. It lies behind the bytes that SQLite locks, so that whoever
// reads beside usher, as the sqlite3 command does, is let in.
const lockedByte = 0x40000000 + 4096

// Lock takes a file for this process until it is closed; false when another has it. Where files
// cannot be locked the error is [errors.ErrUnsupported].
func Lock(f *os.File) (bool, error) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: lockedByte, Len: 1}
	for {
		err := syscall.FcntlFlock(f.Fd(), setLock, &lock)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
			return false, nil
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EINVAL), errors.Is(err, errors.ErrUnsupported):
			return false, errors.Join(errors.ErrUnsupported, os.NewSyscallError("fcntl", err))
		default:
			return false, os.NewSyscallError("fcntl", err)
		}
	}
}
