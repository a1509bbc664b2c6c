package sim

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Write prints the report as text, json or junit. coverage adds what no test reached.
func (r *TestReport) Write(out io.Writer, format string, coverage bool) error {
	if !coverage {
		c := *r
		c.Missed = nil
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
	p := &printer{out: out}
	for i := range r.Tests {
		t := &r.Tests[i]
		if t.Passed {
			p.printf("ok    %s: %s\n", t.Playbook, t.Name)
			continue
		}
		f := t.Failure
		p.printf("FAIL  %s: %s\n", t.Playbook, t.Name)
		p.printf("      %s:%d:%d: %s\n", f.Pos.File, f.Pos.Line, f.Pos.Column, f.Message)
		p.beside(f)
	}
	if coverage {
		p.printf("\n")
		for _, id := range slices.Sorted(maps.Keys(r.Missed)) {
			for _, what := range r.Missed[id] {
				p.printf("not reached: %s %s\n", id, what)
			}
		}
		if len(r.Missed) == 0 {
			p.printf("every action and every way is reached\n")
		}
	}
	p.printf("%d passed, %d failed\n", r.Passed, r.Failed)
	return p.err
}

// beside prints what was expected left of what happened.
func (p *printer) beside(f *Failure) {
	if len(f.Expected)+len(f.Happened) == 0 {
		return
	}
	left, right := f.Expected, f.Happened
	if len(left) == 0 {
		left = []string{"(nothing)"}
	}
	if len(right) == 0 {
		right = []string{"(nothing)"}
	}
	width := runewidth.StringWidth("expected")
	for _, s := range left {
		width = max(width, runewidth.StringWidth(s))
	}
	row := func(a, b string) {
		line := fmt.Sprintf("      %s%s  | %s", a, strings.Repeat(" ", width-runewidth.StringWidth(a)), b)
		p.printf("%s\n", strings.TrimRight(line, " "))
	}
	row("expected", "happened")
	for i := range max(len(left), len(right)) {
		var a, b string
		if i < len(left) {
			a = left[i]
		}
		if i < len(right) {
			b = right[i]
		}
		row(a, b)
	}
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (r *TestReport) writeJUnit(out io.Writer) error {
	s := junitSuite{Name: "usher", Tests: len(r.Tests), Failures: r.Failed}
	for i := range r.Tests {
		t := &r.Tests[i]
		c := junitCase{Class: t.Playbook, Name: t.Name, File: t.Pos.File}
		if f := t.Failure; f != nil {
			c.Failure = &junitFailure{
				Message: f.Message,
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
	if err := enc.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}
