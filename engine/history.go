package engine

import "slices"

// History is what is loaded of a member's decided events, by name: few, so that a list is smaller and faster than a map.
type History []Past

// Past is the part of a history that is about events of one name.
type Past struct {
	Name    string
	Events  []Input // by time, then as they were decided: what Needs asked for
	Earlier int     // how many more there were before those, when nothing reads more of them than their number
}

// Add puts an event at the end of those of its name.
func (h *History) Add(in Input) {
	p := h.of(in.Name)
	p.Events = append(p.Events, in)
}

// Sort puts the events of each name in the order of their time; of the same time they keep theirs.
func (h History) Sort() {
	for i := range h {
		slices.SortStableFunc(h[i].Events, func(a, b Input) int { return a.Time.Compare(b.Time) })
	}
}

// find gives the part of a name, nil when there is none. It is good until the next call of of.
func (h History) find(name string) *Past {
	for i := range h {
		if h[i].Name == name {
			return &h[i]
		}
	}
	return nil
}

// of gives the part of a name, a new one when there is none.
func (h *History) of(name string) *Past {
	if p := h.find(name); p != nil {
		return p
	}
	*h = append(*h, Past{Name: name})
	return &(*h)[len(*h)-1]
}
