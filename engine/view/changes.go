package view

import (
	"reflect"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/playbooks/schema"
)

// Fields are fields of a member whose changes are told.
type Fields []schema.Field

// Of returns what a member has in each field, as JSON holds it; a default counts. Nobody has the defaults.
func (f Fields) Of(m *member.Member, types *Types) []any {
	v := &Member{Of: m, Zone: time.UTC, Types: types}
	out := make([]any, len(f))
	for i := range f {
		out[i] = schema.ToJSON(f[i].Type, v.Field(f[i].Name))
	}
	return out
}

// Changed returns the places of the fields in which two states differ.
func (f Fields) Changed(before, after []any) (places []int) {
	for i := range f {
		if !reflect.DeepEqual(before[i], after[i]) {
			places = append(places, i)
		}
	}
	return places
}

// Change returns what `trigger` is of a change in a time zone.
func (f Fields) Change(i int, before, after any, at time.Time, zone *time.Location) map[string]any {
	of := schema.ObjectOf(schema.Field{Name: "before", Type: f[i].Type.AsOptional()},
		schema.Field{Name: "after", Type: f[i].Type.AsOptional()})
	rec := Decoded(of, map[string]any{"before": before, "after": after}, zone)
	rec["time"] = at.In(zone)
	return rec
}
