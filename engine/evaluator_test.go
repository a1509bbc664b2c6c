package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/enginetest"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

// storableUsher declares values of every type, and attributes that random expressions are stored
// in.
const storableUsher = `usher: 1
timezone: Asia/Shanghai
member:
  i: int
  f: number
  s: string
  b: bool
  on: date
  at: datetime
  total: = sum(events("go"), .x)
events:
  go: {n: int, x: number, s: string, at: datetime, on: date, maybe: optional number, list: [number], items: {optional: [{q: int, p: number}]}}
  echo: {n: int, x: number, s: string, at: datetime, on: date}
channels: {out: {type: log}}
`

// storableLeaves reach all of them, with constants at the edges of their types.
var storableLeaves = enginetest.Leaves{
	Ints: []string{
		"0", "1", "-1", "7", "9007199254740992", "-9007199254740992", "3037000500", "trigger.n", "(member.i ?? 2)",
		"member.points", "bucket(10)",
		`len(events("go"))`, `sum(events("go", "2d"), .n)`, "len(trigger.list)", `(last(events("go"))?.n ?? 5)`,
	},
	Numbers: []string{
		"0.0", "0.1", "39.9", "-2.5", "1e308", "5e-324", "1e15", "0.000001", "trigger.x", "(trigger.maybe ?? 0.3)",
		"(member.f ?? 1)", "member.total",
		`sum(events("go", "30d"), .x)`, "sum(trigger.items ?? [], .q * .p)", `(last(events("go"))?.x ?? 5)`,
		"(trigger.list[0] ?? 2.5)",
	},
	Texts: []string{
		`""`, `"a"`, `"小王🙂"`, `"\u0000"`, `"a,b\n"`, `"\u2028"`, `"ß"`, "trigger.s", `(member.s ?? "")`, "member.id",
		"trigger.name", `(last(events("go"))?.s ?? "-")`,
	},
	Bools: []string{
		"(trigger.n > 0)", "(member.b ?? false)", `(trigger.x < 1)`, `("x" in member.tags)`,
		"(trigger.maybe != nil)", "(member.at == nil)",
	},
	Times: []string{
		"now()", "today()", "trigger.at", "trigger.time", "trigger.on", "member.created_at", "(member.at ?? now())",
		"(member.on ?? today())",
	},
	Durations: []string{`duration("36h")`, `duration("1s")`, `duration("87840h")`},
	NumberLists: []string{
		"trigger.list", "[0.1, 0.2]", "[1, 9007199254740992]", "[1e308, 1e308]",
		`map(events("go"), .x)`, "map(trigger.items ?? [], .p)",
	},
	List: `events("go")`, Items: []string{".x", ".n", "0.1", "(.maybe ?? 0)"},
}

// storableTexts calculate in Liquid.
var storableTexts = []string{
	"{{ trigger.x | times: trigger.n | round: 2 }}",
	"{% if member.f %}{{ trigger.x | plus: member.f | money }}{% endif %}",
	"{% if member.s %}{{ member.s | slice: 0, 2 }}{% endif %}{{ trigger.s | upcase }}",
	"{{ trigger.n | divided_by: trigger.x | default: 0 }}", "{{ trigger.list | sum }} {{ trigger.list | join: '/' }}",
	"{{ trigger.at }} {{ member.on | default: trigger.on | date: '%Y-%m-%d' }}",
	"{{ trigger.n | modulo: 7 }}", "{% for i in trigger.items %}{{ i.q | times: i.p }},{% endfor %}{{ member.total }}",
	"{{ trigger.s | url_decode }}{{ trigger.x | json }}",
	"{{ trigger.s | truncate: 3 }}{{ trigger.x | ceil | minus: trigger.x }}",
}

// drawStorable draws a playbook that stores what random expressions yield in every place that takes
// them.
func drawStorable(t *rapid.T, declared *playbooks.Schema) string {
	d := &enginetest.Drawer{T: t, Leaves: storableLeaves}
	sc := &scope.Scope{Schema: declared, Trigger: declared.EventRecord("go")}
	value := func(text string, want *schema.Type, otherwise string) string {
		return d.Checked(sc, text, want, otherwise)
	}
	depth := rapid.IntRange(1, 4).Draw(t, "depth")
	i := func() string { return value(d.Int(depth), schema.Int, "trigger.n") }
	f := func() string { return value(d.Number(depth), schema.Number, "trigger.x") }
	s := func() string { return value(d.Text(depth), schema.String, "trigger.s") }
	b := func() string { return value(d.Bool(depth), schema.Bool, "trigger.n > 1") }
	at := func() string { return value(d.Time(depth), schema.Datetime, "trigger.at") }
	condition := func() string { return strings.Replace(b(), "'= ", "'", 1) }
	forms := []func() string{
		func() string { return "set: {i: " + i() + "}" }, func() string { return "set: {f: " + f() + "}" },
		func() string { return "set: {s: " + s() + ", b: " + b() + "}" },
		func() string { return "set: {at: " + at() + ", on: = trigger.on}" },
		func() string { return "points: " + i() }, func() string { return "if: " + condition() + "\n  tag: x" },
		func() string { return "wait: {until: " + at() + "}" }, func() string { return "wait: 1d" },
		func() string {
			return "emit: {event: echo, properties: {n: " + i() + ", x: " + f() + ", s: " + s() + ", at: " + at() +
				", on: = trigger.on}}"
		},
		func() string {
			return `message: {channel: out, class: transactional, text: "` + enginetest.Pick(t, "text", storableTexts) + `"}`
		},
	}
	out := "id: p\nstage: activation\nmode: parallel\ntrigger: {event: go}\n"
	if rapid.Bool().Draw(t, "conditional") {
		out += "condition: " + condition() + "\n"
	}
	out += "actions:\n"
	for range rapid.IntRange(1, 5).Draw(t, "actions") {
		out += enginetest.Indented("- "+forms[rapid.IntRange(0, len(forms)-1).Draw(t, "action")]()+"\n", "  ")
	}
	return out
}

// The data that expressions meet: what intake takes, at its edges.
var (
	edgeInts    = []int{0, 1, -1, 3, 1 << 53, -(1 << 53), 1<<53 - 1, 1 << 31, 365, -4000}
	edgeNumbers = []float64{
		0, 1, -1, 0.1, 39.9, 0.0725, 1e15, 999999999999999.9, 1e21, 1e-7, 1e308, -1e308, math.MaxFloat64,
		math.SmallestNonzeroFloat64, 1 << 53,
		0.30000000000000004, -2.5, 123456789.123456789,
	}
	edgeTexts = []string{
		"", "a", "会员🙂", "\x01", "%ff%00", "a,b,,c", "\u2028\n", "12.5", "NaN", "9007199254740993", "é",
		strings.Repeat("长", 300),
	}
	edgeTimes = []string{
		"2026-03-28T10:00:00+08:00", "0001-01-01T00:00:00Z", "9000-12-31T23:59:59Z", "1890-06-01T12:00:00.123456789Z",
		"1970-01-01T00:00:00Z",
		"2026-11-01T05:30:00Z", "2011-12-30T10:00:00Z", "1883-11-18T17:00:00Z",
	}
	edgeDates = []string{"0001-01-01", "9000-12-31", "1890-01-01", "2024-02-29", "2026-03-29"}
	edgeZones = []string{"Asia/Shanghai", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "Europe/London"}
)

// drawEdgeInputs draws events of one member with such data, as they come in over HTTP.
func drawEdgeInputs(t *rapid.T, declared *playbooks.Schema) []engine.Input {
	var out []engine.Input
	at := time.Date(2026, 3, 27, 8, 0, 0, 0, time.UTC)
	number := func() float64 {
		if rapid.IntRange(0, 2).Draw(t, "edge") > 0 {
			return rapid.SampledFrom(edgeNumbers).Draw(t, "number")
		}
		return float64(rapid.Int64Range(-1e9, 1e9).Draw(t, "cents")) / 100
	}
	for k := range rapid.IntRange(1, 6).Draw(t, "events") {
		at = at.Add(time.Duration(rapid.IntRange(0, 40*3600).Draw(t, "seconds")) * time.Second)
		properties := map[string]any{
			"n": rapid.SampledFrom(edgeInts).Draw(t, "n"), "x": number(), "s": enginetest.Pick(t, "s", edgeTexts),
			"at": enginetest.Pick(t, "at", edgeTimes), "on": enginetest.Pick(t, "on", edgeDates),
			"list": []any{}, "undeclared": map[string]any{"x": number()},
		}
		if rapid.Bool().Draw(t, "maybe") {
			properties["maybe"] = number()
		}
		for range rapid.IntRange(0, 3).Draw(t, "list") {
			properties["list"] = append(properties["list"].([]any), number())
		}
		if rapid.Bool().Draw(t, "items") {
			properties["items"] = []any{map[string]any{"q": rapid.SampledFrom(edgeInts).Draw(t, "q"), "p": number()}}
		}
		body := map[string]any{"event": "go", "member": "m", "id": fmt.Sprintf("e%d", k), "properties": properties}
		if rapid.IntRange(0, 2).Draw(t, "moves") == 0 {
			body["attributes"] = map[string]any{"timezone": enginetest.Pick(t, "zone", edgeZones)}
		}
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in, rejected := intake.Event(declared, raw)
		if rejected != nil {
			t.Fatalf("%s: %v", raw, rejected)
		}
		in.Seq, in.At, in.Time = int64(k+1), at, at
		out = append(out, in)
	}
	return out
}

// storable holds that all of the changes can be written as JSON and read back the same, and that
// what the member keeps is of its type.
func storable(t *rapid.T, declared *playbooks.Schema, c *engine.Changes, book string) {
	for _, part := range []any{c.Members, c.Runs, c.Deliveries, c.Coupons, c.Cascaded} {
		data, err := json.Marshal(part)
		if err != nil {
			t.Fatalf("%s\ncannot be stored: %v", book, err)
		}
		if bytes.Contains(data, []byte(`\ufffd`)) { // so JSON writes what is not UTF-8
			t.Fatalf("%s\na text that is not UTF-8: %s", book, data)
		}
		var back any
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s\ncannot be read: %v", book, err)
		}
	}
	for i := range c.Records {
		data, _, err := records.Encode(&c.Records[i])
		if err != nil {
			t.Fatalf("%s\na record that cannot be stored: %v", book, err)
		}
		if bytes.Contains(data, []byte(`\ufffd`)) {
			t.Fatalf("%s\na text that is not UTF-8: %s", book, data)
		}
	}
	for _, m := range c.Members {
		data, err := json.Marshal(m.Attributes)
		if err != nil {
			t.Fatal(err)
		}
		back := map[string]any{}
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		for _, a := range declared.Attributes {
			v, ok := back[a.Name]
			if !ok || a.Type == nil {
				continue
			}
			typed, err := a.Type.Coerce(v)
			if err != nil {
				t.Fatalf("%s\nmember.%s is %v, which reads as %v", book, a.Name, v, err)
			}
			again, err := json.Marshal(schema.ToJSON(a.Type, typed))
			first, _ := json.Marshal(v)
			if err != nil || !bytes.Equal(first, again) {
				t.Fatalf("%s\nmember.%s is %s, then %s", book, a.Name, first, again)
			}
		}
	}
}

// Whatever the language says about whatever data, the core hands over what can be stored and read
// back the same, and it makes no difference whether inputs are decided in one batch or in many. For
// half an hour: -rapid.checks=1000000 -timeout 40m.
func TestExpressionsYieldWhatCanBeStored(t *testing.T) {
	base := load(t, map[string]string{
		"usher.yaml":       storableUsher,
		"playbooks/q.yaml": "id: q\nstage: activation\ntrigger: {event: echo}\nactions: [{set: {i: = trigger.n, f: = trigger.x}}]\n",
	})
	rapid.Check(t, func(rt *rapid.T) {
		book := drawStorable(rt, base.Schema)
		ws := load(t, map[string]string{
			"usher.yaml": storableUsher, "playbooks/p.yaml": book,
			"playbooks/q.yaml": "id: q\nstage: activation\ntrigger: {event: echo}\nactions: [{set: {i: = trigger.n, f: = trigger.x}}]\n",
		})
		e := newEngine(ws)
		inputs := drawEdgeInputs(rt, ws.Schema)
		end := inputs[len(inputs)-1].At.Add(30 * 24 * time.Hour)
		decide := func(s *shell, batch []engine.Input, horizon time.Time) {
			c := new(engine.Changes)
			if err := s.e.Decide(s.id, s.state(), batch, horizon, s.pools, c); err != nil {
				rt.Fatalf("%s\nnot decided: %v", book, err)
			}
			storable(rt, ws.Schema, c, book)
			s.absorb(batch, c)
		}
		one, many := newShell(t, e), newShell(t, e)
		decide(one, slices.Clone(inputs), end)
		for i := 0; i < len(inputs); {
			n := rapid.IntRange(1, len(inputs)-i).Draw(rt, "batch")
			batch := slices.Clone(inputs[i : i+n])
			i += n
			decide(many, batch, batch[len(batch)-1].At)
		}
		decide(many, nil, end)
		if a, b := one.outcome(), many.outcome(); a != b {
			rt.Fatalf("%s\none batch:\n%s\nmany:\n%s", book, a, b)
		}
	})
}
