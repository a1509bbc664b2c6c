package engine

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// zoneOf gives the time zone that a member lives in: their own, else the workspace's.
func (e *Engine) zoneOf(m *Member) *time.Location {
	if m == nil {
		return e.ws.Schema.Timezone
	}
	name, _ := m.Attributes["timezone"].(string)
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

// memberView is the member as expressions see them: the decider's. A stored value that the schema does not take any more counts as
// missing.
type memberView struct{ d *decider }

// Field gives a built-in field, or a stored attribute.
func (v memberView) Field(name string) any {
	m, zone := v.d.st.Member, v.d.zone
	if m == nil {
		m = new(Member)
	}
	switch name {
	case "id":
		return m.ID
	case "tags":
		tags := make([]any, len(m.Tags))
		for i, t := range m.Tags {
			tags[i] = t
		}
		return tags
	case "points":
		return m.Points
	case "created_at":
		return m.CreatedAt.In(zone)
	case "last_seen_at":
		if m.LastSeenAt.IsZero() {
			return m.CreatedAt.In(zone)
		}
		return m.LastSeenAt.In(zone)
	case "timezone", "locale":
		return m.Attributes[name]
	}
	a := v.d.e.attributes[name]
	if a == nil {
		return nil
	}
	if raw, has := m.Attributes[name]; has {
		if value, err := a.optional.Coerce(raw); value != nil && err == nil {
			return playbooks.Localize(a.Type, value, zone)
		}
	}
	return a.fallback(zone)
}

// All is not asked for: no expression reads all of a member.
func (v memberView) All() map[string]any { return nil }

// attribute is a stored attribute with what show needs of it at every decision.
type attribute struct {
	*playbooks.Attribute
	optional *playbooks.Type
}

func (a *attribute) fallback(zone *time.Location) any {
	if _, isTime := a.Default.(time.Time); isTime {
		return playbooks.Localize(a.Type, a.Default, zone)
	}
	return a.Default
}

func attributesOf(s *playbooks.Schema) map[string]*attribute {
	out := map[string]*attribute{}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed == nil && a.Type != nil {
			out[a.Name] = &attribute{Attribute: a, optional: a.Type.AsOptional()}
		}
	}
	return out
}

// eventView is an event as expressions see it, typed field by field as they are read.
type eventView struct {
	in     *Input
	schema *playbooks.Schema
	typ    *playbooks.Type // of the properties; nil: not declared
	zone   *time.Location
	err    error // the event is not as its type says
}

// eventView gives the view of an event, until it is asked for the next one.
func (d *decider) eventView(in *Input, s *playbooks.Schema) *eventView {
	v := &d.seenEvent
	*v = eventView{in: in, schema: s, zone: d.zone}
	if e := s.Event(in.Name); e != nil {
		v.typ = e.Properties
	}
	return v
}

// Field gives a property, or what every event has.
func (v *eventView) Field(name string) any {
	switch name {
	case "id":
		return v.in.ID
	case "name":
		return v.in.Name
	case "time":
		return v.in.Time.In(v.zone)
	}
	p, err := v.in.Decode()
	if err != nil {
		v.err = fmt.Errorf("read the event %s: %w", v.in.ID, err)
		return nil
	}
	raw := p.Properties[name]
	if v.typ == nil {
		return raw
	}
	t, declared := v.typ.Field(name)
	if !declared {
		return raw
	}
	value, err := t.Coerce(raw)
	if err != nil {
		v.err = fmt.Errorf("event %s (%s): properties.%s: %w", v.in.ID, v.in.Name, name, err)
		return nil
	}
	return playbooks.Localize(t, value, v.zone)
}

// All gives the whole event.
func (v *eventView) All() map[string]any {
	rec, err := v.in.recordOf(v.schema, v.zone)
	if err != nil {
		v.err = err
	}
	return rec
}

// recordOf gives the event as expressions see it: the declared properties typed, with id, name and time.
func (in *Input) recordOf(s *playbooks.Schema, zone *time.Location) (map[string]any, error) {
	if in.record != nil && in.recordSchema == s && in.recordZone == zone {
		return in.record, nil
	}
	p, err := in.Decode()
	if err != nil {
		return nil, fmt.Errorf("read the event %s: %w", in.ID, err)
	}
	rec := map[string]any{}
	if e := s.Event(in.Name); e != nil && e.Properties != nil {
		v, err := e.Properties.Coerce(orEmpty(p.Properties))
		if err != nil {
			return nil, fmt.Errorf("event %s (%s): properties.%w", in.ID, in.Name, err)
		}
		rec = playbooks.Localize(e.Properties, v, zone).(map[string]any)
	} else {
		for k, v := range p.Properties {
			rec[k] = v
		}
	}
	rec["id"], rec["name"], rec["time"] = in.ID, in.Name, in.Time.In(zone)
	in.record, in.recordSchema, in.recordZone = rec, s, zone
	return rec, nil
}

// remember puts an event into the history, at its place: see CompareEvents.
// An event that nothing asks about is not kept.
func (d *decider) remember(in *Input) {
	t := d.e.tracked[in.Name]
	if t == nil {
		return
	}
	p := d.st.History.of(in.Name)
	if !t.items && t.longest == 0 {
		p.Earlier++
		return
	}
	kept := *in
	if !t.items {
		kept.Data, kept.Payload = nil, nil
	}
	if !t.allItems {
		p.forget(in.At.Add(-t.longest))
	}
	i := len(p.Events)
	for i > 0 && compareEvents(&p.Events[i-1], in) > 0 {
		i--
	}
	p.Events = slices.Insert(p.Events, i, kept)
}

// forget lets go of events that no window will reach again, once they are half of all. They still count.
func (p *Past) forget(since time.Time) {
	old := 0
	for old < len(p.Events) && p.Events[old].Time.Before(since) {
		old++
	}
	if old == 0 || old < len(p.Events)/2 {
		return
	}
	p.Earlier += old
	kept := copy(p.Events, p.Events[old:])
	clear(p.Events[kept:])
	p.Events = p.Events[:kept]
}

// CompareEvents orders the events of a history: by time, and of the same time as they were decided. What a run emitted to its own
// member was decided after the input that caused it, however late the store numbered it.
func CompareEvents(a, b *Input) int { return cmp.Or(compareEvents(a, b), cmp.Compare(a.Seq, b.Seq)) }

func compareEvents(a, b *Input) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.place(), b.place()))
}

// place is the Seq of the input with which an event was decided: its own, or of the one that caused it.
func (in *Input) place() int64 {
	if in.Cause != 0 {
		return in.Cause
	}
	return in.Seq
}

// within gives the events of a slot: the whole name, or [now - window, now] with both ends.
func (d *decider) within(s playbooks.Slot) []Input {
	p := d.st.History.find(s.Event)
	if p == nil {
		return nil
	}
	list := p.Events
	end := sort.Search(len(list), func(i int) bool { return list[i].Time.After(d.now) })
	if s.Window.IsZero() {
		return list[:end]
	}
	from := s.Window.Before(d.now.In(d.zone))
	start := sort.Search(end, func(i int) bool { return !list[i].Time.Before(from) })
	return list[start:end]
}

// Count gives how many events a slot holds; it makes the decider a [playbooks.History].
func (d *decider) Count(s playbooks.Slot) int {
	n := len(d.within(s))
	if p := d.st.History.find(s.Event); p != nil && s.Window.IsZero() {
		n += p.Earlier
	}
	return n
}

// List gives the events of a slot as expressions see them. One that the schema does not take any more is left out.
func (d *decider) List(s playbooks.Slot) []any {
	list := d.within(s)
	out := make([]any, 0, len(list))
	for i := range list {
		if rec, err := list[i].recordOf(d.e.ws.Schema, d.zone); err == nil {
			out = append(out, rec)
		}
	}
	return out
}

// Sum adds up an int or a number of a slot's events; nothing makes 0. One that the schema does not take any more is left out.
func (d *decider) Sum(s playbooks.Slot, field string) any {
	e := d.e.ws.Schema.Event(s.Event)
	if e == nil || e.Properties == nil {
		return 0
	}
	of, _ := e.Properties.Field(field)
	whole, sum, some := 0, 0.0, false
	list := d.within(s)
	for i := range list {
		in := &list[i]
		if !in.fits(d.e.ws.Schema, e.Properties) {
			continue
		}
		switch v, _ := of.Coerce(in.Properties[field]); v := v.(type) {
		case int:
			whole += v
		case float64:
			sum, some = sum+v, true
		}
	}
	if some {
		return sum
	}
	return whole
}

// fits tells whether the schema takes the event.
func (in *Input) fits(s *playbooks.Schema, t *playbooks.Type) bool {
	if in.fitSchema == s {
		return true
	}
	p, err := in.Decode()
	if err != nil || !t.Fits(orEmpty(p.Properties)) {
		return false
	}
	in.fitSchema = s
	return true
}

// most is how many items of a list a trace shows.
const most = 20

// plain makes values fit for a trace: times in UTC, long lists as their length. The map is changed in place.
func plain(m map[string]any) map[string]any {
	if len(m) == 0 {
		return nil
	}
	for k, v := range m {
		switch v := v.(type) {
		case time.Time:
			m[k] = v.UTC()
		case []any:
			if len(v) > most {
				m[k] = fmt.Sprintf("%d items", len(v))
			}
		case time.Duration:
			m[k] = v.String()
		}
	}
	return m
}
