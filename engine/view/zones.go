package view

import (
	"sync"
	"time"

	"github.com/usher-run/usher/engine/member"
)

// Zones are the time zones that members live in: reading one by its name costs too much to do it for every input.
type Zones struct {
	workspace *time.Location
	named     sync.Map
}

// ZonesOf returns the time zones of members of a workspace, whose own is that of who has none.
func ZonesOf(workspace *time.Location) *Zones { return &Zones{workspace: workspace} }

// Of returns the time zone that a member lives in: their own, else the workspace's.
func (z *Zones) Of(m *member.Member) *time.Location {
	if m == nil {
		return z.workspace
	}
	name, _ := m.Attributes["timezone"].(string)
	return z.Named(name)
}

// Named returns a time zone by its name; the workspace's when there is none.
func (z *Zones) Named(name string) *time.Location {
	if name == "" {
		return z.workspace
	}
	if at, ok := z.named.Load(name); ok {
		return at.(*time.Location)
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		at = z.workspace
	}
	z.named.Store(name, at)
	return at
}
