package records

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// A body is written as encoding/json writes it, whatever of it there is, and so is what is added to
// its types.
func TestBodyIsAsEncodingJSONWritesIt(t *testing.T) {
	texts := rapid.OneOf(rapid.Just(""), rapid.String())
	values := rapid.OneOf(rapid.Float64().AsAny(), texts.AsAny(), rapid.Bool().AsAny(), rapid.SliceOf(texts).AsAny())
	details := rapid.OneOf(rapid.Just(map[string]any(nil)), rapid.MapOfN(texts, values, 0, 4))
	bodies := rapid.MakeCustom[body](rapid.MakeConfig{
		Kinds: map[reflect.Kind]*rapid.Generator[any]{reflect.String: texts.AsAny()},
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[map[string]any]():            details.AsAny(),
			reflect.TypeFor[map[string]map[string]any](): rapid.MapOfN(texts, details, 0, 3).AsAny(),
		},
	})
	rapid.Check(t, func(t *rapid.T) {
		b := bodies.Draw(t, "body")
		if b.Entries == nil {
			b.Entries = []entry{} // as Encode makes it
		}
		want, wantErr := json.Marshal(&b)
		got, err := b.write()
		if (err != nil) != (wantErr != nil) || string(got) != string(want) {
			t.Fatalf("%s, %v, want\n%s, %v", got, err, want, wantErr)
		}
	})
}
