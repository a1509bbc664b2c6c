package syntax

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// Commas between braces: one that is missing before a key, and one that groups the digits of a
// number.

var (
	keyInValue   = regexp.MustCompile(`^([^:,?{}\[\]"'#]*[^:,?{}\[\]"'#\s])\s+([\pL_][\pL\pN_.-]*: )`)
	keyAfter     = regexp.MustCompile(`^\s+([\pL_][\pL\pN_.-]*:(?:\s|$))`)
	keyOfValue   = regexp.MustCompile(`([\pL_][\pL\pN_.-]*)["']?: +$`)
	groupedWhole = regexp.MustCompile(`^\d{1,3}(?:,\d{3})+$`)
)

// missingCommaIn looks for a key in the value at text[from:to]: {event: order.paid if: …}. In free
// text a word with a colon is text.
func missingCommaIn(text string, from, to int) (quotingMistake, bool) {
	key := ""
	if m := keyOfValue.FindStringSubmatch(text[max(0, from-MaxQuotingSearch):from]); m != nil {
		key = m[1]
	}
	s, v := quotingMistake{from: from, to: to}, text[from:to]
	end := -1
	switch v[0] {
	case '"', '\'':
		if !freeText[key] {
			end = diag.ClosingQuote(v)
		}
	case '{', '[':
		if !strings.HasPrefix(v, "{{") {
			end = ClosingBracket(v)
		}
	default:
		m := keyInValue.FindStringSubmatchIndex(v)
		if m == nil || freeText[key] {
			return quotingMistake{}, false
		}
		s.comma, s.at = from+m[3], from+m[4]
		s.sure = expressionKey.MatchString(text[max(0, from-MaxQuotingSearch):from]) || !strings.ContainsAny(v[:m[3]], " \t")
		return s, true
	}
	if end < 0 {
		return quotingMistake{}, false
	}
	m := keyAfter.FindStringSubmatchIndex(v[end+1:])
	if m == nil {
		return quotingMistake{}, false
	}
	s.comma, s.at, s.sure = from+end+1, from+end+1+m[2], true
	return s, true
}

// missingComma reports the comma that is missing before a key.
func (c *Reader) missingComma(f *diag.File, s quotingMistake) bool {
	if s.comma == 0 {
		return false
	}
	key, _, _ := strings.Cut(f.Text[s.at:s.to], ":")
	c.Error("yaml-syntax", f.Pos(s.at, s.at+len(key)), "a comma is missing before `"+key+"`").
		Label("write `, "+key+": …`; or quote the value, if it is one").Edit(f.Pos(s.comma, s.comma), ",").
		UnsureUnless(s.sure)
	return true
}

// groupedInFlow reports a number with commas between braces, where YAML ends it at the first.
func (c *Reader) groupedInFlow(f *diag.File, s quotingMistake) bool {
	wrote := f.Text[s.from:s.to]
	if !groupedWhole.MatchString(wrote) {
		return false
	}
	plain := strings.ReplaceAll(wrote, ",", "")
	c.Error("yaml-syntax", f.Pos(s.from, s.to), "a number has no commas").
		Label("write "+plain+"; or quote it, if it is text").Edit(f.Pos(s.from, s.to), plain).UnsureUnless(false)
	return true
}

var (
	lineComment = regexp.MustCompile(`\s+#.*$`)
	beginsItem  = regexp.MustCompile(`^\s*(?:["']?[\pL_][\pL\pN_.-]*["']?:(?:\s|$)|[{\["'])`)
)

// maxFlowLines is how many lines between braces are looked at.
const maxFlowLines = 30

// lineEndComma reports the comma that is missing at the end of a line between braces or brackets,
// near the line at which YAML gave up.
func (c *Reader) lineEndComma(f *diag.File, line int) bool {
	for l := max(2, line-2); l <= min(line+maxFlowLines, len(f.Lines)); l++ {
		before := lineComment.ReplaceAllString(strings.TrimRight(f.Line(l-1), " \t\r"), "")
		if before == "" || strings.ContainsAny(before[len(before)-1:], ",{[:(|>") || !beginsItem.MatchString(f.Line(l)) ||
			!insideBrackets(f.Text[:f.Lines[l-1]]) {
			continue
		}
		opened := l - 1
		for opened > 1 && insideBrackets(f.Text[:f.Lines[opened-1]]) {
			opened--
		}
		if indentOf(f.Line(l)) <= indentOf(f.Line(opened)) {
			continue // the brace was to be closed before
		}
		if m := keyLine.FindStringSubmatch(before); strings.Count(before, `"`)%2 == 1 || m != nil && freeText[m[2]] &&
			!strings.ContainsAny(before[len(before)-1:], `"'`) {
			continue // a text may go on
		}
		at := f.Lines[l-2] + len(before)
		c.Error("yaml-syntax", f.Pos(at-runeLenBefore(f.Text, at), at), "a comma is missing at the end of this line").
			Label("write `,` behind it").Edit(f.Pos(at, at), ",").UnsureUnless(false)
		return true
	}
	return false
}

// runeLenBefore returns how many bytes the character before a place has.
func runeLenBefore(text string, at int) int {
	_, size := utf8.DecodeLastRuneInString(text[:at])
	return size
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
