package schema

import (
	"time"
)

// Localize moves the dates of a typed value to midnight in the zone, and shows datetimes there. The
// value is changed in place where it is an object or a list, and returned.
func Localize(t *Type, v any, zone *time.Location) any {
	if v == nil || !t.timed() {
		return v
	}
	switch x := v.(type) {
	case time.Time:
		if t.Kind == KindDate && x.Location() == time.UTC {
			return WallClock(x.Year(), x.Month(), x.Day(), 0, 0, 0, 0, zone)
		}
		return x.In(zone)
	case []any:
		for i := range x {
			x[i] = Localize(t.Elem, x[i], zone)
		}
	case map[string]any:
		for i := range t.Fields {
			f := &t.Fields[i]
			if v, ok := x[f.Name]; ok {
				x[f.Name] = Localize(f.Type, v, zone)
			}
		}
	}
	return v
}

// timed reports whether values of the type may hold a time.
func (t *Type) timed() bool {
	if t == nil {
		return false
	}
	switch t.Kind {
	case KindString, KindInt, KindNumber, KindBool:
		return false
	case KindList:
		return t.Elem.timed()
	case KindObject:
		for i := range t.Fields {
			if t.Fields[i].Type.timed() {
				return true
			}
		}
		return false
	}
	return true
}

// ToJSON returns a typed value as JSON holds it: dates as 2006-01-02, datetimes in RFC 3339.
func ToJSON(t *Type, v any) any {
	switch x := v.(type) {
	case time.Time:
		if t != nil && t.Kind == KindDate {
			return x.Format(time.DateOnly)
		}
		return storable(x).Format(time.RFC3339Nano)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = ToJSON(elemOf(t), x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			var ft *Type
			if t != nil {
				ft, _ = t.Field(k)
			}
			out[k] = ToJSON(ft, item)
		}
		return out
	}
	return v
}

// storable returns the time as RFC 3339 can write it. Local mean time, which was kept before about
// 1900, had seconds in its offset: such a time is written in UTC, as is one whose local year RFC
// 3339 does not have.
func storable(t time.Time) time.Time {
	if _, offset := t.Zone(); offset%60 != 0 || t.Year() < 1 || t.Year() > 9999 {
		return t.UTC()
	}
	return t
}

func elemOf(t *Type) *Type {
	if t == nil {
		return nil
	}
	return t.Elem
}
