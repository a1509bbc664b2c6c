package expression

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// numberScope has numbers of both types, lists, times and texts at the edges of what they can be.
func numberScope() (*scope.Scope, *Env) {
	s := testSchema()
	s.attributes = append(s.attributes, schema.Field{Name: "price", Type: schema.Number},
		schema.Field{Name: "huge", Type: schema.Number},
		schema.Field{Name: "zero", Type: schema.Number}, schema.Field{Name: "most", Type: schema.Int},
		schema.Field{Name: "born", Type: schema.Datetime}, schema.Field{Name: "late", Type: schema.Datetime})
	s.defaults = map[string]bool{
		"level": true, "price": true, "huge": true, "zero": true, "most": true, "born": true,
		"late": true,
	}
	e := testEnv()
	e.member = Fields{
		"price": 39.9, "huge": 1e308, "zero": 0.0, "most": 1 << 53, "points": 5, "nickname": "小王🙂",
		"born": time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), "late": time.Date(9000, 12, 31, 0, 0, 0, 0, time.UTC), "age": 0,
		"created_at": e.Now(), "last_seen_at": e.Now(),
	}
	sc := testScope()
	sc.Schema = s
	return sc, e
}

func TestExpressionsCalculateAsACalculator(t *testing.T) {
	for text, want := range map[string]any{
		`member.price * 10`:        399.0,
		`member.price * 10 == 399`: true,
		`0.0725 * 100`:             7.25,
		`0.1 + 0.2 == 0.3`:         true,
		`100.1 - 100`:              0.1,
		`7 / 2`:                    3.5,
		`1 / 3 * 3`:                0.999999999999999,
		`7 % 4`:                    3,
		`2 ** 10`:                  1024.0,
		`-member.zero`:             0.0,
		`round(2.5)`:               3.0,
		`round(-2.5)`:              -3.0,
		`round(2.675 * 100)`:       268.0,
		`ceil(-0.5)`:               0.0,
		`int(member.price)`:        39,
		`string(1.5e21)`:           "1500000000000000000000",
		`string(member.points)`:    "5",
		`sum([0.1, 0.2, 0.3])`:     0.6,
		`sum([1, 2])`:              3,
		`sum(events("order.paid"), .amount * 0.1)`:     0.65,
		`max(member.price, 40)`:                        40.0,
		`member.price / member.zero`:                   nil,
		`(member.price / member.zero) ?? 7`:            7.0,
		`(member.age ?? 0) != 0 ? 10 / member.age : 1`: 1.0,
		`member.points > 0 ? 10 / member.points : 0`:   2.0,
		`5 % (member.age ?? 0)`:                        nil,
		`(member.nickname ?? "")[0:1]`:                 "小",
		`(member.nickname ?? "")[-1:]`:                 "🙂",
		`(member.nickname ?? "")[2:99]`:                "🙂",
		`(member.nickname ?? "")[3:1]`:                 "",
		`days_since(member.born) > 700000`:             true,
		`hours_since(member.late) < -60000000`:         true,
		`days_since(member.late) < -2500000`:           true,
	} {
		sc, e := numberScope()
		x, diags := CompileExpr(diag.Source{Text: text}, sc, nil)
		if x == nil {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		if got, err := x.Eval(e); err != nil || got != want {
			t.Errorf("%s: got %v (%T) %v, want %v", text, got, got, err, want)
		}
	}
}

// failing are expressions that cannot be calculated, with their reasons.
var failing = map[string]string{
	`member.huge * 10`:                                    "the result is too large for a number",
	`member.huge + member.huge`:                           "the result is too large for a number",
	`sum([member.huge, member.huge])`:                     "the result is too large for a number",
	`member.huge / 0.01`:                                  "the result is too large for a number",
	`member.most + 1`:                                     "up to where an int is exact",
	`member.most * member.most`:                           "up to where an int is exact",
	`-member.most - 1`:                                    "up to where an int is exact",
	`int(member.huge)`:                                    "up to where an int is exact",
	`(0 - 8) ** 0.5`:                                      "the result is no number",
	`10 ** 400`:                                           "the result is too large for a number",
	`add_days(member.late, 400)`:                          "the time would lie in the year 9002",
	`add_days(now(), member.most)`:                        "at most",
	`member.late + duration("87600h")`:                    "the time would lie in the year 9010",
	`member.born - duration("24h")`:                       "the time would lie in the year 0",
	`now() - member.born > duration("1h")`:                "292 years",
	`(now() - member.created_at) + (now() - member.late)`: "292 years",
	`sum(events("order.paid"), .amount)`:                  "the result is too large for a number",
	`member.spent`:                                        "the result is too large for a number",
}

// overflowing is a history whose sums do not fit.
type overflowing struct{ listHistory }

func (overflowing) Sum(Slot, string) (any, error) { return nil, decimal.ErrTooLarge }

// failingScope is numberScope where sums fail, too.
func failingScope() (*scope.Scope, *Env) {
	sc, e := numberScope()
	declared := sc.Schema.(*fakeDeclarations)
	declared.attributes = append(declared.attributes, schema.Field{Name: "spent"})
	declared.computed["spent"] = `sum(events("order.paid"), .amount)`
	e.history = overflowing{e.history.(listHistory)}
	return sc, e
}

// What does not fit fails the decision with its reason; it neither wraps around nor becomes an
// infinity.
func TestExpressionsFailOutOfRange(t *testing.T) {
	for text, want := range failing {
		sc, e := failingScope()
		x, diags := CompileExpr(diag.Source{Text: text}, sc, nil)
		if x == nil {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		if got, err := x.Eval(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %s", text, got, err, want)
		}
	}
}

// What is not needed is not calculated: it cannot fail the decision.
func TestShortCircuitsHold(t *testing.T) {
	forms := map[string]any{
		`member.points == 6 and (F) == (F)`:                           false,
		`member.points == 5 or (F) == (F)`:                            true,
		`not (member.points == 5 or (F) == (F))`:                      false,
		`member.points == 5 ? true : (F) == (F)`:                      true,
		`(member.points == 6 ? [F] : []) == []`:                       true,
		`any([1, 2], # == 2) or any([1, 2], (F) == (F))`:              true,
		`not (all([1, 2], # == 2) and all([1, 2], (F) == (F)))`:       true,
		`none([1, 2], # == 1) and none([1, 2], # == 5 or (F) == (F))`: false,
	}
	for f := range failing {
		for form, want := range forms {
			if strings.Contains(form, "#") && strings.Contains(f, "sum(") {
				continue // a list may not be gone over for each item of another
			}
			sc, e := failingScope()
			text := strings.ReplaceAll(form, "F", f)
			x, diags := CompileExpr(diag.Source{Text: text}, sc, nil)
			if x == nil {
				t.Errorf("%s: %v", text, diags)
				continue
			}
			if got, err := x.Eval(e); err != nil || got != want {
				t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
			}
			x.Seen(e) // explains without what was not needed
		}
	}
	for text, want := range map[string]any{
		`member.price ?? sum(events("order.paid"), .amount)`:        39.9,
		`member.price ?? member.spent`:                              39.9,
		`member.points == 5 and (member.price ?? member.spent) > 1`: true,
	} {
		sc, e := failingScope()
		delete(sc.Schema.(*fakeDeclarations).defaults, "price")
		x, diags := CompileExpr(diag.Source{Text: text}, sc, nil)
		if x == nil {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		if got, err := x.Eval(e); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

// A divisor that cannot be zero needs no guard; every other does.
func TestDivisionsAreGuarded(t *testing.T) {
	const guarded, missing = true, false
	for text, want := range map[string]bool{
		`1 / 2 < member.price`:                                          guarded,
		`1 / (-2.5) < member.price`:                                     guarded,
		`1 / member.price > 2`:                                          missing,
		`member.price != 0 and 1 / member.price > 2`:                    guarded,
		`member.price > 0 and 1 / member.price > 2`:                     guarded,
		`0 < member.price and 1 / member.price > 2`:                     guarded,
		`member.price >= 0 and 1 / member.price > 2`:                    missing,
		`member.price >= 0.5 and 1 / member.price > 2`:                  guarded,
		`member.price < 0 and 1 / member.price > 2`:                     guarded,
		`member.price < 1 and 1 / member.price > 2`:                     missing,
		`member.price <= -1 and 1 / member.price > 2`:                   guarded,
		`member.price == 4 and 1 / member.price > 2`:                    guarded,
		`member.price == member.zero and 1 / member.price > 2`:          missing,
		`member.price > len(member.tags) and 1 / member.price > 2`:      guarded,
		`member.price == 0 or 1 / member.price > 2`:                     guarded,
		`not (member.price == 0) and 1 / member.price > 2`:              guarded,
		`not (member.price <= 0 or 1 / member.price > 2)`:               guarded,
		`not (member.price > 0) and 1 / member.price > 2`:               missing,
		`member.price > 0 or 1 / member.price > 2`:                      missing,
		`(member.price == 0 ? 0 : 1 / member.price) > 2`:                guarded,
		`1 / (member.price > 0 ? member.price : 1) > 2`:                 guarded,
		`1 / (member.price > 0 ? member.price : 0) > 2`:                 missing,
		`1 / max(member.price, 1) > 2`:                                  guarded,
		`1 / max(member.price, 0) > 2`:                                  missing,
		`1 / min(member.price, 1) > 2`:                                  missing,
		`1 / (len(member.tags) + 1) > 2`:                                guarded,
		`1 / (len(member.tags) - 1) > 2`:                                missing,
		`1 / (member.points + bucket(4)) > 2`:                           missing,
		`1 / (abs(member.price) + 0.5) > 2`:                             guarded,
		`len(member.tags) > 0 and 1 / len(member.tags) > 2`:             guarded,
		`len(member.tags) != 0 and 1 / len(member.tags) > 2`:            guarded,
		`len(member.tags) > 0 and 1 / count(member.tags, # == "a") > 2`: missing,
		`member.price > 0 and 1 / round(member.price) > 2`:              missing,
		// 1e-200 times itself is 0
		`member.price > 0 and 1 / (member.price * member.price) > 2`:    missing,
		`member.points > 0 and 1 / (member.points * member.points) > 2`: guarded,
		`5 % member.points > 2`:                                                                 missing,
		`member.points > 0 and 5 % member.points > 2`:                                           guarded,
		`(member.age ?? 0) > 0 and 1 / member.age > 2`:                                          guarded,
		`(member.age ?? 1) > 0 and 1 / (member.age ?? 1) > 2`:                                   guarded,
		`1 / (member.age ?? 1) > 2`:                                                             missing,
		`((1 / member.price) ?? 3) > 2`:                                                         guarded,
		`member.price in [1, 2] and 1 / member.price > 2`:                                       guarded,
		`member.price in [0, 2] and 1 / member.price > 2`:                                       missing,
		`any(events("order.paid"), .amount > 0 and 1 / .amount > 2)`:                            guarded,
		`any(events("order.paid"), 1 / .amount > 2)`:                                            missing,
		`any(events("order.paid"), .amount > 0) and any(events("order.paid"), 1 / .amount > 2)`: missing,
	} {
		sc, _ := numberScope()
		x, diags := CompileExpr(diag.Source{Text: text}, sc, schema.Bool)
		if (x != nil) != want || !want && (len(diags) != 1 || diags[0].Code != "unguarded-optional") {
			t.Errorf("%s: %v", text, diags)
		}
	}
}

// The guard that a mistake offers mends it, brackets and all.
func TestOfferedGuardsMend(t *testing.T) {
	for text, want := range map[string]string{
		`1 / member.price > 2`:                      `(member.price != 0 ? 1 / member.price : 0) > 2`,
		`(member.age ?? 1) / (member.age ?? 0) > 2`: `((member.age ?? 0) != 0 ? (member.age ?? 1) / (member.age ?? 0) : 0) > 2`,
		`(1 + 2) / len(member.tags) > 2`:            `(len(member.tags) > 0 ? (1 + 2) / len(member.tags) : 0) > 2`,
		`1 / (member.price - member.zero) > 2`:      `((member.price - member.zero) != 0 ? 1 / (member.price - member.zero) : 0) > 2`,
		`round(5 % member.points) > 2`:              `round((member.points > 0 ? 5 % member.points : 0)) > 2`,
		`(1 / member.price) + 1 > 2`:                `((member.price != 0 ? 1 / member.price : 0)) + 1 > 2`,
		`1 / len((member.nickname ?? "(")) > 2`:     `(len((member.nickname ?? "(")) > 0 ? 1 / len((member.nickname ?? "(")) : 0) > 2`,
	} {
		sc, _ := numberScope()
		_, diags := CompileExpr(diag.Source{
			Text: text,
			At:   func(from, to int) diag.Pos { return diag.Pos{Line: 1, Column: from + 1, EndLine: 1, EndColumn: to + 1} },
		}, sc,
			schema.Bool)
		if len(diags) != 1 || len(diags[0].Edits) != 1 {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		edit, runes := diags[0].Edits[0], []rune(text)
		got := string(runes[:edit.Column-1]) + edit.Text + string(runes[edit.EndColumn-1:])
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if x, diags := CompileExpr(diag.Source{Text: got}, sc, schema.Bool); x == nil {
			t.Errorf("%s: %v", got, diags)
		}
	}
}
