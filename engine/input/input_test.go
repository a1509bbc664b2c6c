package input_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/input"
)

// A payload is written as encoding/json writes it, and so is what is added to its type.
func TestPayloadIsAsEncodingJSONWritesIt(t *testing.T) {
	texts := rapid.OneOf(rapid.Just(""), rapid.String())
	values := rapid.OneOf(rapid.Float64().AsAny(), texts.AsAny(), rapid.Bool().AsAny())
	payloads := rapid.MakeCustom[input.Payload](rapid.MakeConfig{
		Kinds: map[reflect.Kind]*rapid.Generator[any]{reflect.String: texts.AsAny()},
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[map[string]any](): rapid.MapOfN(texts, values, 0, 4).AsAny(),
		},
	})
	rapid.Check(t, func(t *rapid.T) {
		p := payloads.Draw(t, "payload")
		want, _ := json.Marshal(&p)
		if got, err := p.Encode(); err != nil || string(got) != string(want) {
			t.Fatalf("%s, %v, want\n%s", got, err, want)
		}
		read(t, want)
		for range 5 { // broken in one place
			broken, i := slices.Clone(want), rapid.IntRange(0, len(want)-1).Draw(t, "place")
			broken[i] = rapid.SampledFrom([]byte("\"\\{}[]:,.-e09 tfnpa\x00\xff")).Draw(t, "byte")
			read(t, broken)
		}
	})
}

// read reads a payload, as encoding/json does.
func read(t *rapid.T, data []byte) {
	var want input.Payload
	in := input.Input{Data: data}
	got, err := in.Decode()
	wantErr := json.Unmarshal(data, &want)
	if (err != nil) != (wantErr != nil) || err == nil && !reflect.DeepEqual(got, &want) {
		t.Fatalf("%s was read as\n%+v, %v, want\n%+v, %v", data, got, err, want, wantErr)
	}
}
