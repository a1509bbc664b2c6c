package sim_test

import (
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden reports")

// TestReports runs failing tests: what is printed is testdata/report/*.out, as text with coverage
// and as JUnit.
func TestReports(t *testing.T) {
	paths, err := filepath.Glob("testdata/report/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := fstest.MapFS{}
			for _, f := range ar.Files {
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			ws, diags := loader.Load(files, actions.Registry())
			for _, d := range diags {
				if d.Severity == diag.Error {
					t.Fatalf("%+v", d)
				}
			}
			rep := sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()})
			var got strings.Builder
			if err := rep.Write(&got, "text", true); err != nil {
				t.Fatal(err)
			}
			got.WriteString("\n")
			var junit strings.Builder
			if err := rep.Write(&junit, "junit", false); err != nil {
				t.Fatal(err)
			}
			got.WriteString(junit.String())
			out := strings.TrimSuffix(path, ".txtar") + ".out"
			if *update {
				if err := os.WriteFile(out, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
			checkJUnit(t, junit.String(), rep)
		})
	}
}

// checkJUnit reads the report as a build server does: with the attributes that JUnit's own schema
// requires, and sums that agree.
func checkJUnit(t *testing.T, text string, rep *sim.TestReport) {
	t.Helper()
	var doc struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				File    string `xml:"file,attr"`
				Line    int    `xml:"line,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Type    string `xml:"type,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	tests, failures := 0, 0
	for _, s := range doc.Suites {
		failed := 0
		for _, c := range s.Cases {
			if c.Name == "" || c.Class != s.Name || c.File == "" || c.Line == 0 {
				t.Errorf("a case is %+v", c)
			}
			if c.Failure != nil {
				failed++
				if c.Failure.Message == "" || c.Failure.Type == "" {
					t.Errorf("a failure is %+v", c.Failure)
				}
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failed {
			t.Errorf("%s has %d cases, %d failed, and says %d and %d", s.Name, len(s.Cases), failed, s.Tests, s.Failures)
		}
		tests, failures = tests+s.Tests, failures+s.Failures
	}
	if doc.Tests != tests || doc.Failures != failures || tests != rep.Passed+rep.Failed || failures != rep.Failed {
		t.Errorf("the sums are %d and %d, the report has %d and %d", doc.Tests, doc.Failures, rep.Passed+rep.Failed,
			rep.Failed)
	}
}
