//go:build !linux && !darwin

package clock

import "time"

// bootTime returns false: how long the machine was awake stands for it. Go's own reading counts sleep
// on Windows; where it does not, the time asleep is refused when it was long: an operator accepts it.
func bootTime() (time.Duration, bool) { return 0, false }
