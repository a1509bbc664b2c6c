//go:build unix && !linux

package hold

import "syscall"

// setLock is a lock of the process, which ends when any of its open files of the same file is
// closed. SQLite closes none of its own while it has the database open in another; what it closed
// before is made good by Hold.Again.
const setLock = syscall.F_SETLK
