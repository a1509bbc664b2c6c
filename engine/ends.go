package engine

import (
	"slices"
	"time"
)

// WhatEnded is the What of an entry that says what the member had to an end that has come: Detail
// names the tags. It is about no run.
const WhatEnded = "ended"

// ends returns when the first end comes of what the member has to an end; zero: none will.
func (m *Member) ends() (at time.Time) {
	for _, end := range m.TagEnds {
		at = sooner(at, end)
	}
	return at
}

// endTags takes away the tags whose end has come, and returns them, sorted.
func (m *Member) endTags(now time.Time) (ended []string) {
	for tag, end := range m.TagEnds {
		if !end.After(now) {
			ended = append(ended, tag)
		}
	}
	slices.Sort(ended)
	m.changeTags(nil, ended, time.Time{})
	return ended
}
