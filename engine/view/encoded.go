package view

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
)

// Encoded returns fields as JSON holds them.
func Encoded(t *schema.Type, fields map[string]any) map[string]any {
	out, _ := schema.ToJSON(t, OrEmpty(fields)).(map[string]any)
	return out
}

// Decoded returns fields by their type. What does not fit it stays as JSON holds it.
func Decoded(t *schema.Type, fields map[string]any, zone *time.Location) map[string]any {
	if t == nil {
		return fields
	}
	v, err := t.Coerce(OrEmpty(fields))
	if err != nil {
		return fields
	}
	out, _ := schema.Localize(t, v, zone).(map[string]any)
	return out
}

// most is how many items of a list a trace shows.
const most = 20

// Plain makes values fit for a trace: times in UTC, long lists as their length. The map is changed
// in place.
func Plain(m map[string]any) map[string]any {
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

// OrEmpty returns the map, an empty one for none.
func OrEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// Parts counts the single values in one.
func Parts(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += Parts(item)
		}
	case map[string]any:
		for _, item := range v {
			n += Parts(item)
		}
	}
	return n
}

// DicedBy returns a value as dice fall by it; a missing one is as an empty text.
func DicedBy(v any) (string, error) {
	if v == nil {
		v = ""
	}
	text, err := json.Marshal(schema.ToJSON(nil, v))
	return string(text), err
}
