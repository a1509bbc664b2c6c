package expression

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// timeFunctions are the functions of the calendar: constants, parts of a time, and what counts by
// dates.
func timeFunctions() []function {
	one, two := []*schema.Type{schema.Datetime}, []*schema.Type{schema.Datetime, schema.Datetime}
	out := []function{
		{
			Name: "date", Usage: `date("2026-11-12")`, out: schema.Date, check: (*checker).dateCall,
			Doc: "the day: a constant",
		},
		{
			Name: "datetime", Usage: `datetime("2026-11-12 10:00")`, out: schema.Datetime, check: (*checker).datetimeCall,
			Doc: "the time in the workspace's zone, unless it has an offset of its own: a constant",
		},
		{
			Name: "is_today", Usage: "is_today(t)", args: one, out: schema.Bool,
			Doc: "whether t is on the member's local day at now()",
		},
		{
			Name: "days_between", Usage: "days_between(a, b)", args: two, out: schema.Int,
			Doc: "how many days later the date of b is than that of a, in the member's zone; less than 0 when it is sooner",
		},
		{
			Name: "years_between", Usage: "years_between(a, b)", args: two, out: schema.Int,
			Doc: "the same in whole years: an age, which turns on the birthday; 29 February counts as the 28th in other years",
		},
	}
	for _, part := range []struct{ name, doc string }{
		{"year", "the year of t, in the member's zone"},
		{"month", "its month, from 1 to 12"},
		{"day", "its day of the month, from 1 to 31"},
		{"hour", "its hour, from 0 to 23"},
		{"minute", "its minute, from 0 to 59"},
		{"weekday", "its day of the week, from 1 for Monday to 7 for Sunday"},
	} {
		out = append(out, function{Name: part.name, Usage: part.name + "(t)", Doc: part.doc, args: one, out: schema.Int})
	}
	return append(out, function{
		Name: "lunar", Usage: "lunar(t)", args: one, out: LunarDay.AsOptional(),
		Doc: "its day in the Chinese calendar: `.year`, `.month`, `.day`, and whether the month is a leap month, `.leap`;" +
			" missing before 1900 and after 2100",
	})
}

// LunarDay is the type of a day of the Chinese calendar.
var LunarDay = schema.ObjectOf(schema.Field{Name: "year", Type: schema.Int}, schema.Field{Name: "month", Type: schema.Int},
	schema.Field{Name: "day", Type: schema.Int}, schema.Field{Name: "leap", Type: schema.Bool})

func (c *checker) dateCall(n *ast.CallNode) *schema.Type {
	if s, ok := c.timeConstant(n, "date", `date("2026-11-12")`); ok {
		m, err := schema.ParseMoment(s.Value, time.UTC)
		if err == nil && !m.Day {
			c.Report(s.Location(), "bad-value", "write datetime("+strconv.Quote(s.Value)+"), or leave out the time of the day",
				"%q is no date", s.Value)
		}
		c.badMoment(s, err)
	}
	return schema.Date
}

func (c *checker) datetimeCall(n *ast.CallNode) *schema.Type {
	if s, ok := c.timeConstant(n, "datetime", `datetime("2026-11-12 10:00")`); ok {
		m, err := schema.ParseMoment(s.Value, time.UTC)
		if err == nil && m.Day {
			first := strconv.Quote(strings.TrimSpace(s.Value) + " 00:00")
			c.Report(s.Location(), "bad-value", "write date("+strconv.Quote(s.Value)+"), or "+first+" for its first instant",
				"%q has no time of the day", s.Value).Suggest(first).UnsureUnless(false)
		}
		if !m.Zone {
			c.refs.zone[""] = true
		}
		c.badMoment(s, err)
	}
	return schema.Datetime
}

// badMoment reports a text that is no time.
func (c *checker) badMoment(s *ast.StringNode, err error) {
	var bad *schema.MomentError
	if !errors.As(err, &bad) {
		return
	}
	if d := c.Report(s.Location(), "bad-value", bad.Hint, "%s", bad.Message); bad.Fix != "" {
		d.Suggest(strconv.Quote(bad.Fix))
	}
}

// timeConstant returns the text of a time that is written out.
func (c *checker) timeConstant(n *ast.CallNode, name, usage string) (*ast.StringNode, bool) {
	if len(n.Arguments) == 1 {
		a := n.Arguments[0]
		if _, isText := a.(*ast.StringNode); !isText {
			if t := c.check(a); t != nil && schema.IsTime(t) {
				c.Report(nodes.Span(a), "not-a-constant",
					"days are compared by is_today(t) and days_between(a, b); a part of it is day(t)",
					"`%s` takes a constant, this is a time already", name)
				return nil, false
			}
		}
	}
	return c.constantArgument(n, name, usage)
}

// timeHint returns what is written where a function is called with other arguments that it takes,
// though another one takes them.
func timeHint(f *function, args []ast.Node) string {
	write := func(name string, more ...string) string {
		out := name + "("
		for i, a := range slices.Concat(nodes.ShortAll(args), more) {
			if i > 0 {
				out += ", "
			}
			out += a
		}
		return "write " + out + ")"
	}
	switch n := len(args); {
	case f.Name == "days_since" && n == 2:
		return write("days_between")
	case f.Name == "is_today" && n == 0:
		return "write " + f.Usage + "; the day itself is today()"
	case f.Name == "days_between" && n == 1:
		return write("days_between", "now()") + " to count dates, days_since(t) to count whole days on the wall clock"
	case f.Name == "years_between" && n == 1:
		return write("years_between", "now()")
	case n == 0 && arithmetic.Parts[f.Name] != nil:
		return "write " + f.Name + "(now())"
	}
	return "write " + f.Usage
}

// dayMixedUp warns of days_since(t) == 0 and the like, which holds for 24 hours and not until
// midnight, and of a time that is to equal a day.
func (c *checker) dayMixedUp(n *ast.BinaryNode) {
	c.timeEqualsDay(n)
	call, op, other := n.Left, n.Operator, n.Right
	if _, ok := call.(*ast.CallNode); !ok {
		call, op, other = n.Right, nodes.Mirrored[op], n.Left
	}
	f, ok := call.(*ast.CallNode)
	if !ok || nodes.Callee(f) != "days_since" || len(f.Arguments) != 1 {
		return
	}
	days, ok := nodes.ConstantInt(other)
	t := c.types[f.Arguments[0]]
	if !ok || t == nil || t.Kind != schema.KindDatetime {
		return
	}
	of := nodes.Short(f.Arguments[0])
	var label string
	switch {
	case days == 0 && (op == "==" || op == "!="), days == 1 && op == "<":
		not := map[bool]string{true: "not "}[op == "!="]
		label = fmt.Sprintf("write %sis_today(%s) if the day is meant", not, of)
	case days == 1 && (op == "==" || op == "!="):
		label = fmt.Sprintf("write days_between(%s, now()) %s 1 if yesterday is meant", of, op)
	default:
		return
	}
	c.Report(nodes.Span(n), "by-the-clock", label,
		"days_since() counts from the time of the day of `%s`, not from midnight", of).Severity = diag.Warning
}

// timeEqualsDay warns of a time that is compared with a day, which is its first instant.
func (c *checker) timeEqualsDay(n *ast.BinaryNode) {
	at, day := n.Left, n.Right
	if t := c.types[at]; t != nil && t.Kind == schema.KindDate {
		at, day = day, at
	}
	t, d := c.types[at], c.types[day]
	if n.Operator != "==" && n.Operator != "!=" || t == nil || d == nil ||
		t.Kind != schema.KindDatetime || d.Kind != schema.KindDate {
		return
	}
	label := fmt.Sprintf("write days_between(%s, %s) %s 0 if the day is meant", nodes.Short(day), nodes.Short(at), n.Operator)
	today := map[string]ast.Node{"now": day, "today": at}
	for _, side := range []ast.Node{at, day} {
		call, _ := side.(*ast.CallNode)
		if call == nil {
			continue
		}
		if of := today[nodes.Callee(call)]; of != nil {
			not := map[bool]string{true: "not "}[n.Operator == "!="]
			label = fmt.Sprintf("write %sis_today(%s) if the day is meant", not, nodes.Short(of))
		}
	}
	c.Report(nodes.Span(n), "by-the-clock", label,
		"%s is a time, and equals the day only at its first instant", nodes.Quote(at)).Severity = diag.Warning
}

// timeInText returns how a time is written that a text was to be; of is what it is compared with.
func timeInText(of, text string) string {
	if foreign.IsWeekdayName(text) {
		return foreign.NoDays
	}
	return cmp.Or(constantInText(text), "there are no times in texts: write days_since("+of+
		") < 30, or compare it with now(), today(), date(\"2026-11-12\") or an attribute")
}

// constantInText returns how the date or time is written that a text was to be; empty when it is none.
func constantInText(text string) string {
	m, err := schema.ParseMoment(text, time.UTC)
	var bad *schema.MomentError
	if errors.As(err, &bad) && bad.Fix != "" {
		text = bad.Fix
		m, err = schema.ParseMoment(text, time.UTC)
	}
	switch {
	case err == nil && m.Day:
		return "write date(" + strconv.Quote(text) + ")"
	case err == nil:
		return "write datetime(" + strconv.Quote(text) + ")"
	}
	return ""
}

// WindowList names the windows that are periods of the calendar.
func WindowList() string {
	names := schema.WindowNames()
	for i, name := range names {
		names[i] = strconv.Quote(name)
	}
	return diag.OneOf(names)
}
