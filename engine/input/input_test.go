package input_test

import (
	"encoding/json"
	"reflect"
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
	})
}
