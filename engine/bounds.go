package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// What is kept of a member, in one document and in open runs, is bounded, so that the cost of an event does not grow
// with what came before it:
//
//  1. Attributes, also those that were removed, and tags have maxMemberBytes. What goes beyond is an
//     error: an input is set aside, a run fails.
//  2. Of one playbook the last maxGoals entries may still reach the goal.
//  3. An entry is forgotten a year after it, once its playbook is gone from the workspace.
//  4. maxDeferred messages may wait for the end of quiet hours. One more is skipped.
//  5. maxOpen runs of one playbook may be open. One more is refused.
const (
	maxMemberBytes = 128 << 10 // two of the largest events
	maxGoals       = 100       // more open entries than anybody makes who is not a program
	forgetAfter    = 366 * 24 * time.Hour
	maxDeferred    = 100 // more than anybody reads in the morning
	maxOpen        = 100 // as goals
	markSize       = 24  // of when an attribute was removed
)

// roomFor returns an error when attributes and tags would make the member larger than allowed.
func (m *Member) roomFor(attributes map[string]any, tags []string) error {
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

// watchGoal notes that an entry's goal may be reached. It returns the run whose goal is watched no
// more, because there are too many; empty: none.
func (m *Member) watchGoal(g GoalWatch) (dropped string) {
	open := 0
	for i := range m.Goals {
		if m.Goals[i].Playbook == g.Playbook {
			open++
		}
	}
	if open >= maxGoals { // in order of entry: the first is the oldest
		i := slices.IndexFunc(m.Goals, func(o GoalWatch) bool { return o.Playbook == g.Playbook })
		dropped = m.Goals[i].Run
		m.Goals = slices.Delete(m.Goals, i, i+1)
	}
	m.Goals = append(m.Goals, g)
	return dropped
}

// noteEntry keeps when the member entered a playbook, and forgets old entries of playbooks that are
// gone. A playbook that comes back within a year finds its entries.
func (d *decider) noteEntry(playbook string) {
	m := d.st.Member
	if m.Entries == nil {
		m.Entries = map[string]time.Time{}
	}
	m.Entries[playbook] = d.now
	if len(m.Entries) > len(d.e.active) { // some are of playbooks that are gone
		maps.DeleteFunc(m.Entries, func(id string, at time.Time) bool {
			return d.e.active[id] == nil && d.now.Sub(at) > forgetAfter
		})
	}
}
