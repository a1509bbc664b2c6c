package sim

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// SetWidth makes the text of the report fit a terminal of a width; 0 fits it to none.
func (r *TestReport) SetWidth(width int) { r.width = width }

// Write prints the report as text, json or junit. coverage adds what no test reached.
func (r *TestReport) Write(out io.Writer, format string, coverage bool) error {
	if !coverage {
		c := *r
		c.Coverage = nil
		r = &c
	}
	switch format {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	case "junit":
		return r.writeJUnit(out)
	}
	return r.writeText(out, coverage)
}

func (r *TestReport) writeText(out io.Writer, coverage bool) error {
	p := &printer{out: out, width: r.width}
	for i := range r.Tests {
		t := &r.Tests[i]
		if t.Passed {
			p.printf("ok    %s: %s\n", t.Playbook, t.Name)
			continue
		}
		f := t.Failure
		p.printf("FAIL  %s: %s\n", t.Playbook, t.Name)
		p.hang(columnMargin, fmt.Sprintf("%s:%d:%d: %s", f.Pos.File, f.Pos.Line, f.Pos.Column, f.Message))
		p.sideBySide(f)
	}
	if coverage {
		r.writeCoverage(p)
	}
	p.printf("%d passed, %d failed\n", r.Passed, r.Failed)
	return p.err
}

// maxLeftColumn is how wide the left of two columns may be; what is wider is printed one below the
// other.
const maxLeftColumn = 72

// sideBySide prints what was expected left of what happened, each section beside its own.
func (p *printer) sideBySide(f *Failure) {
	if len(f.Expected)+len(f.Happened) == 0 {
		return
	}
	rows := paired(f.Expected, f.Happened)
	width := screen.StringWidth("expected")
	for _, r := range rows {
		width = max(width, screen.StringWidth(r[0]))
	}
	right := screen.StringWidth("happened")
	for _, r := range rows {
		right = max(right, screen.StringWidth(r[1]))
	}
	if width > maxLeftColumn || p.width > 0 && len(columnMargin)+width+len(columnRule)+right > p.width {
		p.stacked("expected", f.Expected)
		p.stacked("happened", f.Happened)
		return
	}
	for _, r := range append([][2]string{{"expected", "happened"}}, rows...) {
		line := columnMargin + r[0] + strings.Repeat(" ", width-screen.StringWidth(r[0])) + columnRule + r[1]
		p.printf("%s\n", strings.TrimRight(line, " "))
	}
}

const (
	columnMargin = "      "
	columnRule   = "  | "
)

func (p *printer) stacked(head string, lines []string) {
	p.printf("%s%s\n", columnMargin, head)
	if len(lines) == 0 {
		lines = []string{"(nothing)"}
	}
	for _, l := range lines {
		p.hang(columnMargin+"  ", l)
	}
}

// section is a line that begins at the margin with the indented ones below it.
type section struct {
	key   string
	lines []string
}

func sections(lines []string) []section {
	var out []section
	for _, l := range lines {
		if strings.HasPrefix(l, " ") && len(out) > 0 {
			out[len(out)-1].lines = append(out[len(out)-1].lines, l)
			continue
		}
		key, _, _ := strings.Cut(l, ":")
		out = append(out, section{key, []string{l}})
	}
	return out
}

// paired puts the sections of both sides beside each other, those of the left in their order, then
// what only happened.
func paired(left, right []string) [][2]string {
	var rows [][2]string
	add := func(a, b []string) {
		for i := range max(len(a), len(b)) {
			var r [2]string
			if i < len(a) {
				r[0] = a[i]
			}
			if i < len(b) {
				r[1] = b[i]
			}
			rows = append(rows, r)
		}
	}
	rest := sections(right)
	for _, s := range sections(left) {
		i := slices.IndexFunc(rest, func(r section) bool { return r.key == s.key })
		if i < 0 {
			add(s.lines, nil)
			continue
		}
		add(s.lines, rest[i].lines)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, s := range rest {
		add(nil, s.lines)
	}
	switch {
	case len(left) == 0:
		rows[0][0] = "(nothing)"
	case len(right) == 0:
		rows[0][1] = "(nothing)"
	}
	return rows
}

// screen measures text the same on every machine, whatever its locale.
var screen = &runewidth.Condition{}

// The JUnit form: a suite for each playbook.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (r *TestReport) writeJUnit(out io.Writer) error {
	all := junitSuites{Name: "usher", Tests: len(r.Tests), Failures: r.Failed}
	for i := range r.Tests {
		t := &r.Tests[i]
		k := slices.IndexFunc(all.Suites, func(s junitSuite) bool { return s.Name == t.Playbook })
		if k < 0 {
			k, all.Suites = len(all.Suites), append(all.Suites, junitSuite{Name: t.Playbook})
		}
		s := &all.Suites[k]
		c := junitCase{Class: t.Playbook, Name: t.Name, File: t.Pos.File, Line: t.Pos.Line}
		s.Tests++
		if f := t.Failure; f != nil {
			s.Failures++
			c.Failure = &junitFailure{
				Message: f.Message, Type: "expect",
				Text: fmt.Sprintf("%s:%d:%d\nexpected:\n%s\nhappened:\n%s\n", f.Pos.File, f.Pos.Line, f.Pos.Column,
					strings.Join(f.Expected, "\n"), strings.Join(f.Happened, "\n")),
			}
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(out)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}
