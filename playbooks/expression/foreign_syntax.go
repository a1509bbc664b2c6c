package expression

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
)

// What people write who come from SQL, from another language or from a Chinese keyboard, where the
// expression library only says that something is not expected.

var (
	groupedNumber = regexp.MustCompile(`(?:^|[^\w.,])(\d{1,3}(?:,\d{3})+)(?:$|[^\w,])`)
	percentNumber = regexp.MustCompile(`(?:^|[^\w.])(\d+(?:\.\d+)?)%\s*(?:$|[)\]*/<>=!&|?:,]|and\b|or\b)|百分之(\d+(?:\.\d+)?)`)
	bareDate      = regexp.MustCompile(`(?:^|[^\w.])(\d{4}([-/])(?:0?[1-9]|1[0-2])[-/](?:0[1-9]|[12]\d|3[01]))(?:$|[^\w-])|(?:^|[^\w.])(\d{4}年\d{1,2}月\d{1,2}日)`)
)

// noDates says how a fixed date is named.
const noDates = "no date is written in an expression: declare an attribute, as in `launch: {type: date, default: %s}`, and compare with member.launch"

// foreignSyntax reports the first habit in an expression that cannot be read; false when it has
// none.
func (c *checker) foreignSyntax() bool {
	masked := c.withoutNames(diag.WithoutTexts(c.src.Text))
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
		wrote := strings.TrimSpace(c.src.Text[from:to])
		message, label := h.Message, h.Label
		if strings.Contains(message, "%s") {
			message = fmt.Sprintf(message, wrote)
		}
		write := func(m []int) string { return string(h.Find.ExpandString(nil, h.Write, c.src.Text, m)) }
		if h.Write != "" && label == "" {
			label = "write `" + strings.TrimSpace(write(found[0])) + "`"
		}
		d := c.report(c.runes(from, to), "syntax-expression", label, "%s", message)
		for _, m := range found {
			if from, to := bounds(m, whole); (h.Write != "" || h.Drop) && d.Line > 0 {
				at := c.runes(from, to)
				d.Edits = append(d.Edits, diag.Edit{Pos: c.src.Pos(at.From, at.To), Text: write(m), Unsure: !h.Sure})
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
func (c *checker) foreignNumber(masked string) bool {
	report := func(from, to int, write, message, label string, sure bool) bool {
		if label == "" {
			label = "write " + write
		}
		d := c.report(c.runes(from, to), "syntax-expression", label, "%s", message)
		if write != "" {
			d.Suggest(write).UnsureUnless(sure)
		}
		return true
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
func (c *checker) foreignDate(masked string) bool {
	m := bareDate.FindStringSubmatchIndex(masked)
	if m == nil {
		return false
	}
	from, to := max(m[2], m[6]), max(m[3], m[7])
	date := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-").Replace(masked[from:to])
	c.report(c.runes(from, to), "type-mismatch", fmt.Sprintf(noDates, date), "`%s` is no date here", masked[from:to])
	return true
}

// runes returns the place of bytes of the source.
func (c *checker) runes(from, to int) place.Location {
	start := utf8.RuneCountInString(c.src.Text[:from])
	return place.Location{From: start, To: start + utf8.RuneCountInString(c.src.Text[from:to])}
}

var namedField = regexp.MustCompile(`\.([\p{L}_][\p{L}\p{N}_]*)`)

// withoutNames blanks out declared names that are not ASCII: one may hold a word that is an
// operator to some.
func (c *checker) withoutNames(masked string) string {
	out := []byte(masked)
	for _, m := range namedField.FindAllStringSubmatchIndex(masked, -1) {
		name := masked[m[2]:m[3]]
		for _, t := range []*schema.Type{c.sc.Schema.MemberRecord(), c.sc.Event, c.sc.Trigger} {
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

// MemberSynonyms are what other tools call the member.
var MemberSynonyms = []string{"user", "customer", "contact", "profile", "person", "subscriber", "account", "用户", "会员"}

// foreignRoot reports a name that another tool has for what is called otherwise here:
// segment.quiet, tags.vip, user.level.
func (c *checker) foreignRoot(n *ast.IdentifierNode) bool {
	runes := []rune(c.src.Text)
	loc := n.Location()
	field := FieldAfter(string(runes[min(loc.To, len(runes)):]))
	if field == "" {
		return false
	}
	loc.To += 1 + utf8.RuneCountInString(field)
	wrote := n.Value + "." + field
	report := func(write string, sure bool) bool {
		c.report(loc, "unknown-name", "write "+write, "nothing is called `%s` here", n.Value).Suggest(write).
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
		return report(`"`+field+`" in member.tags`, false)
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
		if !slices.Contains(MemberSynonyms, strings.ToLower(n.Value)) {
			return false
		}
		if _, ok := c.sc.Schema.MemberRecord().Field(field); ok {
			return report("member."+field, true)
		}
		c.report(n.Location(), "unknown-name", "write member."+field, "nothing is called `%s` here; `%s` is no attribute",
			n.Value, wrote)
		return true
	}
	return false
}
