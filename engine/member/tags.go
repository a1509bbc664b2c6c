package member

import (
	"slices"
	"time"
)

// ChangeTags is that of the decider. A tag that the member has to an end gets the later one; without
// an end it is for ever, and stays so.
func (m *Member) ChangeTags(add, remove []string, end time.Time) (added, removed []string) {
	for _, t := range add {
		i, has := slices.BinarySearch(m.Tags, t)
		if !has {
			m.Tags = slices.Insert(m.Tags, i, t)
			added = append(added, t)
		}
		old, ending := m.Rarely().TagEnds[t]
		switch {
		case end.IsZero():
			delete(m.Rarely().TagEnds, t)
		case !has || ending && end.After(old):
			rare := m.Rarer()
			if rare.TagEnds == nil {
				rare.TagEnds = map[string]time.Time{}
			}
			rare.TagEnds[t] = end
		}
	}
	for _, t := range remove {
		if i, has := slices.BinarySearch(m.Tags, t); has {
			m.Tags = slices.Delete(m.Tags, i, i+1)
			delete(m.Rarely().TagEnds, t)
			removed = append(removed, t)
		}
	}
	return added, removed
}

// Ends returns when the first end comes of what the member has to an end; zero: none will.
func (m *Member) Ends() (at time.Time) {
	r := m.Rarely()
	for _, end := range r.TagEnds {
		at = Sooner(at, end)
	}
	if r.Coupons != nil {
		at = Sooner(at, r.Coupons.Next.Time())
	}
	if r.Level != nil {
		at = Sooner(at, r.Level.Next)
	}
	return Sooner(at, r.Lots.Next())
}

// EndTags takes away the tags whose end has come, and returns them, sorted.
func (m *Member) EndTags(now time.Time) (ended []string) {
	for tag, end := range m.Rarely().TagEnds {
		if !end.After(now) {
			ended = append(ended, tag)
		}
	}
	slices.Sort(ended)
	m.ChangeTags(nil, ended, time.Time{})
	return ended
}
