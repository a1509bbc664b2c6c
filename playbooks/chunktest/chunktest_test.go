package chunktest

import (
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
)

const cases = `About this file.

=== one
A line about the case.
-- a.yaml --
id: a
points: "x" ### wrong-type at "\"x\"" "points must be .*" help "write 1" ### warning bad-name@1 "odd" see "b.txt:1: here"

last
-- b.txt --
hi {{ x }} ### unknown-variable@7 at "x" "no x"

=== two
-- a.yaml --
---
#### not an expectation
id: b
`

// found are the diagnostics that case one expects.
func found() []diag.Diagnostic {
	at := func(file string, line, from, to int) diag.Pos {
		return diag.Pos{File: file, Line: line, Column: from, EndLine: line, EndColumn: to}
	}
	return []diag.Diagnostic{
		{
			Severity: diag.Warning, Code: "bad-name", Message: "odd", Pos: at("a.yaml", 2, 1, 7),
			Related: []diag.Related{{Message: "here", Pos: at("b.txt", 1, 1, 3)}},
		},
		{
			Severity: diag.Error, Code: "wrong-type", Message: "points must be a number", Label: "write 1",
			Pos: at("a.yaml", 2, 9, 12),
		},
		{Severity: diag.Error, Code: "unknown-variable", Message: "no x", Pos: at("b.txt", 1, 7, 8)},
	}
}

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("cases.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestExpectationsAreNoPartOfTheFiles(t *testing.T) {
	f := parse(t, cases)
	if f.Comment != "About this file.\n" || len(f.Cases) != 2 {
		t.Fatalf("%q, %d cases", f.Comment, len(f.Cases))
	}
	for i, want := range []string{"id: a\npoints: \"x\"\n\nlast\n", "---\n#### not an expectation\nid: b\n"} {
		if got := string(f.Cases[i].Archive.Files[0].Data); got != want {
			t.Errorf("%s: %q, want %q", f.Cases[i].Name, got, want)
		}
	}
	if got := string(f.Cases[0].Archive.Comment); got != "A line about the case.\n" {
		t.Errorf("the comment is %q", got)
	}
	if got, err := f.Format(); err != nil || got != cases {
		t.Errorf("formatted: %v\n%s", err, got)
	}
}

// TestEachDifferenceIsAFault changes one thing of what is found at a time.
func TestEachDifferenceIsAFault(t *testing.T) {
	one := parse(t, cases).Cases[0]
	if faults := one.Compare(found()); len(faults) > 0 {
		t.Fatalf("as expected, and yet: %v", faults)
	}
	for name, change := range map[string]func(d *diag.Diagnostic){
		"severity":    func(d *diag.Diagnostic) { d.Severity = diag.Warning },
		"code":        func(d *diag.Diagnostic) { d.Code = "bad-value" },
		"file":        func(d *diag.Diagnostic) { d.File = "b.txt" },
		"line":        func(d *diag.Diagnostic) { d.Line, d.EndLine = 1, 1 },
		"what is at":  func(d *diag.Diagnostic) { d.EndColumn-- },
		"message":     func(d *diag.Diagnostic) { d.Message = "the points must be a number" },
		"help":        func(d *diag.Diagnostic) { d.Label += "0" },
		"no help":     func(d *diag.Diagnostic) { d.Label = "" },
		"other place": func(d *diag.Diagnostic) { d.Related = []diag.Related{{Message: "here", Pos: d.Pos}} },
	} {
		diags := found()
		change(&diags[1])
		faults := strings.Join(one.Compare(diags), "\n")
		if !strings.Contains(faults, "cases.txt:7: not found at a.yaml:2: ### wrong-type") ||
			!strings.Contains(faults, "not expected at ") {
			t.Errorf("%s: %s", name, faults)
		}
	}
	for name, change := range map[string]func(d *diag.Diagnostic){
		"column":         func(d *diag.Diagnostic) { d.Column++ },
		"no other place": func(d *diag.Diagnostic) { d.Related = nil },
		"a help":         func(d *diag.Diagnostic) { d.Label = "write 1" },
	} {
		diags := found()
		change(&diags[0])
		if faults := one.Compare(diags); len(faults) != 2 {
			t.Errorf("%s: %v", name, faults)
		}
	}
	if faults := one.Compare(found()[:2]); len(faults) != 1 {
		t.Errorf("one is missing: %v", faults)
	}
	if faults := one.Compare(append(found(), found()[2])); len(faults) != 1 {
		t.Errorf("one comes twice: %v", faults)
	}
}

func TestUpdate(t *testing.T) {
	f := parse(t, cases)
	diags := found()
	diags[1].Label = "write {x}\u00a0(or x{2})?"
	diags[2].Pos.Column, diags[2].Pos.EndColumn = 1, 3
	f.Cases[0].Update(diags)
	text, err := f.Format()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		// What is met stays as it was written; the others are told in full, in their order.
		`points: "x" ### warning bad-name@1 "odd" see "b.txt:1: here" ` +
			`### wrong-type at "\"x\"" "points must be a number" help "write \{x\}\x{a0}\(or x\{2\}\)\?"` + "\n",
		`hi {{ x }} ### unknown-variable at "hi" "no x"` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nis not in\n%s", want, text)
		}
	}
	if faults := parse(t, text).Cases[0].Compare(diags); len(faults) > 0 {
		t.Errorf("updated, and yet: %v", faults)
	}
	diags[0].Line = 9
	f.Cases[0].Update(diags)
	if _, err := f.Format(); err == nil {
		t.Error("an expectation without a line was written")
	}
}

func TestMalformed(t *testing.T) {
	for text, says := range map[string]string{
		"=== a\n-- f --\nx ### code\n":                 "f.txt:3: code: no message is expected",
		"=== a\n-- f --\nx ### code \"a\n":             "no message is expected",
		"=== a\n-- f --\nx ### Code \"a\"\n":           "begins no expectation",
		"=== a\n-- f --\nx ### code \"a\" and more\n":  "begins no expectation",
		"=== a\n-- f --\nx ### code \"a\" \"b\"\n":     "a second",
		"=== a\n-- f --\nx ### code \"a(\"\n":          "missing closing )",
		"=== a\nx ### code \"a\"\n-- f --\n":           "f.txt:2: an expectation stands on a line of a file",
		"x ### code \"a\"\n":                           "f.txt:1: an expectation stands on a line of a file",
		"=== a\n-- f --\nx\n\n=== a\n-- f --\nx\n":     "one that another has",
		"=== Two words\n-- f --\n":                     "no name of a case",
		"=== a\n-- f --\nx ### code see \"b\"\n":       "no message is expected",
		"=== a\n-- f --\nx ### code help \"b\" \"\"\n": "no message is expected",
	} {
		if _, err := Parse("f.txt", []byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
