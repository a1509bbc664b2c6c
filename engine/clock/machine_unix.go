//go:build linux || darwin

package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime returns how long ago the machine was started, sleep included.
func bootTime() (time.Duration, bool) {
	var t unix.Timespec
	err := unix.ClockGettime(bootClock, &t)
	return time.Duration(t.Nano()), err == nil
}
