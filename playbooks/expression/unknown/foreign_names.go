package unknown

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// foreignRoot reports a name that another tool has for what is called otherwise here:
// segment.quiet, tags.vip, user.level.
func (c *Names) foreignRoot(n *ast.IdentifierNode) bool {
	runes := []rune(c.Source.Text)
	loc := n.Location()
	field := FieldAfter(string(runes[min(loc.To, len(runes)):]))
	if field == "" {
		return false
	}
	loc.To += 1 + utf8.RuneCountInString(field)
	wrote := n.Value + "." + field
	report := func(write string, sure bool) bool {
		c.Report(loc, "unknown-name", "write "+write, "nothing is called `%s` here", n.Value).Suggest(write).
			UnsureUnless(sure)
		return true
	}
	switch strings.ToLower(n.Value) {
	case "segment", "segments":
		for _, name := range []string{field, strings.ReplaceAll(field, "_", "-")} {
			if c.sc.Schema.SegmentSource(name) != nil {
				return report(`in_segment("`+name+`")`, true)
			}
		}
		return report(`in_segment("`+strings.ReplaceAll(field, "_", "-")+`")`, false)
	case "tag", "tags":
		return report(`"`+field+`" in `+c.sc.Schema.Subject()+`.tags`, false)
	case "properties", "props", "payload", "data":
		for name, t := range map[string]*schema.Type{"event": c.sc.Event, "trigger": c.sc.Trigger} {
			if t == nil || name == "trigger" && c.sc.Event != nil {
				continue
			}
			if _, ok := t.Field(field); ok {
				return report(name+"."+field, false)
			}
		}
	default:
		if !slices.Contains(foreign.MemberSynonyms, strings.ToLower(n.Value)) {
			return false
		}
		if _, ok := c.sc.Schema.MemberRecord().Field(field); ok {
			return report(c.sc.Schema.Subject()+"."+field, true)
		}
		c.Report(n.Location(), "unknown-name", "write "+c.sc.Schema.Subject()+"."+field, "nothing is called `%s` here; `%s` is no attribute",
			n.Value, wrote)
		return true
	}
	return false
}

// Method reports a call of what belongs to a value in another language:
// member.nickname.toLowerCase().
func (c *Names) Method(n *ast.CallNode) {
	label := ""
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		if key, ok := m.Property.(*ast.StringNode); ok {
			label = foreign.Function(key.Value, nodes.ShortAll(append([]ast.Node{m.Node}, n.Arguments...)))
			if label == "" && c.functions.Has(key.Value) {
				label = "write " + key.Value + "(" + strings.Join(nodes.ShortAll(append([]ast.Node{m.Node}, n.Arguments...)), ", ") + ")"
			}
			if label == "" && slices.Contains([]string{"contains", "matches"}, key.Value) && len(n.Arguments) == 1 {
				label = "write " + nodes.Short(m.Node) + " " + key.Value + " " + nodes.Short(n.Arguments[0])
			}
		}
	}
	c.Report(nodes.Span(n.Callee), "unknown-function", label, "%s cannot be called", nodes.Quote(n.Callee))
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
func (c *Names) foreignConstant(n *ast.IdentifierNode) bool {
	report := func(write, label, message string, sure bool) bool {
		d := c.Report(n.Location(), "unknown-name", cmp.Or(label, "write `"+write+"`"), message, n.Value)
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
		c.Report(n.Location(), "unknown-name", "write `nil`", "a missing value is called `nil` here").Suggest("nil").
			UnsureUnless(sure)
		return true
	case write != "":
		return report(write, "", "nothing is called `%s` here", strings.EqualFold(n.Value, write))
	}
	if usage := c.functions.Own[n.Value]; usage != "" {
		write := ""
		if strings.HasSuffix(usage, "()") { // it takes nothing
			write = usage
		}
		return report(write, "write "+usage, "`%s` is a function", true)
	}
	if usage := c.functions.Library[n.Value]; usage != "" {
		return report("", "write "+usage, "`%s` is a function", false)
	}
	if label := foreign.Function(n.Value, nil); strings.Contains(label, "(now())") {
		return report("", label, "nothing is called `%s` here", false)
	}
	return c.numeralInLetters(n, report)
}

// numeralInLetters reports a number, an hour or a day of the week in Chinese words: 三, 晚上十点, 周一.
func (c *Names) numeralInLetters(n *ast.IdentifierNode,
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
				label = strings.Replace(label, "22", strconv.Itoa(hours[0]), 1)
			}
		}
		return report("", label, "`%s` is no time here", false)
	case foreign.IsWeekdayName(n.Value):
		return report("", foreign.NoDays, "`%s` is no day here", false)
	}
	return false
}

// SizeField returns what is written for a field that other languages give lists and texts.
func SizeField(of ast.Node, t *schema.Type, field string) string {
	sized := t.Kind == schema.KindList || t.Kind == schema.KindString
	if sized && slices.Contains([]string{"length", "size", "count", "len", "Length", "Count"}, field) {
		return "write len(" + nodes.Short(of) + ")"
	}
	if t.Kind == schema.KindList && t.Elem != nil {
		if _, ok := t.Elem.Field(field); ok {
			return "of each item: map(" + nodes.Short(of) + ", ." + field + "); of one: first(…), last(…); or any(…, ." + field +
				" > 1)"
		}
	}
	if t.Kind == schema.KindList {
		return "a list has items: first(…), last(…), any(…, .x > 1)"
	}
	if schema.IsTime(t) {
		return foreign.Function(field, []string{nodes.Short(of)})
	}
	return ""
}
