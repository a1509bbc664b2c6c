package playbooks

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Commas between braces: one that is missing before a key, and one that groups the digits of a number.

var (
	keyInValue   = regexp.MustCompile(`^([^:,?{}\[\]"'#]*[^:,?{}\[\]"'#\s])\s+([\pL_][\pL\pN_.-]*: )`)
	keyBehind    = regexp.MustCompile(`^\s+([\pL_][\pL\pN_.-]*:(?:\s|$))`)
	keyOfValue   = regexp.MustCompile(`([\pL_][\pL\pN_.-]*)["']?: +$`)
	groupedWhole = regexp.MustCompile(`^\d{1,3}(?:,\d{3})+$`)
)

// commaSlip looks for a key in the value at text[from:to]: {event: order.paid if: …}. In free text a word with a colon is text.
func commaSlip(text string, from, to int) (slip, bool) {
	key := ""
	if m := keyOfValue.FindStringSubmatch(text[max(0, from-maxSlip):from]); m != nil {
		key = m[1]
	}
	s, v := slip{from: from, to: to}, text[from:to]
	end := -1
	switch v[0] {
	case '"', '\'':
		if !freeText[key] {
			end = closingQuote(v)
		}
	case '{', '[':
		if !strings.HasPrefix(v, "{{") {
			end = closingBracket(v)
		}
	default:
		m := keyInValue.FindStringSubmatchIndex(v)
		if m == nil || freeText[key] {
			return slip{}, false
		}
		s.comma, s.at = from+m[3], from+m[4]
		s.sure = expressionKey.MatchString(text[max(0, from-maxSlip):from]) || !strings.ContainsAny(v[:m[3]], " \t")
		return s, true
	}
	if end < 0 {
		return slip{}, false
	}
	m := keyBehind.FindStringSubmatchIndex(v[end+1:])
	if m == nil {
		return slip{}, false
	}
	s.comma, s.at, s.sure = from+end+1, from+end+1+m[2], true
	return s, true
}

// missingComma reports the comma that is missing before a key.
func (c *yamlReader) missingComma(f *file, s slip) bool {
	if s.comma == 0 {
		return false
	}
	key, _, _ := strings.Cut(f.text[s.at:s.to], ":")
	c.error("yaml-syntax", f.pos(s.at, s.at+len(key)), "a comma is missing before `"+key+"`").
		label("write `, "+key+": …`; or quote the value, if it is one").edit(f.pos(s.comma, s.comma), ",").doubt(s.sure)
	return true
}

// groupedInFlow reports a number with commas between braces, where YAML ends it at the first.
func (c *yamlReader) groupedInFlow(f *file, s slip) bool {
	wrote := f.text[s.from:s.to]
	if !groupedWhole.MatchString(wrote) {
		return false
	}
	plain := strings.ReplaceAll(wrote, ",", "")
	c.error("yaml-syntax", f.pos(s.from, s.to), "a number has no commas").
		label("write "+plain+"; or quote it, if it is text").edit(f.pos(s.from, s.to), plain).doubt(false)
	return true
}

var (
	lineComment = regexp.MustCompile(`\s+#.*$`)
	beginsItem  = regexp.MustCompile(`^\s*(?:["']?[\pL_][\pL\pN_.-]*["']?:(?:\s|$)|[{\["'])`)
)

// maxFlowLines is how many lines between braces are looked at.
const maxFlowLines = 30

// lineEndComma reports the comma that is missing at the end of a line between braces or brackets, near the line at which YAML gave up.
func (c *yamlReader) lineEndComma(f *file, line int) bool {
	for l := max(2, line-2); l <= min(line+maxFlowLines, len(f.lines)); l++ {
		before := lineComment.ReplaceAllString(strings.TrimRight(f.line(l-1), " \t\r"), "")
		if before == "" || strings.ContainsAny(before[len(before)-1:], ",{[:(|>") || !beginsItem.MatchString(f.line(l)) || !insideBrackets(f.text[:f.lines[l-1]]) {
			continue
		}
		opened := l - 1
		for opened > 1 && insideBrackets(f.text[:f.lines[opened-1]]) {
			opened--
		}
		if indentOf(f.line(l)) <= indentOf(f.line(opened)) {
			continue // the brace was to be closed before
		}
		if m := keyLine.FindStringSubmatch(before); strings.Count(before, `"`)%2 == 1 || m != nil && freeText[m[2]] && !strings.ContainsAny(before[len(before)-1:], `"'`) {
			continue // a text may go on
		}
		at := f.lines[l-2] + len(before)
		c.error("yaml-syntax", f.pos(at-runeLenBefore(f.text, at), at), "a comma is missing at the end of this line").label("write `,` behind it").edit(f.pos(at, at), ",").doubt(false)
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
