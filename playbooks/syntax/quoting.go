package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// A slip is a value that YAML reads otherwise than it was meant, because it is not in quotes.
type quotingMistake struct {
	from, to int // byte offsets of the value that was meant
	at       int // byte offset of the character that YAML takes for its own
	why      string
	comma    int  // byte offset where a comma is missing that explains all; 0 when none is
	sure     bool // the value before the comma ends there in any case
}

// MaxQuotingSearch is how long a value may be to be looked at for slips, in bytes: the search goes
// over it more than once.
const MaxQuotingSearch = 2048

// reportQuoting names the cause and offers the value in quotes.
func (c *Reader) reportQuoting(f *diag.File, s quotingMistake) {
	if c.fullWidthBraces(f, s.from, s.to) || c.missingComma(f, s) || c.groupedInFlow(f, s) {
		return
	}
	if end := commentIn(f.Text, s.from, s.to); end > s.at {
		s.to = end
	}
	p := f.Pos(s.from, s.to)
	meant := f.Text[s.from:s.to]
	if inner, ok := InFullWidthQuotes(meant); ok && !expressionKey.MatchString(f.Text[f.Lines[p.Line-1]:s.from]) {
		meant = inner
	}
	if !expressionKey.MatchString(f.Text[f.Lines[p.Line-1]:s.from]) && len(meant) > 2 && meant[0] == meant[len(meant)-1] &&
		(meant[0] == '"' || meant[0] == '\'') {
		meant = meant[1 : len(meant)-1] // quotes around text that holds the same quote
	}
	if better := c.suggestedType(f, meant); better != "" {
		c.Error("unknown-type", p, fmt.Sprintf("there is no type `%s`", meant)).Label("write `"+better+"`").Edit(p, better)
		return
	}
	text := Quote(meant)
	r := c.Error("yaml-quoting", f.Pos(s.at, min(s.at+runeLen(f.Text, s.at), s.to)), s.why)
	r.Label("put the value in quotes: "+text).Edit(p, text)
	if len(meant) > 1 && (meant[0] == '|' || meant[0] == '>') && meant[1] != ' ' {
		r.Label("begin the text on the next line, indented; or put it in quotes: " + text).UnsureUnless(false)
	}
	if key := keyOfValue.FindStringSubmatch(f.Text[f.Lines[p.Line-1]:s.from]); severalWords.MatchString(meant) &&
		(key == nil || !freeText[key[1]]) {
		r.Label("write [" + meant + "] if these are several, " + text + " if it is one").UnsureUnless(false)
	}
}

// severalWords matches words with commas between them, which are as likely a list as one text.
var severalWords = regexp.MustCompile(`^[\pL_][\pL\pN _.-]*(?:,\s*[\pL_][\pL\pN _.-]*)+$`)

// suggestedType returns the type that a text stands for in a file of declarations; "" when it is
// none.
func (c *Reader) suggestedType(f *diag.File, text string) string {
	if c.SuggestType == nil {
		return ""
	}
	return c.SuggestType(f.Name, text)
}

// InFullWidthQuotes returns what a text holds that as a whole stands in the quotes of Chinese text:
// they quote.
func InFullWidthQuotes(text string) (inner string, ok bool) {
	for _, q := range [][2]string{{"“", "”"}, {"‘", "’"}, {"「", "」"}, {"『", "』"}, {"＂", "＂"}, {"”", "”"}, {"“", "“"}} {
		inner, ok = strings.CutPrefix(text, q[0])
		if !ok {
			continue
		}
		inner, ok = strings.CutSuffix(inner, q[1])
		if ok && !strings.Contains(inner, q[0]) && !strings.Contains(inner, q[1]) {
			return inner, true
		}
	}
	return "", false
}

func runeLen(text string, at int) int {
	for n := range text[at:] {
		if n > 0 {
			return n
		}
	}
	return len(text) - at
}

// Quote puts the text of a value into quotes, by preference such that nothing in it needs an
// escape.
func Quote(text string) string {
	if strings.Contains(text, "'") && !strings.ContainsAny(text, `"\`) {
		return `"` + text + `"`
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

var keyLine = regexp.MustCompile(`^( *(?:- +)*)([A-Za-z_][\w.-]*): +(.*)$`)

// tightColon matches a key with the value glued to its colon.
var tightColon = regexp.MustCompile(`^([A-Za-z_]\w*):(\S.*)$`)

// fullWidthColon matches a key with the colon of Chinese text after it.
var fullWidthColon = regexp.MustCompile(`^ *(?:- +)*([A-Za-z_][\w.-]*|\p{Han}+)(：\s*)`)

// quotingInLine looks for a slip in a line of a file that YAML could not read; true when one was
// reported.
func (c *Reader) quotingInLine(f *diag.File, line int) bool {
	text := strings.TrimRight(f.Line(line), " \t")
	start := f.Lines[line-1]
	if c.wrongSpace(f, line) || c.pasted(f, line) || strings.ContainsAny(text, "{[") &&
		(c.fullWidthInFlow(f, start, start+len(text)) || c.missingSpaceAfterColon(f, start, start+len(text))) {
		return true
	}
	if m := keyLine.FindStringSubmatchIndex(text); m != nil {
		if c.fullWidthBraces(f, start+m[6], start+len(text)) ||
			c.inlineMapping(f, text[m[4]:m[5]], start+m[6], start+len(text)) {
			return true
		}
		if s, ok := quotingOfValue(f.Text, start+m[6], start+len(text)); ok {
			c.reportQuoting(f, s)
			return true
		}
		return false
	}
	if m := tightColon.FindStringSubmatchIndex(text); m != nil && slices.Contains(c.PlaybookKeys, text[m[2]:m[3]]) {
		p := f.Pos(start+m[3], start+m[3]+1)
		c.Error("yaml-syntax", p, "a space is missing after this colon").
			Label("write `"+text[m[2]:m[3]]+": "+text[m[4]:]+"`").Edit(p, ": ")
		return true
	}
	if m := fullWidthColon.FindStringSubmatchIndex(text); m != nil &&
		(text[m[2]] < utf8.RuneSelf || diag.IsChineseKey(text[m[2]:m[3]])) {
		p := f.Pos(start+m[4], start+m[5])
		c.Error("yaml-syntax", p, "this colon is full-width: YAML takes only `: `").Label("write `: `").Edit(p, ": ")
		return true
	}
	if c.equalsSlip(f, text, start) {
		return true
	}
	body := strings.TrimLeft(text, " ")
	if rest, ok := strings.CutPrefix(body, "- "); ok && !bareKey.MatchString(rest) {
		if s, ok := quotingOfValue(f.Text, start+len(text)-len(strings.TrimLeft(rest, " ")), start+len(text)); ok {
			c.reportQuoting(f, s)
			return true
		}
	}
	return false
}

var (
	bareKey  = regexp.MustCompile(`^ *[\w.-]+:$`)
	onePair  = regexp.MustCompile(`^[A-Za-z_]\w*: [^:{}\[\]"']+$`)
	mappings = []string{"trigger", "goal", "quiet_hours", "message", "coupon", "tag", "set", "wait", "http", "expect"}
)

// inlineMapping reports `goal: event: order.paid`, a mapping begun on the line of its key.
func (c *Reader) inlineMapping(f *diag.File, key string, from, to int) bool {
	value := f.Text[from:to]
	if !slices.Contains(mappings, key) || !onePair.MatchString(value) {
		return false
	}
	at := from + strings.Index(value, ": ")
	c.Error("yaml-syntax", f.Pos(at, at+1), "a second key cannot begin on the line of `"+key+"`").
		Label("write {"+value+"}, or a line of its own").Edit(f.Pos(from, to), "{"+value+"}")
	return true
}

// quotingInFlowLine looks for a slip in a line that lies inside braces opened above.
func (c *Reader) quotingInFlowLine(f *diag.File, line int) bool {
	start := f.Lines[line-1]
	if !insideBrackets(f.Text[:start]) {
		return false
	}
	s, ok := flowScan(f.Text, start, f.LineEnd(start))
	if ok {
		c.reportQuoting(f, s)
	}
	return ok
}

// insideBrackets reports whether more brackets of flow style were opened in the text than closed. A
// bracket counts where a value may begin; those within a plain value, as in an expression, do not.
func insideBrackets(text string) bool {
	depth := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		value := strings.TrimLeft(line, " -")
		if m := keyLine.FindStringSubmatchIndex(line); m != nil && depth == 0 {
			value = line[m[6]:]
		}
		if depth == 0 && !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
			continue
		}
		for i := 0; i < len(value); i++ {
			switch value[i] {
			case '"', '\'':
				if end := diag.ClosingQuote(value[i:]); end > 0 {
					i += end
				}
			case '{', '[':
				depth++
			case '}', ']':
				depth = max(depth-1, 0)
			}
		}
	}
	return depth > 0
}

// quotingOfValue looks at the value that stands in text[from:to] after `key: ` in block style.
func quotingOfValue(text string, from, to int) (quotingMistake, bool) {
	if from >= to {
		return quotingMistake{}, false
	}
	if to-from > MaxQuotingSearch {
		return quotingMistake{}, false
	}
	v := text[from:to]
	s := quotingMistake{from: from, to: to, at: from}
	switch v[0] {
	case '"', '\'':
		end := diag.ClosingQuote(v)
		if end > 0 && end+1 < len(v) && strings.TrimSpace(v[end+1:]) != "" &&
			!strings.HasPrefix(strings.TrimSpace(v[end+1:]), "#") {
			s.at = from + end
			s.why = "the value begins with a quote, so YAML ends it at the next one"
			return s, true
		}
		return s, false
	case '!', '&', '*', '%', '@', '`':
		s.why = "a value that begins with `" + v[:1] + "` means something else to YAML"
		return s, true
	case '[', '{':
		if strings.HasPrefix(v, "{{") || strings.HasPrefix(v, "{%") {
			s.why = "a value that begins with `{` is a mapping to YAML, not text"
			return s, true
		}
		if inner, ok := flowScan(text, from, to); ok {
			return inner, true
		}
		if end := ClosingBracket(v); end > 0 && end+1 < len(v) && !strings.HasPrefix(strings.TrimSpace(v[end+1:]), "#") {
			s.why = "a value that begins with `" + v[:1] + "` is a list or mapping to YAML and ends with its bracket"
			return s, true
		}
		return s, false
	}
	return quotingOfPlain(v, s)
}

// quotingOfPlain looks at a value that begins with no quote or bracket.
func quotingOfPlain(v string, s quotingMistake) (quotingMistake, bool) {
	if strings.HasPrefix(v, "- ") || strings.HasPrefix(v, "? ") || len(v) > 2 && (v[0] == '>' || v[0] == '|') &&
		strings.IndexByte("+-0123456789", v[1]) < 0 && !(v[1] == ' ' && v[2] == '#') {
		s.why = "a value that begins with `" + v[:1] + "` means something else to YAML"
		return s, true
	}
	if i := strings.Index(v, ": "); i >= 0 {
		s.at = s.from + i
		s.why = "`: ` inside a value without quotes begins a second key for YAML"
		return s, true
	}
	if strings.HasSuffix(v, ":") {
		s.at = s.to - 1
		s.why = "a `:` at the end of a value without quotes makes it a key for YAML"
		return s, true
	}
	return s, false
}

// ClosingBracket gives the index of the bracket that closes the one at the start of v, or -1;
// quotes are passed over.
func ClosingBracket(v string) int {
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"', '\'':
			if end := diag.ClosingQuote(v[i:]); end > 0 {
				i += end
			}
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

var nextKey = regexp.MustCompile(`^\s*,\s*["']?[A-Za-z_][\w.-]*["']?\s*:(?:\s|$)`)

// flowScan looks for a value inside braces or brackets that YAML cuts short: it takes each `key:
// value` and reads the value as a person does, to the comma before the next key or the closing
// brace, brackets and quotes balanced.
func flowScan(text string, from, to int) (quotingMistake, bool) {
	to = min(to, from+MaxQuotingSearch)
	for i := from; i < to; i++ {
		switch ch := text[i]; {
		case ch == '"' || ch == '\'':
			if end := diag.ClosingQuote(text[i:to]); end > 0 {
				i += end
			}
		case ch == ':' && i+1 < to && text[i+1] == ' ':
			v := i + 1
			for v < to && text[v] == ' ' {
				v++
			}
			end := intendedEnd(text, v, to)
			if s, ok := quotingOfFlowValue(text, v, end); ok {
				return s, true
			}
		}
	}
	return quotingMistake{}, false
}

// intendedEnd gives where the value at v ends for a person.
func intendedEnd(text string, v, to int) int {
	depth := 0
	for i := v; i < to; i++ {
		switch text[i] {
		case '"', '\'':
			if end := diag.ClosingQuote(text[i:to]); end > 0 {
				i += end
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth < 0 {
				return trimEnd(text, v, i)
			}
		case ',':
			if depth == 0 && nextKey.MatchString(text[i:to]) {
				return trimEnd(text, v, i)
			}
		case '\n':
			if depth == 0 {
				return trimEnd(text, v, i)
			}
		}
	}
	return trimEnd(text, v, to)
}

func trimEnd(text string, from, to int) int {
	return from + len(strings.TrimRight(text[from:to], " \t\r\n,"))
}

// quotingOfFlowValue looks at one value inside braces.
func quotingOfFlowValue(text string, from, to int) (quotingMistake, bool) {
	if from >= to {
		return quotingMistake{}, false
	}
	if s, ok := missingCommaIn(text, from, to); ok {
		return s, true
	}
	v := text[from:to]
	s := quotingMistake{from: from, to: to, at: from}
	switch v[0] {
	case '"', '\'':
		if end := diag.ClosingQuote(v); end > 0 && end+1 < len(v) && !strings.HasPrefix(strings.TrimSpace(v[end+1:]), "#") {
			s.at = from + end
			s.why = "the value begins with a quote, so YAML ends it at the next one"
			return s, true
		}
		return s, false
	case '[', '{':
		if strings.HasPrefix(v, "{{") {
			s.why = "a value that begins with `{` is a mapping to YAML, not text"
			return s, true
		}
		if end := ClosingBracket(v); end > 0 && end+1 < len(v) {
			s.why = "a value that begins with `" + v[:1] + "` is a list or mapping to YAML and ends with its bracket"
			return s, true
		}
		return s, false
	case '!', '&', '*', '%', '@', '`':
		s.why = "a value that begins with `" + v[:1] + "` means something else to YAML"
		return s, true
	}
	for i := 0; i < len(v); i++ {
		switch {
		case strings.IndexByte("?,[]{}", v[i]) >= 0:
			s.at = from + i
			s.why = "inside braces YAML ends a value without quotes at `" + v[i:i+1] + "`"
			return s, true
		case strings.HasPrefix(v[i:], " #"):
			s.at = from + i + 1
			s.why = "YAML takes ` #` for the beginning of a comment and drops the rest"
			return s, true
		case strings.HasPrefix(v[i:], ": "):
			s.at = from + i
			s.why = "`: ` inside a value without quotes begins a second key for YAML"
			return s, true
		}
	}
	return s, false
}

// quotingInFlow looks for a slip in a mapping in braces that YAML could read, but whose shape
// nobody means: keys that are no words, values that are missing. True when one was reported.
func (c *Reader) quotingInFlow(f *diag.File, n *Node, strange bool) bool {
	if !n.Flow || !strange {
		return false
	}
	if c.fullWidthInFlow(f, n.Start, f.LineEnd(n.Start)) {
		return true
	}
	rest := f.Text[n.Start:]
	if strings.HasPrefix(rest, "{{") {
		s := quotingMistake{
			from: n.Start, to: f.LineEnd(n.Start), at: n.Start,
			why: "a value that begins with `{` is a mapping to YAML, not text",
		}
		if end := strings.Index(rest, "}}"); end > 0 && n.Start+end+2 < s.to &&
			strings.TrimLeft(rest[end+2:s.to-n.Start], " ,]}") == "" {
			s.to = n.Start + end + 2
		}
		c.reportQuoting(f, s)
		return true
	}
	rest = rest[:min(len(rest), MaxQuotingSearch)]
	end := len(rest)
	if b := ClosingBracket(rest); b > 0 {
		end = b + 1
	}
	if c.missingSpaceAfterColon(f, n.Start, n.Start+end) {
		return true
	}
	if s, ok := flowScan(f.Text, n.Start, n.Start+end); ok {
		c.reportQuoting(f, s)
		return true
	}
	return false
}

// leadingIndicator reports a value that begins with a character of YAML's own though it was meant
// as an expression.
func (c *Reader) leadingIndicator(f *diag.File, at int) bool {
	line, _ := f.LineCol(at)
	start := f.Lines[line-1]
	text := strings.TrimRight(f.Line(line), " \t")
	before := f.Text[start:at]
	if !textKey.MatchString(before) || strings.HasPrefix(f.Text[at:], "!!") {
		return false
	}
	to := start + len(text)
	if strings.ContainsAny(before, "{[") {
		to = intendedEnd(f.Text, at, to)
	}
	c.reportQuoting(f, quotingMistake{
		from: at, to: to, at: at,
		why: "a value that begins with `" + f.Text[at:at+1] + "` means something else to YAML",
	})
	return true
}

// expressionKey matches what stands before the value of a key that holds an expression.
var expressionKey = regexp.MustCompile(`(?:^|[\s{,])(?:if|condition): +$`)

// textKey matches what stands before the value of a key that holds an expression or text: nobody
// means a tag or anchor there.
var textKey = regexp.MustCompile(`(?:^|[\s{,])(?:if|condition|schedule|text|subject|name|reason): +$`)

// CutByComment reports a plain value that YAML cut at ` #`, when the rest is surely no comment.
func (c *Reader) CutByComment(n *Node, expression bool) bool {
	if n.Style != PlainStyle || len(n.comment) < 2 || n.Value == "" {
		return false
	}
	glued := n.comment[1] != ' ' && n.comment[1] != '#'
	sure := glued
	if expression {
		sure = strings.Count(n.Value, `"`)%2 == 1 || strings.Count(n.Value, "'")%2 == 1 ||
			strings.Count(n.Value, "(") > strings.Count(n.Value, ")")
	}
	at := strings.Index(n.F.Text[n.End():n.F.LineEnd(n.End())], "#")
	if !sure || at < 0 {
		return false
	}
	to := trimEnd(n.F.Text, n.Start, n.F.LineEnd(n.Start))
	c.reportQuoting(n.F, quotingMistake{
		from: n.Start, to: to, at: n.End() + at,
		why: "YAML takes ` #` for the beginning of a comment and drops the rest",
	})
	if r := c.Last(); !expression {
		r.Label(r.Diagnostic().Label + "; or write `# ` with a space, if it is a comment").UnsureUnless(false)
	}
	n.Broken = true
	return true
}
