package clock

import "time"

const (
	// lookAgain is how long the machine may have been awake since its boot clock was read, for a
	// reading that follows from that one.
	lookAgain = time.Second
	// mayDiffer is how much more or less than the machine was awake its wall clock may have gone on
	// since then: the two are not read at one moment.
	mayDiffer = time.Millisecond
)

// Machine returns a function that reads the clocks of this machine, for one [Clock].
//
// The boot clock is one that only the system can be asked for. It goes on as the machine is awake, which
// a process knows by itself, and when the machine sleeps. While the wall clock says that it did not,
// the boot clock follows from when it was read last; a sleep that the wall clock does not show,
// because it was set back by as much, is counted a second later. So it never goes back and is never
// ahead.
func Machine() func() Reading {
	started := time.Now()
	m := machine{boot: bootTime, now: func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0), now.Sub(started)
	}}
	return m.read
}

// machine reads a machine's clocks.
type machine struct {
	now  func() (wall time.Time, awake time.Duration) // without asking the system
	boot func() (since time.Duration, ok bool)        // false: the machine has no boot clock

	// When the boot clock was read last.
	wall        time.Time
	awake, last time.Duration
	asked       bool
}

func (m *machine) read() Reading {
	wall, awake := m.now()
	passed := awake - m.awake
	if !m.asked || passed >= lookAgain || (wall.Sub(m.wall)-passed).Abs() >= mayDiffer {
		if since, ok := m.boot(); ok {
			wall, awake = m.now() // later than since, so that what follows from it is never ahead
			m.wall, m.awake, m.last, m.asked, passed = wall, awake, since, true, 0
		}
	}
	return Reading{Wall: wall, Boot: m.last + passed}
}
