package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Event is a decided event as it comes into a history.
type Event struct {
	ID         string
	Time, At   time.Time
	Place      int64          // among those that were decided at one instant
	Properties map[string]any // as JSON decodes them
	Data       []byte         // JSON of an object whose field p has the properties, to be decoded when they are asked for
}

// happened is what is kept of a decided event: little, since a simulation holds those of all
// members. Times are in milliseconds.
type happened struct {
	id         string
	time, at   int64
	place      int64             // see Event.Place
	properties map[string]any    // nil: none, or still in later.data
	fitted     *playbooks.Schema // that the event is known to fit
	later      *later
}

// later is what most events of a history need never.
type later struct {
	data   []byte // JSON of the payload, until it is decoded
	record map[string]any
	schema *playbooks.Schema // that record is typed by
	zone   *time.Location    // that its times are in
}

func happenedOf(e *Event) happened {
	h := happened{id: e.ID, time: e.Time.UnixMilli(), at: e.At.UnixMilli(), place: e.Place, properties: e.Properties}
	if len(e.Data) > 0 {
		h.later = &later{data: e.Data}
	}
	return h
}

// decode returns the event's properties.
func (h *happened) decode() (map[string]any, error) {
	if h.later == nil || h.later.data == nil {
		return h.properties, nil
	}
	var p struct {
		Properties map[string]any `json:"p"`
	}
	if err := json.Unmarshal(h.later.data, &p); err != nil {
		return nil, err
	}
	h.properties, h.later.data = p.Properties, nil
	return h.properties, nil
}

// recordOf returns the event as expressions see it: see Record.
func (h *happened) recordOf(name string, s *playbooks.Schema, zone *time.Location) (map[string]any, error) {
	if l := h.later; l != nil && l.record != nil && l.schema == s && l.zone == zone {
		return l.record, nil
	}
	properties, err := h.decode()
	if err != nil {
		return nil, err
	}
	rec, err := Record(h.id, name, time.UnixMilli(h.time), properties, s, zone)
	if err != nil {
		return nil, err
	}
	h.later = &later{record: rec, schema: s, zone: zone}
	return rec, nil
}

// fits reports whether the schema takes the event.
func (h *happened) fits(s *playbooks.Schema, t *schema.Type) bool {
	if h.fitted == s {
		return true
	}
	properties, err := h.decode()
	if properties == nil {
		properties = map[string]any{}
	}
	if err != nil || !t.Accepts(properties) {
		return false
	}
	h.fitted = s
	return true
}

// Record returns an event as expressions see it: the declared properties typed, with id, name and
// time.
func Record(id, name string, at time.Time, properties map[string]any, s *playbooks.Schema,
	zone *time.Location,
) (map[string]any, error) {
	rec := map[string]any{}
	if e := s.Event(name); e != nil && e.Properties != nil {
		if properties == nil {
			properties = map[string]any{}
		}
		v, err := e.Properties.Coerce(properties)
		if err != nil {
			return nil, fmt.Errorf("event %s (%s): properties.%w", id, name, err)
		}
		rec = schema.Localize(e.Properties, v, zone).(map[string]any)
	} else {
		for k, v := range properties {
			rec[k] = v
		}
	}
	rec["id"], rec["name"], rec["time"] = id, name, at.In(zone)
	return rec, nil
}

// compare orders events: by time, and of the same time as they were decided.
func (h *happened) compare(o *happened) int {
	return cmp.Or(cmp.Compare(h.time, o.time), cmp.Compare(h.at, o.at), cmp.Compare(h.place, o.place))
}
