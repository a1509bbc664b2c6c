package parse

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"

	place "github.com/expr-lang/expr/file"
	"github.com/usher-run/usher/playbooks/decimal"
)

var (
	tokenSeen = regexp.MustCompile(`^unexpected token (\w+)(?:\("((?s:.*))"\))?`)
	loneEqual = "="
)

// syntaxError puts the expr library's word on an expression that cannot be read into ours.
func (c *reader) syntaxError(err error) {
	var fe *place.Error
	if !errors.As(err, &fe) {
		c.Report(place.Location{To: utf8.RuneCountInString(c.Source.Text)}, "syntax-expression", "",
			"the expression cannot be read")
		return
	}
	if c.foreignSyntax() {
		return
	}
	runes := []rune(c.Source.Text)
	loc := place.Location{From: min(fe.From, len(runes)), To: max(fe.To, fe.From+1)}
	msg := fe.Message
	switch {
	case strings.Contains(msg, "literal not terminated"):
		c.Report(place.Location{From: diag.OpenQuote(runes), To: len(runes)}, "syntax-expression", "close the quote",
			"a text begins here and does not end")
	case strings.Contains(msg, "exceeds maximum allowed nodes"):
		c.Report(place.Location{To: min(20, len(runes))}, "expression-too-long",
			"split it: a computed attribute or a segment can hold a part", "the expression has more than %d parts", MaxNodes)
	case strings.HasPrefix(msg, "bad number syntax"):
		for loc = (place.Location{From: loc.From, To: loc.From}); loc.From > 0 && !unicode.IsSpace(runes[loc.From-1]); {
			loc.From--
		}
		c.Report(loc, "syntax-expression", `a duration is written duration("72h"), days are counted with add_days(t, n)`,
			"this is not a number")
	case strings.HasPrefix(msg, "unexpected token"):
		c.unexpected(loc, msg, runes)
	case strings.HasPrefix(msg, "unrecognized character"):
		c.unrecognized(loc, runes)
	case strings.HasPrefix(msg, "unclosed"), strings.Contains(msg, "expected"):
		c.Report(loc, "syntax-expression", "", "the expression cannot be read from here on")
	case strings.HasPrefix(msg, "unknown name"), strings.HasPrefix(msg, "unknown function"):
		c.Report(loc, "unknown-function", "", "there is no function of this name")
	case strings.HasPrefix(msg, "invalid") && strings.Contains(msg, "literal"):
		c.unreadNumber()
	default:
		c.Report(loc, "syntax-expression", "", "the expression cannot be read from here on: %s", msg)
	}
}

var numberWord = regexp.MustCompile(`[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?`)

// unreadNumber reports a number that is too large to be read at all. The library places the mistake
// behind it.
func (c *reader) unreadNumber() {
	for _, at := range numberWord.FindAllStringIndex(c.Source.Text, -1) {
		text := c.Source.Text[at[0]:at[1]]
		v, err := decimal.Parse(strings.ReplaceAll(text, "_", ""))
		if err == nil && v <= decimal.MaxInt {
			continue
		}
		from := utf8.RuneCountInString(c.Source.Text[:at[0]])
		c.LongNumber(place.Location{From: from, To: from + len(text)})
		return
	}
	c.Report(place.Location{To: utf8.RuneCountInString(c.Source.Text)}, "syntax-expression", "",
		"a number in this expression cannot be read")
}

func (c *reader) unexpected(loc place.Location, msg string, runes []rune) {
	m := tokenSeen.FindStringSubmatch(msg)
	if m == nil || m[1] == "EOF" {
		if at, ok := diag.OpenBracket(runes); ok {
			c.Report(place.Location{From: at, To: at + 1}, "syntax-expression", "close it", "the `%c` is never closed",
				runes[at])
			return
		}
		end := len([]rune(strings.TrimRight(string(runes), " \t\n")))
		if masked := diag.WithoutTexts(string(runes)); strings.Contains(masked, "? ") && !strings.Contains(masked, ":") {
			c.Report(place.Location{From: max(end-1, 0), To: end}, "syntax-expression",
				"write ` : …` behind it, as in c ? a : b", "what holds otherwise is missing behind `?`")
			return
		}
		c.Report(place.Location{From: max(end-1, 0), To: end}, "syntax-expression", "something is missing after this",
			"the expression ends too early")
		return
	}
	if m[1] == "Operator" && m[2] == loneEqual && !nextToOperator(runes, loc) {
		d := c.Report(loc, "syntax-expression", "compare with `==`", "`=` does not compare")
		d.Suggest("==")
		return
	}
	if rest := strings.TrimSpace(string(runes[min(loc.To, len(runes)):])); m[2] == "is" &&
		strings.HasPrefix(rest, "not ") {
		c.Report(loc, "syntax-expression", "write `!=` for `is not`", "`is` is not an operator")
		return
	}
	words := map[string]string{
		"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "And": "and", "Or": "or",
		"Not": "not", "In": "in", "is": "==",
	}
	if better := words[m[2]]; better != "" && m[1] == "Identifier" {
		d := c.Report(loc, "syntax-expression", "write `"+better+"`", "`%s` is not an operator", m[2])
		d.Suggest(better)
		return
	}
	label := ""
	switch {
	case m[1] == "Identifier" || m[1] == "String" || m[1] == "Number":
		label = "an operator is missing before this"
	case m[2] == ")" || m[2] == "]" || m[2] == "}":
		label = "no bracket is open that it closes: leave it out"
		if _, open := diag.OpenBracket(runes[:min(loc.From, len(runes))]); open {
			label = "a value is missing before it, or another bracket is open"
		}
	case m[2] == ",":
		label = "two conditions are joined by `and` or `or`"
	}
	c.Report(loc, "syntax-expression", label, "`%s` is not expected here", m[2])
}

// nextToOperator reports whether an operator stands beside a place, so that what stands there is a
// part of it, or one too many.
func nextToOperator(runes []rune, loc place.Location) bool {
	const signs = "=<>!+-*/%&|"
	before := strings.TrimRightFunc(string(runes[:loc.From]), unicode.IsSpace)
	after := strings.TrimLeftFunc(string(runes[min(loc.To, len(runes)):]), unicode.IsSpace)
	return before == "" || after == "" || strings.ContainsAny(before[len(before)-1:], signs) ||
		strings.ContainsAny(after[:1], "=<>*/%&|")
}

// unrecognized names the characters of a Chinese keyboard for what they stand for.
func (c *reader) unrecognized(loc place.Location, runes []rune) {
	if loc.From >= len(runes) {
		c.Report(loc, "syntax-expression", "", "the expression cannot be read from here on")
		return
	}
	loc.To = loc.From + 1
	r := runes[loc.From]
	if diag.HalfWidthOf(r) != 0 {
		c.fullWidth(loc, runes)
		return
	}
	c.Report(loc, "syntax-expression", `a text is quoted, as in "…"`, "`%c` cannot stand here", r)
}
