package clock_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// still returns a machine whose clocks only a test moves.
func still() *clocktest.Machine {
	return &clocktest.Machine{Base: func() time.Time { return noon }}
}

func begun(m *clocktest.Machine, last time.Time) *clock.Clock {
	c := clock.New(m.Read, clock.DefaultJump)
	c.Begin(last)
	return c
}

// span draws a span of time of any size, down to the nanosecond.
func span(t *rapid.T, name string, most time.Duration) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour}).
		Draw(t, name+" unit")
	return min(most, unit*time.Duration(rapid.IntRange(0, 100).Draw(t, name)))
}

// Whatever is done to the machine's clock, instants go on, a tenth faster or slower than time
// passes at most, and come nearer to the machine's clock where they follow it.
func TestInstantsGoOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := still()
		c := begun(m, noon.Add(-span(t, "down", time.Hour)))
		at := c.Now()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "set") {
				d := span(t, "by", 100*time.Hour)
				if rapid.Bool().Draw(t, "back") {
					d = -d
				}
				m.Set(d)
			}
			before := c.State() // time passes from here
			passed := span(t, "pass", 10*time.Hour)
			m.Pass(passed)
			next := c.Now()
			if before.At != at {
				t.Fatalf("no time has passed since %v, and it is %v", at, before.At)
			}
			slowest, fastest := passed-passed/10, passed+passed/10
			if went := next.Sub(at); went < slowest || went > fastest {
				t.Fatalf("%v have passed, and instants went on by %v", passed, went)
			}
			was, is := before.Ahead(), c.State().Ahead()
			if before.Refused && is != was || is.Abs() > was.Abs() || (is < 0) != (was < 0) && is != 0 {
				t.Fatalf("ahead by %v before, by %v after %v, refused %v", was, is, passed, before.Refused)
			}
			at = next
		}
	})
}

// What was set back, or a little forward, is over after ten times as long.
func TestStepsAreGivenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := still()
		c := begun(m, noon)
		step := -span(t, "back", 100*time.Hour)
		if rapid.Bool().Draw(t, "forward") {
			step = min(-step, clock.Unconfirmed)
		}
		m.Set(step)
		looks := rapid.IntRange(1, 200).Draw(t, "looks")
		for range looks {
			m.Pass(10*step.Abs()/time.Duration(looks) + 20)
			c.Now()
		}
		if s := c.State(); s.Ahead() != 0 || s.Trouble() != "" {
			t.Fatalf("set by %v, and still ahead by %v: %s", step, s.Ahead(), s.Trouble())
		}
	})
}

// A wrong reading leaves nothing behind, however long it lasts.
func TestAStepForwardIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := still()
		c := begun(m, noon)
		step := clock.Unconfirmed + 1 + span(t, "forward", 100*365*24*time.Hour)
		m.Set(step)
		passed := time.Duration(0)
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			d := span(t, "pass", 100*time.Hour)
			m.Pass(d)
			passed += d
			if at := c.Now(); at != noon.Add(passed) {
				t.Fatalf("%v after noon it is %v", passed, at)
			}
			if s := c.State(); !s.Refused || !strings.Contains(s.Trouble(), "was set forward by") {
				t.Fatalf("nothing is said: %+v, %q", s, s.Trouble())
			}
		}
		m.Set(-step)
		if s := c.State(); s.Refused || s.Ahead() != 0 || s.Trouble() != "" {
			t.Fatalf("all is well again: %+v, %q", s, s.Trouble())
		}
	})
}

// Sleep is time that has passed: the clock since the start of the machine counts it.
func TestSleepIsNoStep(t *testing.T) {
	m := still()
	c := begun(m, noon)
	m.Pass(30 * 24 * time.Hour)
	if s := c.State(); s.Ahead() != 0 || s.Trouble() != "" {
		t.Fatalf("%+v, %q", s, s.Trouble())
	}
}

func TestAccept(t *testing.T) {
	m := still()
	c := begun(m, noon)
	if c.Accept() {
		t.Error("there was nothing to agree to")
	}
	m.Set(24 * time.Hour)
	if !c.Accept() || c.Now() != noon.Add(24*time.Hour) || c.State().Trouble() != "" {
		t.Errorf("after a day forward was accepted it is %v: %q", c.Now(), c.State().Trouble())
	}
	m.Set(-24 * time.Hour)
	if c.Accept() || c.Now() != noon.Add(24*time.Hour) {
		t.Errorf("instants went back to %v", c.Now())
	}
	if trouble := c.State().Trouble(); !strings.Contains(trouble, "was set back by 24h0m0s") {
		t.Errorf("nothing is said of a day back: %q", trouble)
	}
}

// A start goes on from the last instant, and waits when that is far away.
func TestBegin(t *testing.T) {
	day := 24 * time.Hour
	for _, test := range []struct {
		down     time.Duration // between the last instant and the start, by the machine's clock
		held     bool
		at       time.Duration // from the last instant
		accepted time.Duration
	}{
		{down: time.Hour, at: time.Hour},
		{down: 7 * day, at: 7 * day},
		{down: -time.Hour},
		{down: -7 * day},
		{down: 7*day + 1, held: true, accepted: 7*day + 1},
		{down: 365 * day, held: true, accepted: 365 * day},
		{down: -8 * day, held: true},
		{down: -20000 * day, held: true},
	} {
		t.Run(fmt.Sprint(test.down), func(t *testing.T) {
			m := still()
			last := noon.Add(-test.down)
			c := begun(m, last)
			if s := c.State(); s.Held != test.held || s.At != last.Add(test.at) {
				t.Fatalf("%+v, want held %v at %v", s, test.held, last.Add(test.at))
			}
			if !test.held {
				return
			}
			m.Pass(time.Hour)
			if s := c.State(); s.At != last || !strings.Contains(s.Trouble(), "`usher clock accept`") {
				t.Fatalf("an hour later %+v, %q, want it to stand still", s, s.Trouble())
			}
			accepted := last.Add(test.accepted)
			if test.accepted > 0 {
				accepted = accepted.Add(time.Hour)
			}
			if !c.Accept() || c.Now() != accepted || c.State().Held {
				t.Fatalf("accepted, it is %v, want %v", c.Now(), accepted)
			}
		})
	}
}

// A machine that learns the time after the server has started needs nobody.
func TestAHeldClockGoesOnWhenTheMachineIsSetRight(t *testing.T) {
	m := still()
	m.Set(-20000 * 24 * time.Hour)
	c := begun(m, noon.Add(-time.Hour))
	if !c.State().Held {
		t.Fatal("it begins in the last century")
	}
	m.Set(20000 * 24 * time.Hour)
	if s := c.State(); s.Held || s.At != noon {
		t.Fatalf("%+v", s)
	}
}

// Instants that another process has given are not passed from below.
func TestRaise(t *testing.T) {
	m := still()
	c := begun(m, noon)
	c.Raise(noon.Add(time.Second))
	c.Raise(noon.Add(-time.Second))
	c.Begin(noon.Add(2 * time.Second)) // a second handle on the database
	if c.Now() != noon.Add(2*time.Second) {
		t.Fatalf("it is %v", c.Now())
	}
}
