//go:build linux || darwin

package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// Machine reads the clocks of this machine.
func Machine() Reading {
	r := Reading{Wall: time.Now()}
	var t unix.Timespec
	if err := unix.ClockGettime(bootClock, &t); err != nil {
		r.Boot = r.Wall.Sub(started)
		return r
	}
	r.Boot = time.Duration(t.Nano())
	return r
}

// started stands for the start of the machine where its clock cannot be read.
var started = time.Now()
