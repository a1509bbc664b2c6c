package syntax

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError reports what the library found wrong in its own words. Its line is where a context
// began, often far above the mistake, so the line is searched for: the shortest beginning of the
// file with the same complaint ends there.
func (c *Reader) syntaxError(f *diag.File, err error) {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "", ""}
	}
	problem := m[2]
	given, _ := strconv.Atoi(m[1])
	line := sort.Search(len(f.Lines), func(i int) bool {
		_, _, err := decodeYAML(f.Text[:f.LineEnd(f.Lines[i])] + "\n")
		return err != nil && strings.HasSuffix(err.Error(), problem)
	}) + 1
	if strings.Contains(problem, "end of stream") && given > 0 {
		line = given // the quote's beginning, not the end of the file
	}
	if line > len(f.Lines) {
		line = max(1, given)
	}
	if strings.Contains(problem, "',' or '") && c.lineEndComma(f, line) || c.headlessActions(f, line) {
		return
	}
	for l := line; l >= 1 && l > line-3; l-- {
		if c.quotingInLine(f, l) || strings.Contains(problem, "',' or '") && c.quotingInFlowLine(f, l) {
			return
		}
	}
	if strings.Contains(problem, "',' or '") && c.openQuote(f, given+1, line) {
		return
	}
	pos, message, label := culprit(f, line, problem), "this is not valid YAML", ""
	for _, s := range yamlSentences {
		if strings.Contains(problem, s.problem) {
			message, label = s.message, s.label
			break
		}
	}
	if strings.Contains(problem, "mapping values are not allowed") && c.tooDeep(f, line) {
		return
	}
	c.Error("yaml-syntax", pos, message).Label(label)
}

// tooDeep reports a key that is indented further than the key above it, whose value ends on its own line: to YAML it
// is part of that value.
func (c *Reader) tooDeep(f *diag.File, line int) bool {
	if line < 2 {
		return false
	}
	m, above := keyLine.FindStringSubmatch(f.Line(line)), keyLine.FindStringSubmatchIndex(f.Line(line-1))
	if m == nil && bareKey.MatchString(strings.TrimRight(f.Line(line), " \r")) {
		m = []string{"", f.Line(line)[:len(f.Line(line))-len(strings.TrimLeft(f.Line(line), " "))], strings.TrimSuffix(strings.TrimSpace(f.Line(line)), ":")}
	}
	if m == nil || above == nil || strings.Contains(m[1], "-") {
		return false
	}
	deep, key := len(m[1]), f.Line(line - 1)[above[4]:above[5]]
	if value := f.Line(line - 1)[above[6]:]; deep <= above[4] || value == "" || strings.ContainsAny(value[:1], "|>{['\"&*!") {
		return false
	}
	at := f.Lines[line-1]
	c.Error("yaml-syntax", f.Pos(at+deep, at+deep+len(m[2])), "`"+m[2]+"` is indented further than `"+key+"`, and to YAML part of its value").
		Label("indent it like `" + key + "`")
	return true
}

// openQuote reports a quote that is opened inside braces and not closed on its line, when the
// braces began above the line at which YAML gave up: the quote then swallowed what lies between.
// The library counts the lines of such contexts from 0.
func (c *Reader) openQuote(f *diag.File, start, line int) bool {
	if start < 1 || start >= line {
		return false
	}
	text := f.Line(start)
	if strings.Count(strings.ReplaceAll(text, `\"`, ""), `"`)%2 == 0 {
		return false
	}
	at := f.Lines[start-1] + strings.LastIndexByte(text, '"')
	c.Error("yaml-syntax", f.Pos(at, at+1), "a quote that is opened here is not closed on this line").Label("close it")
	return true
}

// culprit finds what to point at on the line of a syntax error: the quote, bracket or backslash
// that the problem is about.
func culprit(f *diag.File, line int, problem string) diag.Pos {
	text := f.Line(line)
	at := -1
	switch {
	case strings.Contains(problem, "end of stream"):
		at = strings.IndexAny(text, `"'`)
	case strings.Contains(problem, "or ']'"):
		at = strings.LastIndexByte(text, '[')
	case strings.Contains(problem, "or '}'"):
		at = strings.LastIndexByte(text, '{')
	case strings.Contains(problem, "escape"):
		at = strings.IndexByte(text, '\\')
	}
	if at < 0 {
		return f.LinePos(line)
	}
	return f.Pos(f.Lines[line-1]+at, f.Lines[line-1]+at+1)
}

// yamlSentences says in our words what the library's complaints mean.
var yamlSentences = []struct{ problem, message, label string }{
	{"mapping values are not allowed", "a second `: ` on this line cannot be a key", "put quotes around the value"},
	{
		"could not find expected ':'", "this line is neither a `key: value` nor a list item",
		"check its indentation and its colon",
	},
	{"did not find expected key", "this line does not fit the lines above it", "check its indentation and its quotes"},
	{"did not find expected '-'", "a list item is expected here", "indent the line under its item, or begin it with `- `"},
	{
		"did not find expected ',' or ']'", "the list in brackets does not go on or end as it should",
		"a comma, a `]` or quotes are missing",
	},
	{
		"did not find expected ',' or '}'", "the braces do not go on or end as they should",
		"a comma, a `}` or quotes are missing",
	},
	{"did not find expected node content", "a value is missing here", "write one, or quote it if it is text"},
	{"unexpected end of stream", "a quote that is opened here is never closed", "close it"},
	{"document indicator", "a quote is still open where a document ends", "close it"},
	{"cannot start any token", "a value cannot begin with this character", "put quotes around the value"},
	{
		"unknown escape character", "a backslash in double quotes begins an escape, and this is none",
		"use single quotes, or write `\\\\`",
	},
	{"hexdecimal number", "an escape in double quotes lacks its digits", "as in \"\\u4f60\""},
	{"block sequence entries are not allowed", "a list item cannot begin here", "put it on a line of its own"},
	{"indentation", "the indentation of this line is not clear", "use spaces, the same number on each level"},
	{"exceeded max depth", "lists and mappings are nested too deeply", "flatten them"},
	{
		"unknown anchor", "YAML aliases (*name) are not part of the language",
		"write the value out, or quote it if it is text",
	},
	{"while scanning a directive", "YAML directives (%) are not part of the language", "leave the line out"},
	{
		"did not find expected alphabetic", "a value that begins with `*` or `&` needs quotes",
		"put quotes around the value",
	},
	{"tag", "a value that begins with `!` needs quotes", "put quotes around the value"},
}
