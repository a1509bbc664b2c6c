package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
)

// The answer of POST /v1/events is written by hand; this holds it against the types that are in the
// OpenAPI document.
func TestHandWrittenResultsMatchTheDocument(t *testing.T) {
	rej := &strictjson.Rejection{Code: strictjson.CodeInvalid, Path: "time", Message: "\"\\\n\u2028 小"}
	list := []admitted{
		{at: 0},
		{rejected: rej, id: "e2"},
		{at: 1},
		{rejected: &strictjson.Rejection{Code: "c", Message: "m"}},
		{at: 2},
	}
	raw := appendResults(nil, list, []engine.Input{{ID: "e1\t\""}, {ID: "e3"}, {ID: "e4"}},
		[]store.Known{{}, {Duplicate: true}, {Duplicate: true, Differs: true}})
	var got eventResults
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	want := eventResults{Accepted: 1, Duplicate: 2, Rejected: 2, Results: []eventResult{
		{Status: "accepted", ID: "e1\t\""},
		{Status: "rejected", ID: "e2", Error: &eventError{
			Code: strictjson.CodeInvalid, Message: "time: \"\\\n\u2028 小",
			Path: "time",
		}},
		{Status: "duplicate", ID: "e3"},
		{Status: "rejected", Error: &eventError{Code: "c", Message: "m"}},
		{Status: "duplicate", ID: "e4", Differs: true},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// splitArray and encoding/json agree on where the items of an array are.
func FuzzSplitArray(f *testing.F) {
	for _, seed := range []string{`[]`, `[{}]`, `[{"a":"]},{"},[1,[2]],"x\"y"]`, `[1,]`, `[`, `[{]}]`, `[1]2`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 || raw[0] != '[' {
			return
		}
		items, err := splitArray(raw)
		var want []json.RawMessage
		if json.Unmarshal(raw, &want) != nil || len(want) > maxEvents {
			return // what is not JSON may be split: each item is then looked at by itself
		}
		if err != nil || len(items) != len(want) {
			t.Fatalf("got %d items, %v; want %d", len(items), err, len(want))
		}
		for i := range items {
			if !bytes.Equal(items[i], bytes.TrimSpace(want[i])) {
				t.Fatalf("item %d: got %s, want %s", i, items[i], want[i])
			}
		}
	})
}

// What encoding/json writes of a reply and what the document says of it are read from the same type
// by two libraries; they must see the same fields.
func TestRepliesMatchTheDocument(t *testing.T) {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	for _, r := range new(server).routes() {
		if r.reply == nil || r.reply.Kind() != reflect.Struct {
			continue
		}
		raw, err := json.Marshal(reflect.New(r.reply).Interface())
		if err != nil {
			t.Fatal(err)
		}
		var written map[string]any
		if err := json.Unmarshal(raw, &written); err != nil {
			t.Fatal(err)
		}
		schema := schemas.SchemaFromRef(schemas.Schema(r.reply, true, "").Ref)
		for name := range written {
			if schema.Properties[name] == nil {
				t.Errorf("%s %s: the document lacks %s of %s", r.method, r.path, name, r.reply)
			}
		}
		for _, name := range schema.Required {
			if _, ok := written[name]; !ok {
				t.Errorf("%s %s: the document wants %s, which %s may leave out", r.method, r.path, name, r.reply)
			}
		}
	}
}
