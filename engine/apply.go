package engine

import (
	"slices"
	"time"
)

// ensureMember makes a member of somebody who was not seen before. The result of a delivery makes
// none.
func (d *decider) ensureMember(in *Input) {
	if d.st.Member == nil && in.Kind != InputResult && in.Kind != InputRelease {
		d.st.Member = &Member{ID: d.id, CreatedAt: in.At}
		d.touched = true
	}
}

// applyEvent brings what an event carries to the member, and the event into their history.
func (d *decider) applyEvent(in *Input, p *Payload, l *listening) {
	d.applyPayload(in, p)
	if p.MovesLastSeen() { // that alone is read from the history: the member need not be stored for it
		d.st.Member.LastSeenAt = in.At
	}
	d.keep(in, l)
	d.begin(in.At)
}

// keep puts a decided event into the member's history.
func (d *decider) keep(in *Input, l *listening) {
	if l.tracked == nil && len(d.st.History) == 0 {
		return // nothing asks about it
	}
	d.past.Put(in.Name, in.Happened(), l.tracked, l.taken)
}

// applyUpdate writes what came over HTTP or from a file to the member.
func (d *decider) applyUpdate(in *Input, p *Payload) {
	d.applyPayload(in, p)
	d.begin(in.At)
}

// applyPayload writes attributes and tags that came from outside.
func (d *decider) applyPayload(in *Input, p *Payload) {
	if len(p.Attributes)+len(p.AddTags)+len(p.RemoveTags) == 0 {
		return
	}
	m := d.st.Member
	if len(p.Attributes) > 0 && m.Attributes == nil {
		m.Attributes = make(map[string]any, len(p.Attributes))
	}
	for k, v := range p.Attributes {
		v = d.e.normalized(k, v)
		m.wrote(k, v, in.At)
		if v == nil {
			delete(m.Attributes, k)
		} else {
			m.Attributes[k] = v
		}
	}
	d.changeTags(p.AddTags, p.RemoveTags, time.Time{})
	d.touched = true
}

// changeTags is that of the decider. A tag that the member has to an end gets the later one; without
// an end it is for ever, and stays so.
func (m *Member) changeTags(add, remove []string, end time.Time) (added, removed []string) {
	for _, t := range add {
		i, has := slices.BinarySearch(m.Tags, t)
		if !has {
			m.Tags = slices.Insert(m.Tags, i, t)
			added = append(added, t)
		}
		old, ending := m.TagEnds[t]
		switch {
		case end.IsZero():
			delete(m.TagEnds, t)
		case !has || ending && end.After(old):
			if m.TagEnds == nil {
				m.TagEnds = map[string]time.Time{}
			}
			m.TagEnds[t] = end
		}
	}
	for _, t := range remove {
		if i, has := slices.BinarySearch(m.Tags, t); has {
			m.Tags = slices.Delete(m.Tags, i, i+1)
			delete(m.TagEnds, t)
			removed = append(removed, t)
		}
	}
	return added, removed
}
