package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
)

// Differs reports whether an input that comes again, under the id of the first, has other content:
// another member, name, time, property, attribute or tag. The order of keys, white space, how a
// number is written and whom a text names are no content. A time that is missing or after the
// acceptance counts as the acceptance of the first. Both have their Data, the first its At.
func Differs(first, again engine.Input) bool {
	if first.Member != again.Member || first.Name != again.Name {
		return true
	}
	at := again.Time.UTC().Truncate(time.Millisecond)
	if again.Time.IsZero() || at.After(first.At) {
		at = first.At
	}
	return !at.Equal(first.Time) || !sameJSON(first.Data, again.Data)
}

// sameJSON reports whether two documents hold the same values.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errX := decodeJSON(a)
	y, errY := decodeJSON(b)
	return errX == nil && errY == nil && sameValue(asSent(x), asSent(y))
}

// asSent puts back what stood where members are named: whom that names may have changed since.
func asSent(v any) any {
	doc, _ := v.(map[string]any)
	sent, _ := doc["s"].(map[string]any)
	for path, was := range sent {
		in, name, _ := strings.Cut(path, ".")
		values, _ := doc[in[:1]].(map[string]any)
		if values == nil {
			values = map[string]any{}
			doc[in[:1]] = values
		}
		values[name] = was
	}
	delete(doc, "s")
	delete(doc, "m")
	return v
}

// decodeJSON keeps numbers as they are written: a large one must not become another.
func decodeJSON(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if v == nil { // no payload at all
		v = map[string]any{}
	}
	return v, nil
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if other, has := b[k]; !has || !sameValue(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || sameNumber(a, b))
	}
	return a == b
}

// sameNumber reports whether two texts are one number, as far as a float64 can tell numbers apart.
func sameNumber(a, b json.Number) bool {
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y && math.Abs(x) < 1<<53
}
