package jsonbytes_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/jsonbytes"
)

// as reads a document with a reader and with encoding/json: what the reader takes is the same.
func as(t interface {
	Helper()
	Errorf(format string, args ...any)
}, data []byte,
) (took bool) {
	t.Helper()
	r := jsonbytes.NewReader(data)
	got := r.Value()
	if !r.Took() {
		return false
	}
	var want any
	if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q was read as %#v, want %#v, %v", data, got, want, err)
	}
	return true
}

// Whatever was written is read as encoding/json reads it, and what most documents are made of is left to nobody.
func TestValueIsReadAsEncodingJSONReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(values(3).Draw(t, "value"))
		if err != nil {
			return
		}
		as(t, data)
		for range 20 { // broken in one place
			broken := slices.Clone(data)
			i := rapid.IntRange(0, len(data)-1).Draw(t, "place")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				broken[i] = rapid.SampledFrom([]byte("\"\\{}[]:,.-+eE019 tfn\x00\x7f\x80\xff")).Draw(t, "byte")
			case 1:
				broken = slices.Delete(broken, i, i+1)
			default:
				broken = broken[:i]
			}
			as(t, broken)
		}
	})
	for _, data := range []string{
		`{"name":"小林","n":-12.50,"list":[1,true,false,null,{}],"o":{"a":[]}}`, `0`, `-0`, `"x"`, `null`, `[[[]]]`,
	} {
		if !as(t, []byte(data)) {
			t.Errorf("%s is left to encoding/json", data)
		}
	}
	for _, data := range []string{"", " 1", "1 ", "01", "1.", ".5", "-", "1e5", `"\n"`, "tru", "{", `{"a"}`, `{"a":}`, "[1,]", "[,1]", "[1 2]", "1 1"} {
		if as(t, []byte(data)) {
			t.Errorf("%q was taken", data)
		}
	}
	if as(t, []byte(strings.Repeat("[", 1<<20))) {
		t.Error("lists that never end were taken")
	}
}

// What is read as a type is what encoding/json makes of it.
func TestTypesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	type doc struct {
		Text  string
		Int   int64
		Bool  bool
		At    time.Time
		Texts []string
		Other struct{ A []int }
	}
	read := func(data []byte) (d doc, took bool) {
		r := jsonbytes.NewReader(data)
		r.Object(func(name string) {
			switch name {
			case "Text":
				d.Text = r.String()
			case "Int":
				d.Int = r.Int()
			case "Bool":
				d.Bool = r.Bool()
			case "At":
				d.At = r.Time()
			case "Texts":
				d.Texts = r.Texts()
			case "Other":
				r.Into(&d.Other)
			default:
				r.Leave()
			}
		})
		return d, r.Took()
	}
	values := []string{
		`"a"`, `"小"`, `"\u0041"`, "\"\xff\"", `""`, `1`, `-7`, `0`, `-0`, `00`, `1.0`, `1e3`, `123456789012345678`, `9223372036854775807`,
		`9223372036854775808`, `true`, `false`, `nul`, `null`, `"2026-03-01T08:00:00.25Z"`, `"2026-03-01T08:00:00+05:45"`, `"2026-03-01"`,
		`[]`, `["a","b"]`, `["a",1]`, `{"A":[1]}`, `{"A":["x"]}`, `{"A":[1]`, `{`, ``,
	}
	taken := 0
	for _, name := range []string{"Text", "Int", "Bool", "At", "Texts", "Other", "None"} {
		for _, value := range values {
			data := []byte(`{"` + name + `":` + value + `}`)
			got, took := read(data)
			if !took {
				continue
			}
			taken++
			var want doc
			if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s was read as %+v, want %+v, %v", data, got, want, err)
			}
		}
	}
	if taken != 6+5+2+2+2+2 {
		t.Errorf("%d of the values were taken", taken)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"name":"小林","n":-12.50,"list":[1,true,null,{"a":"b\n"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { as(t, data) })
}

func BenchmarkReader(b *testing.B) {
	data, _ := json.Marshal(detail)
	for b.Loop() {
		jsonbytes.NewReader(data).Value()
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	data, _ := json.Marshal(detail)
	for b.Loop() {
		var v any
		_ = json.Unmarshal(data, &v)
	}
}
