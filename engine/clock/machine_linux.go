package clock

import "golang.org/x/sys/unix"

// bootClock counts while the machine sleeps, which Go's own reading does not.
const bootClock = unix.CLOCK_BOOTTIME
