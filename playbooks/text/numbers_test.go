package text

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// numberTextOf renders a text in which a is a price, n an int, and so on. It is compiled to run, as
// a text that an older version took: what the checker refuses today must not do harm either.
func numberTextOf(t *testing.T, text string) (string, error) {
	t.Helper()
	trigger := schema.ObjectOf(schema.Field{Name: "a", Type: schema.Number},
		schema.Field{Name: "big", Type: schema.Number}, schema.Field{Name: "whole", Type: schema.Number},
		schema.Field{Name: "n", Type: schema.Int}, schema.Field{Name: "s", Type: schema.String},
		schema.Field{Name: "gone", Type: schema.Number.AsOptional()},
		schema.Field{Name: "list", Type: schema.ListOf(schema.Number)},
		schema.Field{Name: "items", Type: schema.ListOf(schema.ObjectOf(schema.Field{Name: "price", Type: schema.Number}))})
	tpl, diags := ParseTemplate("", text, nil,
		&scope.Scope{Schema: &playbooks.Schema{Timezone: time.UTC}, Trigger: trigger, Running: true})
	if tpl == nil {
		t.Fatalf("%s: %v", text, diags)
	}
	return tpl.Render(map[string]any{"trigger": map[string]any{
		"a": 39.9, "big": 1e308, "whole": 1500000.0, "n": 7, "s": "NaN", "list": []any{0.1, 0.2, 1500000.0},
		"items": []any{map[string]any{"price": 0.1}, map[string]any{"price": 0.2}},
	}})
}

func TestTextsCalculateAsACalculator(t *testing.T) {
	for text, want := range map[string]string{
		`{{ trigger.a | times: 10 }}`:                                                           "399",
		`{{ 0.0725 | times: 100 }}`:                                                             "7.25",
		`{{ 0.1 | plus: 0.2 }}`:                                                                 "0.3",
		`{{ 100.1 | minus: 100 }}`:                                                              "0.1",
		`{{ trigger.a | divided_by: 2 }}`:                                                       "19.95",
		`{{ trigger.n | divided_by: 2 }}`:                                                       "3",
		`{{ trigger.n | divided_by: -2 }}`:                                                      "-4",
		`{{ trigger.n | times: 1.0 | divided_by: 2 }}`:                                          "3.5",
		`{{ trigger.a | divided_by: trigger.gone }}`:                                            "",
		`{{ trigger.a | modulo: 10 }}`:                                                          "9.9",
		`{{ 0.3 | modulo: 0.1 }}`:                                                               "0",
		`{{ 2.5 | round }} {{ -2.5 | round }}`:                                                  "3 -3",
		`{{ 1.005 | round: 2 }}`:                                                                "1.01",
		`{{ 1.5 | round: 400 }} {{ 1234 | round: -2 }}`:                                         "1.5 1200",
		`{{ 1.2 | ceil }} {{ -0.2 | ceil }} {{ 1.8 | floor }}`:                                  "2 0 1",
		`{{ -3.5 | abs }} {{ trigger.n | abs }}`:                                                "3.5 7",
		`{{ trigger.a | at_least: 40 }} {{ trigger.a | at_most: 40 }}`:                          "40 39.9",
		`{{ trigger.list | sum }} {{ trigger.items | sum: "price" }}`:                           "1500000.3 0.3",
		`{{ "12.50" | plus: "1" }}`:                                                             "13.5",
		`{{ trigger.gone | plus: 1 }}`:                                                          "1",
		`{{ trigger.gone | round: 2 }}`:                                                         "0",
		`{{ trigger.a | money }} {{ 1299 | money }} {{ 2.675 | money }} {{ "3" | money }}`:      "39.90 1299.00 2.68 3.00",
		`{{ trigger.gone | money }}|`:                                                           "|",
		`{{ trigger.whole }} {{ trigger.whole | append: "元" }} {{ trigger.list | join: "," }}`:  "1500000 1500000元 0.1,0.2,1500000",
		`{{ trigger.whole | times: 1000000000000000 }}`:                                         "1500000000000000000000",
		`{{ trigger.whole | json }} {{ trigger.list | json }}`:                                  "1500000 [0.1,0.2,1500000]",
		`{% if trigger.a > 39 and trigger.whole == 1500000 %}yes{% endif %}`:                    "yes",
		`{% assign c = trigger.a | times: 100 | round %}{{ c }}`:                                "3990",
		`{{ trigger.list | sort | last }}`:                                                      "1500000",
		`{{ 1 | pluralize: "point", "points" }} {{ trigger.a | pluralize: "point", "points" }}`: "point points",
		`{{ "%ff" | url_decode }}`:                                                              "\ufffd",
	} {
		if got, err := numberTextOf(t, text); err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", text, got, err, want)
		}
	}
}

func TestTextsFailOutOfRange(t *testing.T) {
	for text, want := range map[string]string{
		`{{ trigger.big | times: 10 }}`:                 "times: the result is too large for a number",
		`{{ trigger.big | plus: trigger.big }}`:         "plus: the result is too large for a number",
		`{{ trigger.big | divided_by: 0.001 }}`:         "divided_by: the result is too large for a number",
		`{{ 9007199254740992 | plus: 1 }}`:              "up to where an int is exact",
		`{{ 4611686018427387904 | times: 4 }}`:          "up to where an int is exact",
		`{{ trigger.s | plus: 1 }}`:                     "plus: NaN is not a number like 12.5",
		`{{ "inf" | round }}`:                           "round: inf is not a number like 12.5",
		`{{ "9007199254740993" | plus: 0 }}`:            "has more digits than a number can hold",
		`{{ "abc" | money }}`:                           "money: abc is not a number like 12.5",
		`{{ trigger.list | sum | times: trigger.big }}`: "too large",
	} {
		if got, err := numberTextOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q %v, want %s", text, got, err, want)
		}
	}
}
