package enginetest

import (
	"strings"
	"sync"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// Leaves are what random expressions are made of, by type: each a part that is always there.
type Leaves struct {
	Ints, Numbers, Texts, Bools, Times, Durations, NumberLists []string
	Items                                                      []string // numbers of the item that a predicate looks at
	List                                                       string   // whose items those are
}

// Drawer draws expressions of the language, well typed and guarded.
type Drawer struct {
	T *rapid.T
	Leaves
}

func (d *Drawer) of(leaves []string) string { return Pick(d.T, "leaf", leaves) }

// form draws one of the forms, or a leaf at the bottom. A form calls for its parts only when it is
// drawn.
func (d *Drawer) form(depth int, leaves []string, forms ...func() string) string {
	if depth <= 0 || rapid.IntRange(0, 3).Draw(d.T, "leaf or form") == 0 {
		return d.of(leaves)
	}
	return forms[rapid.IntRange(0, len(forms)-1).Draw(d.T, "form")]()
}

func (d *Drawer) operator(ops ...string) string { return Pick(d.T, "operator", ops) }

// Int draws an expression of an int, of so many levels at most.
func (d *Drawer) Int(depth int) string {
	n := depth - 1
	return d.form(depth, d.Ints,
		func() string { return "(" + d.Int(n) + d.operator(" + ", " - ", " * ") + d.Int(n) + ")" },
		func() string { return "((" + d.Int(n) + " % " + d.Int(n) + ") ?? 3)" },
		func() string { return "int(" + d.Number(n) + ")" },
		func() string { return "(-" + d.Int(n) + ")" },
		func() string { return d.operator("min(", "max(") + d.Int(n) + ", " + d.Int(n) + ")" },
		func() string { return d.operator("days_since(", "hours_since(") + d.Time(n) + ")" },
		func() string {
			return d.operator("year(", "month(", "day(", "hour(", "minute(", "weekday(") + d.Time(n) + ")"
		},
		func() string {
			return d.operator("days_between(", "years_between(") + d.Time(n) + ", " + d.Time(n) + ")"
		},
		func() string { return "(lunar(" + d.Time(n) + ")?.day ?? 0)" },
		func() string { return "len(" + d.Text(n) + ")" },
		func() string { return "count(" + d.List + ", " + d.item() + d.operator(" > ", " == ") + d.item() + ")" },
		func() string { return d.choice(n, d.Int) },
	)
}

// Number draws an expression of a number, of so many levels at most.
func (d *Drawer) Number(depth int) string {
	n := depth - 1
	return d.form(depth, d.Numbers,
		func() string { return "(" + d.Number(n) + d.operator(" + ", " - ", " * ", " ** ") + d.Number(n) + ")" },
		func() string { return "((" + d.Number(n) + " / " + d.Number(n) + ") ?? 0.1)" },
		func() string { x := d.Number(n); return "(" + x + " != 0 ? " + d.Number(n) + " / " + x + " : 0.5)" },
		func() string { return d.operator("round(", "ceil(", "floor(", "abs(", "float(") + d.Number(n) + ")" },
		func() string { return "(" + d.Int(n) + d.operator(" + ", " * ") + d.Number(n) + ")" },
		func() string { return d.operator("min(", "max(") + d.Number(n) + ", " + d.Int(n) + ")" },
		func() string { return "sum(" + d.of(d.NumberLists) + ")" },
		func() string {
			return "sum(" + d.List + ", " + d.item() + d.operator(" * ", " + ", " - ") + d.item() + ")"
		},
		func() string { return "sum([" + d.Number(n) + ", " + d.Number(n) + ", " + d.Int(n) + "])" },
		func() string { return d.choice(n, d.Number) },
	)
}

// item draws a number of the item that a predicate looks at.
func (d *Drawer) item() string { return d.of(d.Items) }

// Text draws an expression of a text, of so many levels at most.
func (d *Drawer) Text(depth int) string {
	n := depth - 1
	return d.form(depth, d.Texts,
		func() string { return "(" + d.Text(n) + " + " + d.Text(n) + ")" },
		func() string { return d.operator("upper(", "lower(", "trim(") + d.Text(n) + ")" },
		func() string { return "(" + d.Text(n) + ")[" + d.Int(n) + ":" + d.Int(n) + "]" },
		func() string { return "string(" + d.Number(n) + ")" },
		func() string { return "(first(split(" + d.Text(n) + ", " + d.Text(n) + `)) ?? "none")` },
		func() string { return d.choice(n, d.Text) },
	)
}

// Bool draws an expression of a bool, of so many levels at most.
func (d *Drawer) Bool(depth int) string {
	n := depth - 1
	return d.form(depth, d.Bools,
		func() string {
			return "(" + d.Number(n) + d.operator(" > ", " <= ", " == ", " != ") + d.Number(n) + ")"
		},
		func() string { return "(" + d.Int(n) + d.operator(" < ", " >= ", " == ") + d.Number(n) + ")" },
		func() string {
			return "(" + d.Text(n) + d.operator(" == ", " < ", " contains ", " startsWith ") + d.Text(n) + ")"
		},
		func() string { return "(" + d.Time(n) + d.operator(" > ", " <= ", " == ") + d.Time(n) + ")" },
		func() string { return "(" + d.Duration(n) + d.operator(" > ", " <= ") + d.Duration(n) + ")" },
		func() string { return "(" + d.Bool(n) + d.operator(" and ", " or ") + d.Bool(n) + ")" },
		func() string { return "(not " + d.Bool(n) + ")" },
		func() string { return "(" + d.Number(n) + " in " + d.of(d.NumberLists) + ")" },
		func() string { return "any(" + d.List + ", " + d.item() + " > 0 and 10 / " + d.item() + " != nil)" },
		func() string { return d.choice(n, d.Bool) },
	)
}

// Time draws an expression of a time, of so many levels at most.
func (d *Drawer) Time(depth int) string {
	n := depth - 1
	return d.form(depth, d.Times,
		func() string { return "add_days(" + d.Time(n) + ", " + d.Int(n) + ")" },
		func() string { return "(" + d.Time(n) + d.operator(" + ", " - ") + d.Duration(n) + ")" },
		func() string { return d.choice(n, d.Time) },
	)
}

// Duration draws an expression of a duration, of so many levels at most.
func (d *Drawer) Duration(depth int) string {
	n := depth - 1
	return d.form(depth, d.Durations,
		func() string { return "(" + d.Time(n) + " - " + d.Time(n) + ")" },
		func() string { return "(" + d.Duration(n) + d.operator(" + ", " - ") + d.Duration(n) + ")" },
	)
}

func (d *Drawer) choice(depth int, of func(int) string) string {
	return "(" + d.Bool(depth) + " ? " + of(depth) + " : " + of(depth) + ")"
}

// Checked returns an expression as the value of a field, or another one where `check` has a reason
// not to take it that is known.
func (d *Drawer) Checked(sc *scope.Scope, text string, want *schema.Type, otherwise string) string {
	x, diags := expression.CompileExpr(diag.Source{Text: text}, sc, want)
	for _, m := range diags {
		zero := m.Code == "type-mismatch" && strings.Contains(m.Message, "division by zero")
		advice := m.Code == "constant-condition" || m.Code == "by-the-clock" // of what is drawn, nobody means anything
		if !advice && m.Code != "expression-too-long" && !zero {
			d.T.Fatalf("%s: %+v", text, m)
		}
	}
	if x == nil {
		text = otherwise
	}
	return "'= " + strings.ReplaceAll(text, "'", "''") + "'"
}

// leaves are of the random workspaces that are decided in many ways; see alikeUsher.
var leaves = Leaves{
	Ints: []string{
		"0", "3", "9007199254740991", "(member.seen ?? 1)", "member.points", `len(events("buy", "30d"))`,
		`sum(events("buy"), .n)`, "bucket(10)",
		"days_since(member.last_seen_at)", `(last(events("echo"))?.n ?? 2)`,
	},
	Numbers: []string{"0.1", "39.9", "1e308", "0.0", `sum(events("buy", "3d"), .n)`, "(member.seen ?? 0)"},
	Texts:   []string{`""`, `"小王"`, "member.id", `(member.locale ?? "")`},
	Bools:   []string{`in_segment("spenders")`, `("x" in member.tags)`, "(member.seen == nil)", "(member.points > 2)"},
	Times: []string{
		"now()", "today()", "member.created_at", "member.last_seen_at", `date("2026-03-08")`, `datetime("2026-03-08 02:30")`,
		`(last(events("buy"))?.at ?? now())`,
	},
	Durations:   []string{`duration("36h")`, `duration("87840h")`},
	NumberLists: []string{"[0.1, 0.2]", `map(events("buy"), .n)`},
	List:        `events("buy")`, Items: []string{".n", "0.1", "2"},
}

// drawCalculation draws an action of such a workspace that calculates.
func drawCalculation(t *rapid.T, group bool) string {
	d, of := &Drawer{t, leaves}, declared()
	if group {
		d.Leaves, of = leavesOfGroups(), of.Of("group")
	}
	sc := &scope.Scope{Schema: of}
	switch rapid.IntRange(0, 3).Draw(t, "calculation") {
	case 0:
		if !group {
			return "points: " + d.Checked(sc, d.Int(2), schema.Int, "3")
		}
		return "set: {paid: " + d.Checked(sc, d.Number(2), schema.Number, "0.5") + "}"
	case 1:
		return "wait: {until: " + d.Checked(sc, d.Time(2), schema.Datetime, "now()") + "}"
	case 2:
		return "emit: {event: echo, properties: {n: " + d.Checked(sc, d.Int(3), schema.Int, "1") + "}}"
	}
	return "set: {seen: " + d.Checked(sc, d.Int(3), schema.Int, "1") + "}"
}

// leavesOfGroups are those of playbooks for groups.
var leavesOfGroups = sync.OnceValue(func() Leaves {
	list, _ := forGroup(leaves.List)
	return Leaves{
		Ints: ofGroups(leaves.Ints), Numbers: ofGroups(leaves.Numbers), Texts: ofGroups(leaves.Texts),
		Bools: ofGroups(leaves.Bools), Times: ofGroups(leaves.Times), Durations: ofGroups(leaves.Durations),
		NumberLists: ofGroups(leaves.NumberLists), List: list, Items: leaves.Items,
	}
})
