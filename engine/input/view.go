package input

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// View is an event as expressions see it, typed field by field as they are read.
type View struct {
	Err error // the event is not as its type says

	in     *Input
	schema *playbooks.Schema
	typ    *schema.Type // of the properties; nil: not declared
	zone   *time.Location
}

// ViewOf returns an event of a declared type, or of none, as expressions in a time zone see it.
func ViewOf(in *Input, s *playbooks.Schema, t *playbooks.EventType, zone *time.Location) View {
	v := View{in: in, schema: s, zone: zone}
	if t != nil {
		v.typ = t.Properties
	}
	return v
}

// Field returns a property, or what every event has.
func (v *View) Field(name string) any {
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
		v.Err = fmt.Errorf("read the event %s: %w", v.in.ID, err)
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
		v.Err = fmt.Errorf("event %s (%s): properties.%s: %w", v.in.ID, v.in.Name, name, err)
		return nil
	}
	return schema.Localize(t, value, v.zone)
}

// All returns the whole event.
func (v *View) All() map[string]any {
	rec, err := v.in.Record(v.schema, v.zone)
	if err != nil {
		v.Err = err
	}
	return rec
}

// Record returns the whole event as expressions see it: see [history.Record].
func (in *Input) Record(s *playbooks.Schema, zone *time.Location) (map[string]any, error) {
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
