package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hardware is a machine whose clocks a test moves. Whoever reads one of them is held up for a moment.
type hardware struct {
	wall        time.Time
	awake, boot time.Duration
	held        time.Duration
	asked       int
}

func (h *hardware) pass(d time.Duration) {
	h.wall, h.awake, h.boot = h.wall.Add(d), h.awake+d, h.boot+d
}

func (h *hardware) sleep(d time.Duration) { h.wall, h.boot = h.wall.Add(d), h.boot+d }

func (h *hardware) machine() *machine {
	return &machine{
		now: func() (time.Time, time.Duration) {
			defer h.pass(h.held)
			return h.wall, h.awake
		},
		boot: func() (time.Duration, bool) {
			h.asked++
			defer h.pass(h.held)
			return h.boot, true
		},
	}
}

// Whatever happens to a machine, what is said of its boot clock never goes back and is never ahead. It
// is right when the machine slept and its wall clock shows it, and one second awake after any sleep.
func TestBootClockFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &hardware{wall: time.Unix(1_800_000_000, 0), boot: time.Hour}
		m := h.machine()
		span := func(name string) time.Duration {
			unit := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Hour}).Draw(t, name+" unit")
			return unit * time.Duration(rapid.IntRange(0, 1000).Draw(t, name))
		}
		last := m.read()
		hidden, since := time.Duration(0), time.Duration(0) // asleep and not shown, and awake since then
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"pass", "sleep", "set", "hidden sleep", "held up"}).Draw(t, "what") {
			case "pass":
				d := span("passed")
				h.pass(d)
				since += d
			case "sleep":
				h.sleep(span("slept"))
			case "set":
				h.wall = h.wall.Add(span("set") - 500*time.Second)
			case "hidden sleep":
				d := span("slept unseen")
				h.boot += d
				hidden += d
				since = 0
			case "held up":
				h.held = time.Duration(rapid.IntRange(0, 3).Draw(t, "held")) * time.Microsecond
			}
			truth := h.boot
			r := m.read()
			if r.Boot < last.Boot {
				t.Fatalf("it goes back from %v to %v", last.Boot, r.Boot)
			}
			if since >= lookAgain {
				hidden = 0
			}
			late := truth + 3*h.held - r.Boot // each reading of a clock takes so long
			if most := hidden + mayDiffer + 50*time.Microsecond; r.Boot > truth+h.held || late > most {
				t.Fatalf("it is %v, and read %v, of %v asleep unseen", truth, r.Boot, hidden)
			}
			last = r
		}
	})
}

// The system is asked once a second while nothing happens to the clocks, however often they are read.
func TestTheSystemIsAskedOnceASecond(t *testing.T) {
	h := &hardware{wall: time.Unix(1_800_000_000, 0)}
	m := h.machine()
	for range 10_000 {
		m.read()
		h.pass(time.Millisecond)
	}
	if h.asked != 10 {
		t.Errorf("it was asked %d times in 10 s", h.asked)
	}
}

// A machine without a boot clock goes by how long it was awake.
func TestMachineWithoutABootClock(t *testing.T) {
	h := &hardware{wall: time.Unix(1_800_000_000, 0)}
	m := h.machine()
	m.boot = func() (time.Duration, bool) { return 0, false }
	h.pass(time.Minute)
	h.sleep(time.Hour)
	if r := m.read(); r.Boot != time.Minute || !r.Wall.Equal(h.wall) {
		t.Errorf("it reads %+v", r)
	}
}

// The clocks of this machine are such that a clock on them has nothing to say.
func TestMachine(t *testing.T) {
	read := Machine()
	c := New(read, DefaultJump)
	before := time.Now().Add(-time.Second)
	for range 1000 {
		if at := c.Now(); at.Before(before) || time.Since(at).Abs() > 10*time.Second {
			t.Fatalf("it is %v after %v", at, before)
		}
	}
	a, b := read(), read()
	if a.Boot <= 0 || b.Boot < a.Boot {
		t.Errorf("the machine has been on for %v, then %v", a.Boot, b.Boot)
	}
}

func BenchmarkMachine(b *testing.B) {
	c := New(Machine(), DefaultJump)
	for b.Loop() {
		c.Now()
	}
}
