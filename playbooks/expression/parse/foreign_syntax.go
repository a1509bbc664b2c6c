package parse

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/schema"
)

// What people write who come from SQL, from another language or from a Chinese keyboard, where the
// expression library only says that something is not expected.

var (
	groupedNumber = regexp.MustCompile(`(?:^|[^\w.,])(\d{1,3}(?:,\d{3})+)(?:$|[^\w,])`)
	percentNumber = regexp.MustCompile(`(?:^|[^\w.])(\d+(?:\.\d+)?)%\s*(?:$|[)\]*/<>=!&|?:,]|and\b|or\b)|百分之(\d+(?:\.\d+)?)`)
	bareTime      = regexp.MustCompile(`(?:^|[^\w.])(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ][0-2]\d:[0-5]\d(?::[0-5]\d)?(?:Z|[+-][01]\d:\d\d)?)`)
	bareDate      = regexp.MustCompile(`(?:^|[^\w.])(\d{4}([-/])(?:0?[1-9]|1[0-2])[-/](?:0[1-9]|[12]\d|3[01]))(?:$|[^\w-])|(?:^|[^\w.])(\d{4}年\d{1,2}月\d{1,2}日)`)
)

// foreignSyntax reports the first habit in an expression that cannot be read; false when it has
// none.
func (c *reader) foreignSyntax() bool {
	masked := c.withoutNames(diag.WithoutTexts(c.Source.Text))
	if c.foreignNumber(masked) || c.foreignFunctionCall(masked) {
		return true
	}
	for i := range foreign.SyntaxRules {
		h := &foreign.SyntaxRules[i]
		found := h.Find.FindAllStringSubmatchIndex(masked, -1)
		if len(found) == 0 {
			continue
		}
		whole := strings.Contains(h.Write, "$1") // else the group alone is replaced
		from, to := bounds(found[0], whole)
		wrote := strings.TrimSpace(c.Source.Text[from:to])
		message, label := h.Message, h.Label
		if strings.Contains(message, "%s") {
			message = fmt.Sprintf(message, wrote)
		}
		write := func(m []int) string { return string(h.Find.ExpandString(nil, h.Write, c.Source.Text, m)) }
		if h.Write != "" && label == "" {
			label = "write `" + strings.TrimSpace(write(found[0])) + "`"
		}
		d := c.Report(c.Runes(from, to), "syntax-expression", label, "%s", message)
		for _, m := range found {
			if from, to := bounds(m, whole); (h.Write != "" || h.Drop) && d.Line > 0 {
				at := c.Runes(from, to)
				d.Edits = append(d.Edits, diag.Edit{Pos: c.Source.Pos(at.From, at.To), Text: write(m), Unsure: !h.Sure})
			}
		}
		return true
	}
	return false
}

// bounds returns what a match is about: its group, unless the whole is replaced.
func bounds(m []int, whole bool) (from, to int) {
	if !whole && len(m) > 2 && m[2] >= 0 {
		return m[2], m[3]
	}
	return m[0], m[1]
}

// foreignNumber reports a number or a date as texts write it.
func (c *reader) foreignNumber(masked string) bool {
	report := func(from, to int, write, message, label string, sure bool) bool {
		if label == "" {
			label = "write " + write
		}
		d := c.Report(c.Runes(from, to), "syntax-expression", label, "%s", message)
		if write != "" {
			d.Suggest(write).UnsureUnless(sure)
		}
		return true
	}
	if m := bareTime.FindStringSubmatchIndex(masked); m != nil {
		return report(m[2], m[3], "datetime("+strconv.Quote(masked[m[2]:m[3]])+")", "`"+masked[m[2]:m[3]]+"` is no time here", "", true)
	}
	if c.foreignDate(masked) {
		return true
	}
	if m := groupedNumber.FindStringSubmatchIndex(masked); m != nil {
		inside := strings.Count(masked[:m[2]], "(")+strings.Count(masked[:m[2]], "[") > strings.Count(masked[:m[2]], ")")+
			strings.Count(masked[:m[2]], "]")
		return report(m[2], m[3], strings.ReplaceAll(masked[m[2]:m[3]], ",", ""), "a number has no commas", "", !inside)
	}
	if w, ok := diag.FindWrittenNumber(masked); ok {
		if w.Write == "" {
			return report(w.From, w.To, "", "a number is written in digits", "write it in digits alone, as in 15000", false)
		}
		return report(w.From, w.To, w.Write, w.Why, "", true)
	}
	if m := percentNumber.FindStringSubmatchIndex(masked); m != nil {
		from, to := m[2], m[3]+1
		if from < 0 {
			from, to = m[0], m[1]
			m[2], m[3] = m[4], m[5]
		}
		digits := masked[m[2]:m[3]]
		if n, err := strconv.ParseFloat(digits, 64); err == nil {
			return report(from, to, strconv.FormatFloat(n/100, 'g', -1, 64), "there are no percentages in expressions", "",
				false)
		}
	}
	return false
}

// foreignDate reports a date that is written out: without quotes it is a subtraction.
func (c *reader) foreignDate(masked string) bool {
	m := bareDate.FindStringSubmatchIndex(masked)
	if m == nil {
		return false
	}
	from, to := max(m[2], m[6]), max(m[3], m[7])
	date := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-").Replace(masked[from:to])
	d := c.Report(c.Runes(from, to), "type-mismatch", "", "`%s` is no date here", masked[from:to])
	if date = schema.IsoDate(date); date != "" {
		write := "date(" + strconv.Quote(date) + ")"
		d.Label = "write " + write
		d.Suggest(write).UnsureUnless(false) // it may have been a subtraction
	}
	return true
}

var namedField = regexp.MustCompile(`\.([\p{L}_][\p{L}\p{N}_]*)`)

// withoutNames blanks out declared names that are not ASCII: one may hold a word that is an
// operator to some.
func (c *reader) withoutNames(masked string) string {
	out := []byte(masked)
	for _, m := range namedField.FindAllStringSubmatchIndex(masked, -1) {
		name := masked[m[2]:m[3]]
		for _, t := range []*schema.Type{c.sc.Schema.MemberRecord(), c.sc.Event, c.sc.Trigger, c.sc.Vars, c.sc.Params} {
			if t == nil || diag.IsASCII(name) {
				continue
			}
			if _, ok := t.Field(name); ok {
				copy(out[m[2]:m[3]], strings.Repeat("_", len(name)))
			}
		}
	}
	return string(out)
}

// foreignFunctionCall reports a function of another language in an expression that cannot be read,
// as may be by what it is given.
func (c *reader) foreignFunctionCall(masked string) bool {
	for _, m := range calledName.FindAllStringSubmatchIndex(masked, -1) {
		name := masked[m[2]:m[3]]
		if c.functions.Has(name) || m[2] > 0 && masked[m[2]-1] == '.' ||
			slices.Contains([]string{"and", "or", "not", "in", "if", "AND", "OR", "NOT", "IN"}, name) {
			continue
		}
		if near := diag.Closest(name, slices.Concat(ListFunctions, slices.Sorted(maps.Keys(c.functions.Library)))); near != "" {
			c.Report(c.Runes(m[2], m[3]), "unknown-function", "did you mean `"+near+"`?", "there is no function `%s`", name).
				Suggest(near).UnsureUnless(diag.UniqueMatch(name, c.functions.All()))
			return true
		}
		if label := foreign.Function(name, nil); label != "" {
			c.Report(c.Runes(m[2], m[3]), "unknown-function", label, "there is no function `%s`", name)
			return true
		}
	}
	return false
}

var calledName = regexp.MustCompile(`\b([A-Za-z_]\w*)\s*\(`)
