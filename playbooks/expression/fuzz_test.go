package expression

import (
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
)

// FuzzCompileExpr: no text makes the checker fail, an expression that passes has a type and
// evaluates without a panic, and the same text is judged the same twice.
func FuzzCompileExpr(f *testing.F) {
	for _, s := range []string{
		`member.level == "gold" and "a" not in member.tags`, `sum(events("order.paid", "90d"), .amount) > 500`,
		`days_since(member.last_seen_at) > 30`,
		`last(events("order.paid")).amount ?? 0`, `let n = member.points; n * n`, `member?.age ?? 3`,
		`{a: 1, "b": [1, 2.5]}`, `1..3`, `-member.points % 7`,
		`events("order.paid")[0:2] | map(.items) | len()`, `any(events("order.paid"), any(.items ?? [], .qty > 1))`,
		`not (member.vip ?? false) ? 1 : 2.5`,
		`in_segment("loyal") or member.loop_a > 1`, `actions.maybe?.issued == true`,
		`add_days(today(), 3) - now() < duration("36h")`, `"王" + member.level`,
		`member.level matches "^g" && bucket(10) < 3`, `((((((((1))))))))`, `"\u{1F600}" == '\x41'`, "`raw`", `#`, `.x`,
		`a ?. b`, `map([1], # + #index)`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at := func(from, to int) diag.Pos { return diag.Pos{Line: 1, Column: from + 1, EndLine: 1, EndColumn: to + 1} }
		x, diags := CompileExpr(diag.Source{Text: text, At: at}, testScope(), nil)
		_, again := CompileExpr(diag.Source{Text: text, At: at}, testScope(), nil)
		if len(diags) != len(again) {
			t.Fatalf("%q: %d mistakes, then %d", text, len(diags), len(again))
		}
		for _, d := range diags {
			if d.Code == "" || d.Message == "" || d.Column < 1 || d.EndColumn < d.Column {
				t.Fatalf("%q: %+v", text, d)
			}
		}
		if x == nil {
			if len(diags) == 0 {
				t.Fatalf("%q: neither an expression nor a mistake", text)
			}
			return
		}
		if x.Type == nil {
			t.Fatalf("%q: no type", text)
		}
		// What may fail at run time (a division by zero that is computed, a number out of range) is an
		// error, never a panic.
		e := testEnv()
		_, _ = x.Eval(e)
		_ = x.Seen(e)
	})
}
