package engine

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
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

// memberView is the evaluator's member as expressions see them. A stored value that does not fit
// the schema counts as missing.
type memberView struct {
	ev    *evaluator
	types *types
}

// Field returns a built-in field, or a stored attribute.
func (v memberView) Field(name string) any {
	m, zone := v.ev.st.Member, v.ev.zone
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
	a := v.types.attributes[name]
	if a == nil {
		return nil
	}
	if raw, has := m.Attributes[name]; has {
		if value, err := a.optional.Coerce(raw); value != nil && err == nil {
			return schema.Localize(a.Type, value, zone)
		}
	}
	return a.fallback(zone)
}

// All is not asked for: no expression reads all of a member.
func (v memberView) All() map[string]any { return nil }

// attribute is a stored attribute with what show needs of it at every decision.
type attribute struct {
	*playbooks.Attribute
	optional *schema.Type
}

func (a *attribute) fallback(zone *time.Location) any {
	if _, isTime := a.Default.(time.Time); isTime {
		return schema.Localize(a.Type, a.Default, zone)
	}
	return a.Default
}

// normalized returns a value of an attribute as the member keeps it, wherever it comes from.
func (e *Engine) normalized(name string, v any) any {
	if a := e.ws.Schema.Attribute(name); a != nil && a.Normal != playbooks.NormalNone {
		return e.ws.Schema.Normalized(a, v)
	}
	return v
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
	typ    *schema.Type // of the properties; nil: not declared
	zone   *time.Location
	err    error // the event is not as its type says
}

// eventView returns the view of an event of a declared type, or of none, until it is asked for the
// next one.
func (ev *evaluator) eventView(in *Input, s *playbooks.Schema, t *playbooks.EventType) *eventView {
	v := &ev.event
	*v = eventView{in: in, schema: s, zone: ev.zone}
	if t != nil {
		v.typ = t.Properties
	}
	return v
}

// Field returns a property, or what every event has.
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
	return schema.Localize(t, value, v.zone)
}

// All returns the whole event.
func (v *eventView) All() map[string]any {
	rec, err := v.in.recordOf(v.schema, v.zone)
	if err != nil {
		v.err = err
	}
	return rec
}

// recordOf returns the event as expressions see it: see history.Record.
func (in *Input) recordOf(s *playbooks.Schema, zone *time.Location) (map[string]any, error) {
	if in.record != nil && in.recordSchema == s && in.recordZone == zone {
		return in.record, nil
	}
	p, err := in.Decode()
	if err != nil {
		return nil, fmt.Errorf("read the event %s: %w", in.ID, err)
	}
	rec, err := history.Record(in.ID, in.Name, in.Time, p.Properties, s, zone)
	if err != nil {
		return nil, err
	}
	in.record, in.recordSchema, in.recordZone = rec, s, zone
	return rec, nil
}

// most is how many items of a list a trace shows.
const most = 20

// plain makes values fit for a trace: times in UTC, long lists as their length. The map is changed
// in place.
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
