package engine

import (
	"time"

	"github.com/usher-run/usher/playbooks"
)

// zoneOf returns the time zone that a member lives in: their own, else the workspace's.
func (e *Engine) zoneOf(m *Member) *time.Location {
	if m == nil {
		return e.ws.Schema.Timezone
	}
	name, _ := m.Attributes["timezone"].(string)
	return e.zoneNamed(name)
}

// zoneNamed returns a time zone by its name; the workspace's when there is none.
func (e *Engine) zoneNamed(name string) *time.Location {
	if name == "" {
		return e.ws.Schema.Timezone
	}
	if z, ok := e.zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = e.ws.Schema.Timezone
	}
	e.zones.Store(name, z)
	return z
}

// normalized returns a value of an attribute as the member keeps it, wherever it comes from.
func (e *Engine) normalized(name string, v any) any {
	if a := e.ws.Schema.Attribute(name); a != nil && a.Normal != playbooks.NormalNone {
		return e.ws.Schema.Normalized(a, v)
	}
	return v
}
