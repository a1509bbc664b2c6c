// Package clock gives the instants that everything is ordered and decided by. The machine's clock
// may be set by hand, by a time server or by a fault; instants may not follow it everywhere:
//
//   - They never go back. When the machine's clock is set back they go on from where they were, a
//     little slower, until it has caught up. So nothing stops.
//   - They are never moved forward at once while the process lives. A small correction of the
//     machine's clock is followed a little faster than time passes. A large one that the time
//     since the machine was started does not confirm is refused: instants go on by that.
//   - What lies between the last instant of an earlier process and the first of this one nobody
//     can confirm. When it is long, nothing is taken in or decided until an operator agrees.
//
// The type is pure: a function gives it what the machine's clocks read.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Reading is what a machine's clocks read at one moment.
type Reading struct {
	Wall time.Time     // what it takes for the time of day; may be set at any moment
	Boot time.Duration // since some fixed moment, sleep included; nobody can set it
}

const (
	// Unconfirmed is the longest correction forward that is followed without an operator. Clocks of
	// machines are wrong by this much when a time server corrects them.
	Unconfirmed = time.Minute
	// correction is the part of the time passing by which instants come nearer to the machine's
	// clock. An hour is given back in ten; a wait meanwhile takes a tenth longer.
	correction = 10
	// DefaultJump is how long an earlier process may lie back before the first start that asks.
	DefaultJump = 7 * 24 * time.Hour
)

// Clock gives instants. It is safe for concurrent use.
type Clock struct {
	read func() Reading
	jump time.Duration

	mu    sync.Mutex
	last  Reading
	at    time.Time // the last instant
	begun bool
	held  bool
}

// New returns a clock on a machine's clocks. A start that is further than jump from the last
// instant waits for an operator: see [Clock.Begin].
func New(read func() Reading, jump time.Duration) *Clock {
	c := &Clock{read: read, jump: jump, last: read()}
	c.at = wall(c.last)
	return c
}

// Begin tells the clock the last instant that an earlier process gave; zero: there is none. Instants
// go on from it. When the machine's clock is too far from it, ahead or behind, the clock stands
// still at it: see [State.Held].
func (c *Clock) Begin(last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		c.raise(last)
		return
	}
	c.begun = true
	if last.IsZero() {
		return
	}
	c.last = c.read()
	c.at, c.held = last, true
	c.beginWhenNear()
}

// beginWhenNear lets a clock that stands still go on when the machine's is near enough.
func (c *Clock) beginWhenNear() {
	if c.wallAhead().Abs() <= c.jump {
		c.held = false
		c.raise(wall(c.last))
	}
}

// Now returns the instant. It is never before one that was returned earlier, or given to Raise.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	return c.at
}

// advance moves the instant on by what has passed since the last reading, and nearer to the
// machine's clock.
func (c *Clock) advance() {
	before := c.last.Boot
	c.last = c.read()
	if c.held {
		c.beginWhenNear()
		return
	}
	passed := max(0, c.last.Boot-before)
	c.at = c.at.Add(passed)
	switch ahead := c.wallAhead(); {
	case ahead < 0:
		c.at = c.at.Add(max(ahead, -passed/correction))
	case ahead <= Unconfirmed:
		c.at = c.at.Add(min(ahead, passed/correction))
	}
}

// wallAhead returns how far the machine's clock is ahead of the instants.
func (c *Clock) wallAhead() time.Duration { return wall(c.last).Sub(c.at) }

// Raise makes instants go on from at, when they are not there yet: another process on the same
// database has given it.
func (c *Clock) Raise(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raise(at)
}

func (c *Clock) raise(at time.Time) {
	if at.After(c.at) {
		c.at = at.UTC().Round(0)
	}
}

// Accept says for an operator that the machine's clock is right. Instants follow it at once where
// they stood still or refused it; where it is behind them they do not go back. It reports whether
// there was anything to agree to.
func (c *Clock) Accept() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	asked := c.state()
	if !asked.Held && !asked.Refused {
		return false
	}
	c.held = false
	c.raise(wall(c.last))
	return true
}

// State says how instants and the machine's clock stand to each other.
type State struct {
	At      time.Time // the instant
	Machine time.Time // what the machine's clock reads
	Held    bool      // instants stand still: nothing may be taken in or decided
	Refused bool      // the machine's clock was set forward, and instants do not follow
}

// State reads the clocks.
func (c *Clock) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	return c.state()
}

func (c *Clock) state() State {
	return State{At: c.at, Machine: wall(c.last), Held: c.held, Refused: !c.held && c.wallAhead() > Unconfirmed}
}

// Ahead returns how far instants are ahead of the machine's clock.
func (s State) Ahead() time.Duration { return s.At.Sub(s.Machine) }

// Trouble says in one sentence what is wrong with the machine's clock; empty: nothing.
func (s State) Trouble() string {
	at, machine := s.At.Format(time.RFC3339), s.Machine.Format(time.RFC3339)
	far := func(ahead time.Duration) string { return max(ahead, time.Second).Round(time.Second).String() }
	switch ahead := s.Ahead(); {
	case s.Held && ahead < 0:
		return fmt.Sprintf("the machine's clock reads %s, %s after the last instant in the database (%s): nothing is taken in or "+
			"decided until it is set right, or `usher clock accept` says that it is right", machine, far(-ahead), at)
	case s.Held:
		return fmt.Sprintf("the machine's clock reads %s, %s before the last instant in the database (%s): nothing is taken in or "+
			"decided until it is set right, or `usher clock accept` says that it is right", machine, far(ahead), at)
	case s.Refused:
		return fmt.Sprintf("the machine's clock was set forward by %s, which the time since its start does not confirm: it is %s "+
			"until it is set right, or `usher clock accept` says that it is right", far(-ahead), at)
	case ahead > Unconfirmed:
		return fmt.Sprintf("the machine's clock was set back by %s: it is %s, and a minute is given back in ten until the two are one",
			far(ahead), at)
	}
	return ""
}

// wall returns what the machine takes for the time, without the reading that Go hides in it.
func wall(r Reading) time.Time { return r.Wall.UTC().Round(0) }
