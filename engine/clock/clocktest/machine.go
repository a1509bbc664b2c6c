// Package clocktest is a machine whose clocks a test sets.
package clocktest

import (
	"sync/atomic"
	"time"

	"github.com/usher-run/usher/engine/clock"
)

// Machine is a machine whose clocks go as Base does, and further as a test says. It is safe for
// concurrent use.
type Machine struct {
	Base func() time.Time // time.Now when nil

	passed, set atomic.Int64
}

// Pass lets time pass: both clocks go on by d.
func (m *Machine) Pass(d time.Duration) { m.passed.Add(int64(d)) }

// Set sets the wall clock forward by d, back when d is negative.
func (m *Machine) Set(d time.Duration) { m.set.Add(int64(d)) }

// Read returns what the clocks read.
func (m *Machine) Read() clock.Reading {
	base := time.Now
	if m.Base != nil {
		base = m.Base
	}
	now := base().Round(0).Add(time.Duration(m.passed.Load()))
	return clock.Reading{Wall: now.Add(time.Duration(m.set.Load())), Boot: now.Sub(time.Unix(0, 0))}
}

// Clock returns a clock on the machine that asks nobody at a start.
func (m *Machine) Clock() *clock.Clock { return clock.New(m.Read, 100*365*24*time.Hour) }

// Follow returns a clock on a machine whose clocks both go as base does.
func Follow(base func() time.Time) *clock.Clock { return (&Machine{Base: base}).Clock() }
