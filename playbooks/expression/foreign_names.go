package expression

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/schema"
)

// Functions, methods and constants of SQL, of spreadsheets and of other languages, with what is
// written for them here.

// shortAll writes arguments as they may stand in a label.
func shortAll(list []ast.Node) []string {
	var out []string
	for _, n := range list {
		if _, ok := n.(*ast.PredicateNode); ok {
			continue
		}
		out = append(out, operandOf(n, short(n)))
	}
	return out
}

// forbiddenHint returns what is written in place of a function that is not part of the language.
func forbiddenHint(name string, args []ast.Node) string {
	if name != "date" || len(args) != 1 {
		return ""
	}
	if s, ok := args[0].(*ast.StringNode); ok && schema.LooksLikeTime.MatchString(s.Value) {
		return fmt.Sprintf(noDates, s.Value[:len("2006-01-02")])
	}
	return "the day of now() is today(); days are compared by days_since(t)"
}

// tooMany returns how a function is called that was given more than it takes.
func tooMany(n *ast.BuiltinNode, usage string) string {
	if places, ok := constantOf(n.Arguments[len(n.Arguments)-1]).(float64); ok && n.Name == "round" && places > 0 &&
		places < 10 {
		hundred := "1" + strings.Repeat("0", int(places))
		return "write round(" + operandOf(n.Arguments[0], short(n.Arguments[0])) + " * " + hundred + ") / " + hundred
	}
	return "write " + usage
}

// itemsHint returns how a condition on items is written.
func (c *checker) itemsHint(n *ast.BuiltinNode, p *ast.PredicateNode, t *schema.Type) string {
	if t.Kind == schema.KindString && n.Name == "any" && !mentionsItem(p.Node) {
		return "write " + short(p.Node) + " in " + short(n.Arguments[0])
	}
	return "write " + c.rules[n.Name].Usage
}

// method reports a call of what belongs to a value in another language:
// member.nickname.toLowerCase().
func (c *checker) method(n *ast.CallNode) {
	label := ""
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		if key, ok := m.Property.(*ast.StringNode); ok {
			label = foreign.Function(key.Value, shortAll(append([]ast.Node{m.Node}, n.Arguments...)))
			if label == "" && (c.rules[key.Value].check != nil || functionNamed(key.Value) != nil) {
				label = "write " + key.Value + "(" + strings.Join(shortAll(append([]ast.Node{m.Node}, n.Arguments...)), ", ") + ")"
			}
			if label == "" && slices.Contains([]string{"contains", "matches"}, key.Value) && len(n.Arguments) == 1 {
				label = "write " + short(m.Node) + " " + key.Value + " " + short(n.Arguments[0])
			}
		}
	}
	c.report(span(n.Callee), "unknown-function", label, "%s cannot be called", quoteNode(n.Callee))
}

// sizeField returns what is written for a field that other languages give lists and texts.
func sizeField(of ast.Node, t *schema.Type, field string) string {
	sized := t.Kind == schema.KindList || t.Kind == schema.KindString
	if sized && slices.Contains([]string{"length", "size", "count", "len", "Length", "Count"}, field) {
		return "write len(" + short(of) + ")"
	}
	if t.Kind == schema.KindList && t.Elem != nil {
		if _, ok := t.Elem.Field(field); ok {
			return "of each item: map(" + short(of) + ", ." + field + "); of one: first(…), last(…); or any(…, ." + field +
				" > 1)"
		}
	}
	if t.Kind == schema.KindList {
		return "a list has items: first(…), last(…), any(…, .x > 1)"
	}
	if IsTime(t) {
		return foreign.Functions[strings.ToLower(field)]
	}
	return ""
}

// foreignConstants are names of other languages for what has one here.
var foreignConstants = map[string]string{
	"True": "true", "TRUE": "true", "yes": "true", "YES": "true", "Yes": "true", "真": "true", "是": "true",
	"False": "false", "FALSE": "false", "no": "false", "NO": "false", "No": "false", "假": "false", "否": "false",
	"null": "nil", "None": "nil", "undefined": "nil", "NULL": "nil", "Null": "nil", "NIL": "nil", "Nil": "nil",
	"none": "nil", "空": "nil", "空值": "nil",
	"现在": "now()", "今天": "today()", "NOW": "now()", "TODAY": "today()",
}

// foreignConstant reports a constant of another language, a function without its brackets, a
// number, an hour or a day in words.
func (c *checker) foreignConstant(n *ast.IdentifierNode) bool {
	report := func(write, label, message string, sure bool) bool {
		d := c.report(n.Location(), "unknown-name", cmp.Or(label, "write `"+write+"`"), message, n.Value)
		if write != "" {
			d.Suggest(write).UnsureUnless(sure)
		}
		return true
	}
	write := foreignConstants[n.Value]
	switch {
	case write == "nil":
		sure := strings.EqualFold(n.Value, "nil") || strings.EqualFold(n.Value, "null") || n.Value == "None" ||
			n.Value == "undefined"
		c.report(n.Location(), "unknown-name", "write `nil`", "a missing value is called `nil` here").Suggest("nil").
			UnsureUnless(sure)
		return true
	case write != "":
		return report(write, "", "nothing is called `%s` here", strings.EqualFold(n.Value, write))
	}
	if f := functionNamed(n.Value); f != nil {
		write := ""
		if len(f.args) == 0 && f.check == nil {
			write = f.Usage
		}
		return report(write, "write "+f.Usage, "`%s` is a function", true)
	}
	if r, ok := c.rules[n.Value]; ok {
		return report("", "write "+r.Usage, "`%s` is a function", false)
	}
	if label := foreign.Functions[strings.ToLower(strings.ReplaceAll(n.Value, "_", ""))]; label == foreign.NoHours ||
		label == foreign.NoDays || label == foreign.NoParts {
		return report("", label, "nothing is called `%s` here", false)
	}
	return c.numeralInLetters(n, report)
}

// numeralInLetters reports a number, an hour or a day of the week in Chinese words: 三, 晚上十点, 周一.
func (c *checker) numeralInLetters(n *ast.IdentifierNode,
	report func(write, label, message string, sure bool) bool,
) bool {
	spoken := schema.InDigitsOf(n.Value)
	switch {
	case diag.WholeNumber.MatchString(spoken):
		return report(spoken, "", "a number is written in digits, not `%s`", false)
	case schema.ClockAsWritten.MatchString(spoken) || schema.NamedClocks[n.Value] != "":
		label := foreign.NoHours
		if m := schema.ClockAsWritten.FindStringSubmatch(spoken); m != nil {
			hour, _ := strconv.Atoi(m[2])
			if hours, _ := schema.HoursOfDayPart(m[1], m[4] != "", hour); len(hours) == 1 && m[5] == "" && m[3] == "" {
				label = strings.Replace(label, "22:00", fmt.Sprintf("%02d:00", hours[0]), 1)
			}
		}
		return report("", label, "`%s` is no time here", false)
	case foreign.IsWeekdayName(n.Value):
		return report("", foreign.NoDays, "`%s` is no day here", false)
	}
	return false
}

var calledName = regexp.MustCompile(`(?:^|[^\w.])([A-Za-z_]\w*)\s*\(`)

// foreignFunctionCall reports a function of another language in an expression that cannot be read,
// as may be by what it is given.
func (c *checker) foreignFunctionCall(masked string) bool {
	for _, m := range calledName.FindAllStringSubmatchIndex(masked, -1) {
		name := masked[m[2]:m[3]]
		if _, known := c.rules[name]; known || functionNamed(name) != nil ||
			slices.Contains([]string{"and", "or", "not", "in", "if", "AND", "OR", "NOT", "IN"}, name) {
			continue
		}
		if label := foreign.Function(name, nil); label != "" {
			c.report(c.runes(m[2], m[3]), "unknown-function", label, "there is no function `%s`", name)
			return true
		}
	}
	return false
}
