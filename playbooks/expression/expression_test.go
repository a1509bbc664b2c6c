package expression

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// fakeDeclarations declare what the expression tests share.
type fakeDeclarations struct {
	attributes []schema.Field
	computed   map[string]string
	events     []schema.Field
	segments   map[string]string
	defaults   map[string]bool
}

func (f *fakeDeclarations) Subject() string { return scope.Member }

func (f *fakeDeclarations) TableNames() []string { return nil }

func (f *fakeDeclarations) Table(string) *scope.Table { return nil }

func (f *fakeDeclarations) PointsExpire() bool { return true }

func (f *fakeDeclarations) Zone() *time.Location { return time.UTC }

func (f *fakeDeclarations) MemberRecord() *schema.Type {
	t := schema.ObjectOf(scope.MemberFields()...)
	for _, a := range f.attributes {
		switch {
		case a.Type == nil:
		case f.defaults[a.Name]:
			a.Type = a.Type.Required()
		default:
			a.Type = a.Type.AsOptional()
		}
		t.Fields = append(t.Fields, a)
	}
	return t
}

func (f *fakeDeclarations) Computed(attribute string) *diag.Source {
	return sourceIn(f.computed, attribute)
}

func (f *fakeDeclarations) OfOthers(string, string) (scope.Misplaced, bool) {
	return scope.Misplaced{}, false
}

func (f *fakeDeclarations) SegmentSource(name string) *diag.Source { return sourceIn(f.segments, name) }

func sourceIn(texts map[string]string, name string) *diag.Source {
	if text, ok := texts[name]; ok {
		return &diag.Source{Text: text}
	}
	return nil
}

func (f *fakeDeclarations) AttributeType(name string) (*schema.Type, bool) {
	return schema.ObjectOf(f.attributes...).Field(name)
}

func (f *fakeDeclarations) EventProperties(name string) (*schema.Type, bool) {
	return schema.ObjectOf(f.events...).Field(name)
}

func (f *fakeDeclarations) EventNames() []string { return schema.ObjectOf(f.events...).FieldNames() }

func (f *fakeDeclarations) SegmentNames() []string { return slices.Sorted(maps.Keys(f.segments)) }

func (f *fakeDeclarations) EventRecord(name string) *schema.Type {
	properties, ok := f.EventProperties(name)
	if !ok {
		return nil
	}
	return schema.ObjectOf(append([]schema.Field{
		{Name: "id", Type: schema.String},
		{Name: "name", Type: schema.String},
		{Name: "time", Type: schema.Datetime},
	}, properties.Fields...)...)
}

func (f *fakeDeclarations) DeclaredAt(_, _ string) diag.Pos { return diag.Pos{} }

// testSchema is what the expression tests share.
func testSchema() *fakeDeclarations {
	return &fakeDeclarations{
		attributes: []schema.Field{
			{Name: "nickname", Type: schema.String},
			{Name: "birthday", Type: schema.Date},
			{Name: "level", Type: &schema.Type{Kind: schema.KindString, Enum: []string{"bronze", "silver", "gold"}}},
			{Name: "vip", Type: schema.Bool},
			{Name: "age", Type: schema.Int},
			{Name: "orders_90d"},
			{Name: "twice"},
			{Name: "loop_a"},
			{Name: "loop_b"},
		},
		defaults: map[string]bool{"level": true},
		computed: map[string]string{
			"orders_90d": `len(events("order.paid", "90d"))`, "twice": `member.orders_90d * 2`,
			"loop_a": `member.loop_b + 1`, "loop_b": `member.loop_a + 1`,
		},
		events: []schema.Field{
			{Name: "order.paid", Type: schema.ObjectOf(schema.Field{Name: "order_id", Type: schema.String},
				schema.Field{Name: "amount", Type: schema.Number},
				schema.Field{Name: "items", Type: schema.ListOf(schema.ObjectOf(schema.Field{Name: "sku", Type: schema.String},
					schema.Field{Name: "qty", Type: schema.Int})).AsOptional()})},
			{Name: "cart.updated", Type: schema.ObjectOf(schema.Field{Name: "total", Type: schema.Number})},
		},
		segments: map[string]string{"loyal": "member.orders_90d >= 2", "dormant": "days_since(member.last_seen_at) > 30"},
	}
}

func testScope() *scope.Scope {
	s := testSchema()
	return &scope.Scope{
		Schema: s, Trigger: s.EventRecord("cart.updated"), Event: s.EventRecord("order.paid"),
		Actions: []scope.ActionResult{
			{ID: "gift", Type: schema.ObjectOf(schema.Field{Name: "issued", Type: schema.Bool},
				schema.Field{Name: "code", Type: schema.String.AsOptional()})},
			{ID: "maybe", Type: schema.ObjectOf(schema.Field{Name: "issued", Type: schema.Bool}).AsOptional()},
		},
		Later: map[string]bool{"later": true},
	}
}

type listHistory map[string][]any

func (h listHistory) List(s Slot) ([]any, error) { return h[s.key()], nil }
func (h listHistory) Long(string) bool           { return false }

func (h listHistory) Aggregate(Slot, *Aggregate) (a Aggregated, err error) { return a, nil }

func (h listHistory) End(Slot, *Aggregate, bool) (any, error) { return nil, nil }

func (h listHistory) Count(s Slot) (int, error) { return len(h[s.key()]), nil }
func (h listHistory) Sum(s Slot, field string) (any, error) {
	sum := 0.0
	for _, e := range h[s.key()] {
		sum += e.(map[string]any)[field].(float64)
	}
	return sum, nil
}

func testEnv() *Env {
	order := func(amount float64) any {
		return map[string]any{"id": "e", "name": "order.paid", "amount": amount, "order_id": "o"}
	}
	zone, _ := time.LoadLocation("Asia/Shanghai")
	now := time.Date(2026, 3, 28, 10, 0, 0, 0, zone)
	e := NewEnv()
	member := Fields{
		"id": "m1", "tags": []any{"a"}, "level": "gold", "points": 5, "nickname": "小王",
		"created_at": now.AddDate(0, 0, -2).Add(time.Minute), "last_seen_at": now.AddDate(0, 0, -31),
	}
	e.Begin(now, zone, "m1", member, listHistory{
		"order.paid":     {order(1), order(2.5), order(3)},
		"order.paid:90d": {order(2.5), order(3)},
	})
	e.SetTrigger(Fields{"total": 40.0, "id": "c"}, map[string]map[string]any{"gift": {"issued": true, "code": "NEW-1"}})
	e.SetEvent(Fields(order(41).(map[string]any)))
	return e
}

func TestExpressionsGiveTheirValue(t *testing.T) {
	for text, want := range map[string]any{
		`member.orders_90d == 2`:                                  true,
		`min(member.points, 3)`:                                   3,
		`member.twice + 1`:                                        5,
		`in_segment("loyal")`:                                     true,
		`in_segment("dormant")`:                                   true,
		`"a" in member.tags`:                                      true,
		`"b" not in member.tags`:                                  true,
		`member.level == "gold"`:                                  true,
		`member.vip ?? false`:                                     false,
		`member.age == nil`:                                       true,
		`member.age ?? 7`:                                         7,
		`event.amount > trigger.total`:                            true,
		`sum(events("order.paid"), .amount)`:                      6.5,
		`any(events("order.paid"), .amount > 2.7)`:                true,
		`count(events("order.paid"), .amount > 1)`:                2,
		`last(events("order.paid")).amount ?? 0`:                  3.0,
		`events("order.paid")[7].amount ?? 9`:                     9.0,
		`events("order.paid")[0].amount ?? 9`:                     1.0,
		`len(events("cart.updated"))`:                             0,
		`last(events("cart.updated")).total ?? 9`:                 9.0,
		`days_since(member.created_at)`:                           1,
		`days_since(member.last_seen_at)`:                         31,
		`hours_since(member.created_at)`:                          47,
		`now() - duration("36h") < now()`:                         true,
		`add_days(today(), 1) > now()`:                            true,
		`actions.gift.code ?? "none"`:                             "NEW-1",
		`actions.maybe.issued ?? false`:                           false,
		`member.nickname != nil and member.nickname contains "王"`: true,
		`member.age == nil or member.age > 3`:                     true,
		`member.points > 3 ? "many" : "few"`:                      "many",
		`events("order.paid") | filter(.amount > 1) | len()`:      2,
		`upper(member.level)`:                                     "GOLD",
		`bucket(1)`:                                               0,
	} {
		x, diags := CompileExpr(diag.Source{Text: text}, testScope(), nil)
		if len(diags) > 0 || x == nil {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		got, err := x.Eval(testEnv())
		if err != nil || got != want {
			t.Errorf("%s: got %v (%T) %v, want %v", text, got, got, err, want)
		}
	}
}

func TestExpressionMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`member.levle == "gold"`:                  "unknown-field: member has no attribute `levle` [levle] did you mean `level`? (bronze, silver or gold)",
		`member.level == "glod"`:                  `type-mismatch: "glod" is no value of this enum ["glod"] did you mean`,
		`membr.level == "gold"`:                   "unknown-name: nothing is called `membr` here [membr] did you mean `member`?",
		`level == "gold"`:                         "unknown-name: `level` is an attribute",
		`event.total > 1`:                         "property-of-other-event: event has no property `total`, cart.updated has [total]",
		`member.nickname contains "x"`:            "unguarded-optional: `member.nickname` may be missing, and `contains` needs a value [member.nickname] write (member.nickname ?? \"\")",
		`member.vip`:                              "unguarded-optional",
		`member.age > 3`:                          "unguarded-optional",
		`not (member.nickname startsWith "a")`:    "unguarded-optional",
		`member.points`:                           "type-mismatch: this must be a bool, but it is an int",
		`member.points == "5"`:                    "type-mismatch: `member.points` is an int and never equal to a string",
		`member["le"+"vel"] == "gold"`:            "computed-access",
		`1 == 1`:                                  "constant-condition: this is always true",
		`member.points > 1 and false`:             "constant-condition: this is always false [false]",
		`member.points == member.points`:          "constant-condition",
		`member.points = 5`:                       "syntax-expression: `=` does not compare [=] compare with `==`",
		`member.points >`:                         "syntax-expression: the expression ends too early",
		`member.points > 5 AND member.points < 7`: "syntax-expression: `AND` is not an operator [AND] write `and`",
		"member.level == \u201cgold\u201d":        "syntax-expression: `\u201c` is a full-width character",
		`len(events("order.piad")) > 1`:           "unknown-event: there is no event `order.piad` [\"order.piad\"] did you mean `order.paid`?",
		`len(events("order.paid", "90 d")) > 1`:   "bad-duration",
		`len(events(member.level)) > 1`:           "not-a-constant",
		`in_segment("loyle")`:                     "unknown-segment",
		`actions.gfit.issued`:                     "unknown-action-id",
		`actions.later.issued`:                    "action-not-run-yet",
		`actions.maybe.issued`:                    "unguarded-optional",
		`keys(member) == []`:                      "forbidden-function",
		`dayssince(member.created_at) > 1`:        "unknown-function: there is no function `dayssince` [dayssince] did you mean `days_since`?",
		`days_since() > 1`:                        "wrong-arguments",
		`days_since("x") > 1`:                     "wrong-arguments",
		`member.loop_a > 1`:                       "reference-cycle",
		`"blocked" in member.level`:               "type-mismatch: `in` looks in a list, this is a text",
		`member.level in ["gold", "sliver"]`:      "type-mismatch: \"sliver\" is no value",
		`last(events("order.paid")).amount > 3`:   "unguarded-optional",
		`len(event.items ?? []) > 0 and (event.items ?? [])[0].qty > 1`: "unguarded-optional",
		`"abc`:                     "syntax-expression: a text begins here and does not end",
		`member.tags contains "a"`: "type-mismatch",
		`any(events("order.paid"), len(filter(events("order.paid"), .amount > 1)) > 2)`: "forbidden-function",
		`let n = member.points; n > 1`: "forbidden-function",
		`len(1..1000000) > 3`:          "syntax-expression",
		`foo.bar > 1`:                  "unknown-name",
		`trigger.amount > 1`:           "property-of-other-event",
	} {
		src := diag.Source{Text: text, At: func(from,
			to int,
		) diag.Pos {
			return diag.Pos{Line: 1, Column: from + 1, EndLine: 1, EndColumn: to + 1}
		}}
		x, diags := CompileExpr(src, testScope(), schema.Bool)
		if x != nil || len(diags) != 1 {
			t.Errorf("%s: want one mistake, got %v", text, diags)
			continue
		}
		d := diags[0]
		r := []rune(text)
		got := d.Code + ": " + d.Message + " [" + string(r[d.Column-1:min(d.EndColumn-1, len(r))]) + "] " + d.Label
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestConditionTellsWhatItSaw(t *testing.T) {
	x, diags := CompileExpr(diag.Source{Text: `member.orders_90d == 0 and "blocked" not in member.tags`}, testScope(),
		schema.Bool)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	e := testEnv()
	if ok, err := x.Test(e); ok || err != nil {
		t.Fatal(ok, err)
	}
	seen := x.Seen(e)
	if seen["member.orders_90d"] != 2 || len(seen) != 2 {
		t.Errorf("seen %v", seen)
	}
}
