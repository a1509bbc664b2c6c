package intake

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

func intakeSchema() *playbooks.Schema {
	item := schema.ObjectOf(schema.Field{Name: "sku", Type: schema.String}, schema.Field{Name: "qty", Type: schema.Int})
	return &playbooks.Schema{
		Timezone: time.UTC,
		Attributes: []playbooks.Attribute{
			{Name: "nickname", Type: schema.String},
			{Name: "birthday", Type: schema.Date},
			{Name: "level", Type: &schema.Type{Kind: schema.KindString, Enum: []string{"bronze", "silver", "gold"}}},
			{Name: "orders_90d", Type: schema.Int, Computed: &diag.Source{Text: `len(events("order.paid", "90d"))`}},
		},
		Events: []playbooks.EventType{
			{Name: "order.paid", Properties: schema.ObjectOf(
				schema.Field{Name: "order_id", Type: schema.String},
				schema.Field{Name: "amount", Type: schema.Number},
				schema.Field{Name: "count", Type: schema.Int.AsOptional()},
				schema.Field{Name: "items", Type: schema.ListOf(item).AsOptional()},
			)},
			{Name: "member.left", Properties: schema.ObjectOf()},
		},
	}
}

func paid(properties string) string {
	return `{"event":"order.paid","member":"m1","properties":{"order_id":"o1","amount":1` + properties + `}}`
}

func TestEvent(t *testing.T) {
	raw := `{"id":"e1","event":"order.paid","member":"会员-1","time":"2026-03-28T10:00:00.1234+08:00",
		"properties":{"order_id":"o\u00e9\n\ud83d\ude00","amount":12.5,"extra":{"a":[1,null,true,"x"]},"big":1.234567890123456789},
		"attributes":{"nickname":"小王","level":null,"timezone":"Asia/Shanghai","unknown":1}}`
	in, rej := Event(intakeSchema(), []byte(raw))
	if rej != nil {
		t.Fatal(rej)
	}
	if in.Kind != engine.InputEvent || in.ID != "e1" || in.Name != "order.paid" || in.Member != "会员-1" || in.Payload != nil {
		t.Errorf("got %+v", in)
	}
	if want := time.Date(2026, 3, 28, 2, 0, 0, 123e6, time.UTC); in.Time != want {
		t.Errorf("time = %v, want %v", in.Time, want)
	}
	p, err := in.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if p.Properties["order_id"] != "oé\n😀" || p.Attributes["nickname"] != "小王" {
		t.Errorf("payload = %+v", p)
	}
	if v, ok := p.Attributes["level"]; !ok || v != nil {
		t.Errorf("a null attribute must stay, to remove it: %v", p.Attributes)
	}
	if !strings.Contains(string(in.Data), "1.234567890123456789") {
		t.Errorf("an undeclared number must be kept as it was sent: %s", in.Data)
	}
}

func TestEventTakes(t *testing.T) {
	for _, raw := range []string{
		`{"event":"x","member":"m"}`,
		` {"event":"x","member":"m","properties":{},"attributes":{}} `,
		`{"event":"never.declared","member":"m","properties":{"anything":[{}]}}`,
		`{"event":"member.left","member":"m","properties":{"undeclared":1}}`,
		`{"event":"x","member":"m","time":"2199-01-01T00:00:00Z"}`,
		`{"event":"x","member":"m","time":"1970-01-01T00:00:00Z"}`,
		paid(`,"count":9007199254740992`),
		paid(`,"count":null,"items":[]`),
		paid(`,"count":1e2`),
		paid(`,"items":[{"sku":"s","qty":2,"more":true}]`),
	} {
		if _, rej := Event(intakeSchema(), []byte(raw)); rej != nil {
			t.Errorf("%s: %v", raw, rej)
		}
	}
}

// Shops send a property `name` with every product, phones an `id`. They are kept.
func TestPropertiesCalledLikeTheEventsOwn(t *testing.T) {
	const raw = `{"id":"e1","event":"order.paid","member":"m","time":"2026-03-28T10:00:00Z",` +
		`"properties":{"order_id":"o","amount":1,"id":"507","name":"Tea tin","time":[1]}}`
	in, rej := Event(intakeSchema(), []byte(raw))
	if rej != nil {
		t.Fatal(rej)
	}
	recorded, rej := Recorded(intakeSchema(), []byte(raw), nil)
	if rej != nil {
		t.Fatal(rej)
	}
	for _, in := range []engine.Input{in, recorded} {
		p, err := in.Decode()
		if err != nil || p.Properties["name"] != "Tea tin" || p.Properties["id"] != "507" {
			t.Errorf("kept: %v, %v", p, err)
		}
	}
}

func TestEventRejects(t *testing.T) {
	long := strings.Repeat("x", 300)
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	var many strings.Builder
	for i := range 101 {
		fmt.Fprintf(&many, `,"p%d":1`, i)
	}
	tests := []struct{ name, raw, code, path, message string }{
		{"empty", ``, strictjson.CodeMalformed, "", "the body is empty at byte 1"},
		{"not JSON", `{"event"`, strictjson.CodeMalformed, "", "`:` is missing at byte 9"},
		{"trailing comma", `{"event":"x",}`, strictjson.CodeMalformed, "", "`\"` is missing at byte 14"},
		{
			"more after the end", `{"event":"x","member":"m"} {}`, strictjson.CodeMalformed, "",
			"goes on after its end at byte 28",
		},
		{"not an object", `["a"]`, strictjson.CodeWrongType, "", "an event is a JSON object"},
		{"bad number", paid(`,"count":01`), strictjson.CodeMalformed, "", "this is not a number"},
		{"bad UTF-8", "{\"event\":\"x\",\"member\":\"\xff\"}", strictjson.CodeMalformed, "", "not valid UTF-8"},
		{"bad escape", `{"event":"\x","member":"m"}`, strictjson.CodeMalformed, "", "not an escape"},
		{"control character", "{\"event\":\"a\nb\",\"member\":\"m\"}", strictjson.CodeMalformed, "", "control character"},
		{
			"unknown key", `{"event":"x","memeber":"m"}`, strictjson.CodeUnknownField, "memeber",
			"an event has no `memeber`; did you mean `member`?",
		},
		{"far key", `{"event":"x","user_id":"m"}`, strictjson.CodeUnknownField, "user_id", "an event has no `user_id`"},
		{"key twice", `{"event":"x","member":"m","event":"y"}`, strictjson.CodeDuplicateField, "event", "twice"},
		{"property twice", paid(`,"order_id":"o2"`), strictjson.CodeDuplicateField, "properties.order_id", "twice"},
		{"no event", `{"member":"m"}`, strictjson.CodeMissingField, "event", "an event needs its `event`"},
		{"no member", `{"event":"x"}`, strictjson.CodeMissingField, "member", "an event needs its `member`"},
		{"null member", `{"event":"x","member":null}`, strictjson.CodeWrongType, "member", "must not be null"},
		{
			"member a number", `{"event":"x","member":7}`, strictjson.CodeWrongType, "member",
			"must be a string, got the number 7",
		},
		{"empty member", `{"event":"x","member":""}`, strictjson.CodeInvalid, "member", "must not be empty"},
		{"blank member", `{"event":"x","member":" \u3000 "}`, strictjson.CodeInvalid, "member", "must not be blank"},
		{"long member", `{"event":"x","member":"` + long + `"}`, strictjson.CodeTooLarge, "member", "at most 256 bytes"},
		{"NUL in member", `{"event":"x","member":"a\u0000"}`, strictjson.CodeInvalid, "member", "holds a NUL character"},
		{
			"NUL in a text", paid(`,"x":{"list":["a","b\u0000c"]}`), strictjson.CodeInvalid, "properties.x.list[1]",
			"holds a NUL character",
		},
		{"NUL in a key", paid(`,"x\u0000":1`), strictjson.CodeInvalid, "properties", "holds a NUL character"},
		{
			"first half of a character", paid(`,"x":"a\ud83d"`), strictjson.CodeInvalid, "properties.x",
			`half a character (\ud83d`,
		},
		{
			"second half of a character", paid(`,"x":["\uDE00"]`), strictjson.CodeInvalid, "properties.x[0]",
			`half a character (\ude00`,
		},
		{
			"halves in the wrong order", paid(`,"x":"\ude00\ud83d"`), strictjson.CodeInvalid, "properties.x",
			`half a character (\ude00`,
		},
		{
			"half a character before an escape", paid(`,"x":"\ud83d\n"`), strictjson.CodeInvalid, "properties.x",
			`half a character (\ud83d`,
		},
		{
			"half a character before a whole", paid(`,"x":"\ud83d\u4e2d"`), strictjson.CodeInvalid, "properties.x",
			`half a character (\ud83d`,
		},
		{"half a character in a key", paid(`,"x\ud83d":1`), strictjson.CodeInvalid, "properties", "half a character"},
		{
			"half a character in an attribute", `{"event":"x","member":"m","attributes":{"nickname":"\ud83d"}}`,
			strictjson.CodeInvalid, "attributes.nickname", "half a character",
		},
		{
			"half a character in member", `{"event":"x","member":"\ud83d"}`, strictjson.CodeInvalid, "member",
			"half a character",
		},
		{
			"half a character in id", `{"event":"x","member":"m","id":"\ud83d"}`, strictjson.CodeInvalid, "id",
			"half a character",
		},
		{"a key of no UTF-8", paid(",\"a\xff\":1"), strictjson.CodeMalformed, "", "not valid UTF-8"},
		{"a key of no UTF-8 with an escape", paid(",\"\\n\xff\":1"), strictjson.CodeMalformed, "", "not valid UTF-8"},
		{"a key twice", paid(`,"x":{"a":1,"a":2}`), strictjson.CodeDuplicateField, "properties.x.a", "appears twice"},
		{
			"a key twice, once in escapes", paid(`,"x":{"a":1,"\u0061":2}`), strictjson.CodeDuplicateField, "properties.x.a",
			"appears twice",
		},
		{"no escape", paid(`,"x":"\u12g4"`), strictjson.CodeMalformed, "", "not an escape"},
		{"long event", `{"event":"` + long + `","member":"m"}`, strictjson.CodeTooLarge, "event", "at most 128 bytes"},
		{"long id", `{"id":"` + long + `","event":"x","member":"m"}`, strictjson.CodeTooLarge, "id", "at most 256 bytes"},
		{
			"time of another format", `{"event":"x","member":"m","time":"28.3.2026"}`, strictjson.CodeInvalid, "time",
			"is not a time like",
		},
		{"time a number", `{"event":"x","member":"m","time":1}`, strictjson.CodeWrongType, "time", "must be a string"},
		{
			"year 9999", `{"event":"x","member":"m","time":"9999-12-31T23:59:59Z"}`, strictjson.CodeInvalid, "time",
			"between 1970 and 2200",
		},
		{
			"year 1969", `{"event":"x","member":"m","time":"1969-12-31T23:59:59Z"}`, strictjson.CodeInvalid, "time",
			"between 1970 and 2200",
		},
		{
			"accepted_at is for files", `{"event":"x","member":"m","accepted_at":"2026-01-01T00:00:00Z"}`,
			strictjson.CodeUnknownField, "accepted_at", "no `accepted_at`",
		},
		{
			"wrong type", `{"event":"order.paid","member":"m","properties":{"order_id":"o","amount":"1"}}`,
			strictjson.CodeWrongType, "properties.amount", `must be a number, got the string "1"`,
		},
		{
			"wrong type inside", paid(`,"items":[{"sku":"s","qty":1.5}]`), strictjson.CodeWrongType, "properties.items[0].qty",
			"must be an int, got the number 1.5",
		},
		{
			"missing inside", paid(`,"items":[{"sku":"s"}]`), strictjson.CodeMissingField, "properties.items[0].qty",
			"the schema wants int",
		},
		{
			"missing property", `{"event":"order.paid","member":"m"}`, strictjson.CodeMissingField, "properties.order_id",
			"the schema wants string",
		},
		{
			"null property", `{"event":"order.paid","member":"m","properties":{"order_id":null,"amount":1}}`,
			strictjson.CodeMissingField, "properties.order_id", "the schema wants string",
		},
		{
			"int that would change", paid(`,"count":9007199254740993`), strictjson.CodeInvalid, "properties.count",
			"send it as text",
		},
		{
			"int that would change, as a fraction", paid(`,"count":9007199254740993.0`), strictjson.CodeInvalid,
			"properties.count", "send it as text",
		},
		{
			"int that would change, as a power", paid(`,"count":9007199254740993e0`), strictjson.CodeInvalid,
			"properties.count", "send it as text",
		},
		{
			"fraction that would vanish", paid(`,"count":9007199254740992.5`), strictjson.CodeInvalid, "properties.count",
			"send it as text",
		},
		{
			"undeclared id", paid(`,"x":{"ids":[1,12345678901234567890]}`), strictjson.CodeInvalid, "properties.x.ids[1]",
			"send it as text",
		},
		{
			"attribute that would change", `{"event":"e","member":"m","attributes":{"x":-9007199254740993}}`,
			strictjson.CodeInvalid, "attributes.x", "send it as text",
		},
		{"number without end", paid(`,"x":1e999`), strictjson.CodeInvalid, "properties.x", "too large"},
		{
			"properties a list", `{"event":"x","member":"m","properties":[]}`, strictjson.CodeWrongType, "properties",
			"must be an object, got a list",
		},
		{"many properties", paid(many.String()), strictjson.CodeTooLarge, "properties", "at most 100"},
		{"empty property name", paid(`,"":1`), strictjson.CodeInvalid, "properties", "must not be empty"},
		{"deep", paid(`,"x":` + deep), strictjson.CodeTooLarge, "properties.x", "nested deeper than 16"},
		{"large", paid(`,"x":"` + strings.Repeat("x", 70<<10) + `"`), strictjson.CodeTooLarge, "", "at most 65536 bytes"},
		{
			"computed attribute", `{"event":"x","member":"m","attributes":{"orders_90d":1}}`, strictjson.CodeReadOnly,
			"attributes.orders_90d", "is computed",
		},
		{
			"built-in attribute", `{"event":"x","member":"m","attributes":{"points":1}}`, strictjson.CodeReadOnly,
			"attributes.points", "is built in",
		},
		{
			"enum", `{"event":"x","member":"m","attributes":{"level":"iron"}}`, strictjson.CodeWrongType, "attributes.level",
			"must be an enum of bronze, silver, gold",
		},
		{
			"date", `{"event":"x","member":"m","attributes":{"birthday":"2026-02-30"}}`, strictjson.CodeWrongType,
			"attributes.birthday", "must be a date",
		},
		{
			"zone", `{"event":"x","member":"m","attributes":{"timezone":"Mars/Base"}}`, strictjson.CodeInvalid,
			"attributes.timezone", "is not a time zone",
		},
		{
			"machine's zone", `{"event":"x","member":"m","attributes":{"timezone":"Local"}}`, strictjson.CodeInvalid,
			"attributes.timezone", "is not a time zone",
		},
		{
			"locale", `{"event":"x","member":"m","attributes":{"locale":5}}`, strictjson.CodeWrongType, "attributes.locale",
			"must be a string",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, rej := Event(intakeSchema(), []byte(tt.raw))
			if rej == nil {
				t.Fatal("was taken")
			}
			if rej.Code != tt.code || rej.Path != tt.path || !strings.Contains(rej.Message, tt.message) {
				t.Errorf("got  %s, %s, %s\nwant %s, %s, …%s…", rej.Code, rej.Path, rej.Message, tt.code, tt.path, tt.message)
			}
		})
	}
}

func TestRecorded(t *testing.T) {
	in, rej := Recorded(nil, []byte(`{"event":"x","member":"m","accepted_at":"2026-01-01T00:00:00+08:00","properties":{"a":1}}`), nil)
	if rej != nil {
		t.Fatal(rej)
	}
	if want := time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC); in.At != want || in.Payload == nil ||
		in.Payload.Properties["a"] != 1.0 {
		t.Errorf("got %+v", in)
	}
}

func TestMember(t *testing.T) {
	in, rej := Member(intakeSchema(), "m1",
		[]byte(`{"attributes":{"nickname":"小王","level":null},"tags":{"add":["vip"],"remove":["new"]}}`))
	if rej != nil {
		t.Fatal(rej)
	}
	want := engine.Input{Kind: engine.InputUpdate, Member: "m1", Payload: &engine.Payload{
		Attributes: map[string]any{"nickname": "小王", "level": nil},
		AddTags:    []string{"vip"}, RemoveTags: []string{"new"},
	}}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("got %+v, want %+v", in, want)
	}
	bad := []struct{ id, raw, code, path string }{
		{"", `{}`, strictjson.CodeInvalid, "member"},
		{"m", `{"tag":{}}`, strictjson.CodeUnknownField, "tag"},
		{"m", `{"tags":["vip"]}`, strictjson.CodeWrongType, "tags"},
		{"m", `{"tags":{"ad":[]}}`, strictjson.CodeUnknownField, "ad"},
		{"m", `{"tags":{"add":"vip"}}`, strictjson.CodeWrongType, "tags.add"},
		{"m", `{"tags":{"add":[1]}}`, strictjson.CodeWrongType, "tags.add[0]"},
		{"m", `{"tags":{"add":[""]}}`, strictjson.CodeInvalid, "tags.add[0]"},
		{"m", `{"attributes":{"nickname":1}}`, strictjson.CodeWrongType, "attributes.nickname"},
		{"m", `[]`, strictjson.CodeWrongType, ""},
		{"m", `{"attributes":{"nickname":"\ud83d"}}`, strictjson.CodeInvalid, "attributes.nickname"},
		{"m", `{"tags":{"add":["a","\u0000"]}}`, strictjson.CodeInvalid, "tags.add[1]"},
	}
	for _, tt := range bad {
		if _, rej := Member(intakeSchema(), tt.id, []byte(tt.raw)); rej == nil || rej.Code != tt.code ||
			rej.Path != tt.path {
			t.Errorf("%s: got %v, want %s at %s", tt.raw, rej, tt.code, tt.path)
		}
	}
}

func TestParams(t *testing.T) {
	params := schema.ObjectOf(schema.Field{Name: "reason", Type: schema.String})
	if got, rej := Params(params, []byte(`{"reason":"vip"}`)); rej != nil || got["reason"] != "vip" {
		t.Errorf("got %v, %v", got, rej)
	}
	if _, rej := Params(nil, nil); rej != nil {
		t.Error(rej)
	}
	bad := []struct{ raw, code, path string }{
		{``, strictjson.CodeMissingField, "params.reason"},
		{`{"reason":1}`, strictjson.CodeWrongType, "params.reason"},
		{`{"reason":"x","resaon":"y"}`, strictjson.CodeUnknownField, "params.resaon"},
		{`{"reason":"x"}]`, strictjson.CodeMalformed, ""},
		{`7`, strictjson.CodeWrongType, "params"},
		{`{"reason":"\ud83d"}`, strictjson.CodeInvalid, "params.reason"},
	}
	for _, tt := range bad {
		if _, rej := Params(params, []byte(tt.raw)); rej == nil || rej.Code != tt.code || rej.Path != tt.path {
			t.Errorf("%s: got %v, want %s at %s", tt.raw, rej, tt.code, tt.path)
		}
	}
}

// FuzzEvent holds the reader against encoding/json: what is taken is JSON and means the same
// to both.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		paid(""), `{"event":"x","member":"m","attributes":{"a":null}}`, `{"event":"\ud83d\ude00\ud83d","member":"m"}`, `[]`,
		`{`,
		paid(`,"a":[1,-0,1.5e-3,true,null,"\"\\\/\b\f\n\r\t"],"b":{"c":{}}`), paid(`,"n":9007199254740993`),
	} {
		f.Add([]byte(seed))
	}
	schema := intakeSchema()
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, rej := Event(schema, raw)
		if rej != nil {
			if rej.Code == "" || rej.Message == "" {
				t.Fatalf("a rejection without words: %+v", rej)
			}
			return
		}
		var want struct {
			Event, Member string
			Properties    map[string]any
			Attributes    map[string]any
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("taken, but not JSON: %v", err)
		}
		p, err := in.Decode()
		if err != nil {
			t.Fatalf("the payload %s does not decode: %v", in.Data, err)
		}
		if in.Name != want.Event || in.Member != want.Member || !same(p.Properties, want.Properties) ||
			!same(p.Attributes, want.Attributes) {
			t.Fatalf("got %+v with %+v, want %+v", in, p, want)
		}
		recorded, rej := Recorded(schema, raw, nil)
		if rej != nil {
			t.Fatalf("taken over HTTP, rejected from a file: %v", rej)
		}
		if !same(recorded.Payload.Properties, p.Properties) {
			t.Fatalf("file %v, HTTP %v", recorded.Payload.Properties, p.Properties)
		}
	})
}

func same(a, b map[string]any) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

func BenchmarkEvent(b *testing.B) {
	schema := intakeSchema()
	raw := []byte(`{"id":"0197a1f2-7d3e-7c9a-9f10-2f6a1b2c3d4e","event":"order.paid","member":"member-0001234","time":"2026-03-28T10:00:00+08:00",` +
		`"properties":{"order_id":"o-20260328-0001","amount":129.5,"items":[{"sku":"tea-01","qty":2}]},"attributes":{"nickname":"小王"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, rej := Event(schema, raw); rej != nil {
			b.Fatal(rej)
		}
	}
}

// An event that usher makes itself is refused where something happens now. What says what was may hold it.
func TestMadeEvents(t *testing.T) {
	s := intakeSchema()
	s.Pools = []playbooks.Pool{{Name: "milk"}}
	s.Sections = map[string]diag.Pos{"coupons": {}}
	s.AddBuiltinEvents()
	const event = `{"event": "coupon.issued", "member": "m", "properties": {"pool": "milk", "code": "X"}`
	if _, err := Event(s, []byte(event+"}")); err == nil || err.Code != strictjson.CodeReadOnly || err.Path != "event" {
		t.Errorf("sent: %v", err)
	}
	if _, err := Event(s, []byte(event+`, "backfill": true}`)); err != nil {
		t.Errorf("as history: %v", err)
	}
	if _, err := Recorded(s, []byte(event+"}"), nil); err != nil {
		t.Errorf("from a file: %v", err)
	}
}
