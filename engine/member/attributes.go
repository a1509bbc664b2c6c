package member

import "time"

// Backfill writes an attribute as it was at a time.
func (m *Member) Backfill(name string, v any, at time.Time) {
	since, marked := m.Backfilled[name]
	if _, has := m.Attributes[name]; has && !marked || marked && at.Before(since) {
		return
	}
	if v == nil {
		delete(m.Attributes, name)
	} else {
		if m.Attributes == nil {
			m.Attributes = map[string]any{}
		}
		m.Attributes[name] = v
	}
	m.mark(name, at)
}

// Wrote notes that an attribute was written or removed by something else than a backfill.
func (m *Member) Wrote(name string, v any, at time.Time) {
	if v == nil {
		m.mark(name, at)
	} else {
		delete(m.Backfilled, name)
	}
}

func (m *Member) mark(name string, at time.Time) {
	if m.Backfilled == nil {
		m.Backfilled = map[string]time.Time{}
	}
	m.Backfilled[name] = at
}
