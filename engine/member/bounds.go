package member

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	maxMemberBytes = 128 << 10 // two of the largest events
	maxGoals       = 100       // more open entries than anybody makes who is not a program
	markSize       = 24        // of when an attribute was removed, or a tag ends
)

// RoomFor returns an error when attributes and tags would make the member larger than allowed.
func (m *Member) RoomFor(attributes map[string]any, tags []string) error {
	more := 0
	for name, v := range attributes {
		old, has := m.Attributes[name]
		_, marked := m.Backfilled[name]
		switch {
		case v == nil && has: // can always be done
			more -= min(sizeOf(old), markSize)
		case v == nil && !marked:
			more += sizeOf(name) + markSize
		case v != nil && has:
			more += sizeOf(v) - sizeOf(old)
		case v != nil:
			more += sizeOf(name) + sizeOf(v)
		}
	}
	for _, t := range tags {
		if _, has := slices.BinarySearch(m.Tags, t); !has {
			more += sizeOf(t)
		}
	}
	if more <= 0 {
		return nil
	}
	for name, v := range m.Attributes {
		more += sizeOf(name) + sizeOf(v)
	}
	for name := range m.Backfilled {
		more += sizeOf(name) + markSize
	}
	for _, t := range m.Tags {
		more += sizeOf(t)
	}
	for t := range m.Rarely().TagEnds {
		more += sizeOf(t) + markSize
	}
	if more > maxMemberBytes {
		return fmt.Errorf("attributes and tags of the member would have %d bytes, at most %d are kept: remove some first",
			more, maxMemberBytes)
	}
	return nil
}

// sizeOf returns about how many bytes a value takes as JSON.
func sizeOf(v any) int {
	const one = 3 // quotes or brackets, and the comma
	switch v := v.(type) {
	case string:
		return len(v) + one
	case []any:
		n := one
		for _, item := range v {
			n += sizeOf(item)
		}
		return n
	case map[string]any:
		n := one
		for name, item := range v {
			n += sizeOf(name) + sizeOf(item)
		}
		return n
	}
	return 8
}

// Awaits reports whether the goal of a run may still be reached.
func (m *Member) Awaits(run string) bool {
	return slices.ContainsFunc(m.Goals, func(g GoalWatch) bool { return g.Run == run })
}

// LooksForGoal reports whether a goal is a condition that is looked at.
func (m *Member) LooksForGoal() bool {
	return slices.ContainsFunc(m.Goals, func(g GoalWatch) bool { return g.Event == "" })
}

// WatchGoals notes that the goals of an entry may be reached. It returns the run whose goals are watched no
// more, because there are too many; empty: none.
func (m *Member) WatchGoals(of []GoalWatch) (dropped string) {
	var runs []string // of the playbook, in order of entry: the first is the oldest
	for i := range m.Goals {
		if g := &m.Goals[i]; g.Playbook == of[0].Playbook && !slices.Contains(runs, g.Run) {
			runs = append(runs, g.Run)
		}
	}
	if len(runs) >= maxGoals {
		dropped = runs[0]
		m.Goals = slices.DeleteFunc(m.Goals, func(g GoalWatch) bool { return g.Run == dropped })
	}
	m.Goals = append(m.Goals, of...)
	return dropped
}

// Enter notes when the member entered a playbook.
func (m *Member) Enter(playbook string, at time.Time) {
	if m.Entries == nil {
		m.Entries = map[string]time.Time{}
	}
	m.Entries[playbook] = at
}

// ForgetEntries forgets the entries before an instant of playbooks that are gone.
func (m *Member) ForgetEntries(before time.Time, gone func(playbook string) bool) {
	maps.DeleteFunc(m.Entries, func(id string, at time.Time) bool { return gone(id) && at.Before(before) })
}
