//go:build !linux && !darwin

package clock

import "time"

// Machine reads the clocks of this machine. Go's own reading counts sleep on Windows; where it does
// not, the time asleep is refused when it was long: an operator accepts it.
func Machine() Reading {
	now := time.Now()
	return Reading{Wall: now, Boot: now.Sub(started)}
}

// started stands for the start of the machine.
var started = time.Now()
