package jsonbytes_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/jsonbytes"
)

func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 9
		if depth > 0 {
			kinds = 13
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Int().Draw(t, "int")
		case 3:
			return rapid.Float64().Draw(t, "float")
		case 4:
			return float64(rapid.IntRange(-1000, 1000).Draw(t, "whole")) / 8
		case 5:
			return rapid.SampledFrom([]any{
				math.NaN(), math.Inf(1), math.Inf(-1), 1e21, 1e20, 1e-6, 9.9e-7, math.Copysign(0, -1), math.MaxFloat64,
				"<a href=\"x\">&</a>", "a\\b\n\t\x00\x7f", "\u2028\u2029", "\xff\xfe", "日本", json.Number("1.50"), int64(7), uint8(7),
				[]any(nil), []string(nil), map[string]any(nil), []byte("x"),
				map[string]string{"b": "1", "a": "<"},
				make(chan int),
				time.Time{},
				time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
				time.Date(2026, 3, 1, 0, 0, 0, 5, time.FixedZone("", 5*3600+45*60)),
			}).Draw(t, "rare")
		case 6:
			return time.Unix(rapid.Int64Range(-1e11, 1e12).Draw(t, "at"), 123_000_000).UTC()
		case 7:
			return rapid.SliceOf(rapid.String()).Draw(t, "texts")
		case 10, 11:
			return rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "list")
		case 12, 13:
			return rapid.MapOfN(rapid.String(), values(depth-1), 0, 20).Draw(t, "object")
		}
		return rapid.String().Draw(t, "text")
	})
}

// Whatever the value, its bytes are those of encoding/json, and so is whether it has any.
func TestValueIsAsEncodingJSONWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "value")
		want, wantErr := json.Marshal(v)
		w := jsonbytes.New(rapid.IntRange(0, 100).Draw(t, "room"))
		w.Value(v)
		got, err := w.Bytes()
		if (err != nil) != (wantErr != nil) || string(got) != string(want) {
			t.Fatalf("%#v:\n%s, %v, want\n%s, %v", v, got, err, want, wantErr)
		}
	})
}

var detail = map[string]any{"channel": "out", "text": "e17 GIFT-A4WZ2Y", "until": "2026-01-02T03:04:05Z", "n": 17, "amount": 150.5}

func BenchmarkValue(b *testing.B) {
	for b.Loop() {
		w := jsonbytes.New(256)
		w.Value(detail)
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	for b.Loop() {
		_, _ = json.Marshal(detail)
	}
}
