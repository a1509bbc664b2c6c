package sim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"golang.org/x/tools/txtar"
)

// tested returns the coverage of a workspace, as text and as the JSON of programs.
func tested(t *testing.T, ws *playbooks.Workspace, run *regexp.Regexp) (*sim.TestReport, string, string) {
	t.Helper()
	rep := sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects(), Run: run})
	var text, data strings.Builder
	for format, out := range map[string]*strings.Builder{"text": &text, "json": &data} {
		if err := rep.Write(out, format, true); err != nil {
			t.Fatal(err)
		}
	}
	return rep, text.String(), data.String()
}

// pattern matches the tests with these names, but for one.
func pattern(names []string, skip int) *regexp.Regexp {
	var quoted []string
	for i, n := range names {
		if i != skip {
			quoted = append(quoted, regexp.QuoteMeta(n))
		}
	}
	return regexp.MustCompile("^(" + strings.Join(quoted, "|") + ")$")
}

func workspaceOf(t *testing.T, path string) (*playbooks.Workspace, []string) {
	t.Helper()
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
	var names []string
	for _, f := range ws.Tests {
		for i := range f.Tests {
			names = append(names, f.Playbook+"/"+f.Tests[i].Name)
		}
	}
	return ws, names
}

// TestCoverage leaves out each test in turn, and all of them: what is missed then is
// testdata/coverage/*.out. Together they reach everything.
func TestCoverage(t *testing.T) {
	paths, err := filepath.Glob("testdata/coverage/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		ws, names := workspaceOf(t, path)
		rep, text, _ := tested(t, ws, nil)
		if rep.Failed > 0 || !strings.Contains(text, "everything is reached\n") {
			t.Fatal(text)
		}
		var got strings.Builder
		for skip := -1; skip < len(names); skip++ {
			some, run, what := *ws, (*regexp.Regexp)(nil), "no test"
			if skip >= 0 {
				run, what = pattern(names, skip), "all but "+names[skip]
			} else {
				some.Tests = nil
			}
			rep, text, _ := tested(t, &some, run)
			fmt.Fprintf(&got, "%s\n", what)
			for _, line := range strings.Split(text, "\n") {
				if strings.Contains(line, ": never ") {
					fmt.Fprintf(&got, "  %s\n", line)
				}
			}
			if len(rep.Coverage) != len(ws.Playbooks) {
				t.Errorf("%s: the coverage has %d playbooks", what, len(rep.Coverage))
			}
		}
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
	}
}

// TestCoverageForPrograms: the JSON says the same as the text, each thing that was missed has a
// place, and two runs print the same.
func TestCoverageForPrograms(t *testing.T) {
	ws, names := workspaceOf(t, "testdata/coverage/tea.txtar")
	for skip := range names {
		_, text, data := tested(t, ws, pattern(names, skip))
		for range 5 {
			if _, text2, data2 := tested(t, ws, pattern(names, skip)); text2 != text || data2 != data {
				t.Fatalf("two runs differ:\n%s%s\n%s%s", text, data, text2, data2)
			}
		}
		var rep struct {
			Coverage []struct {
				Playbook, File string
				Reached, All   int
				Missed         []struct {
					At struct {
						File         string
						Line, Column int
					}
					Kind, What, Never string
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &rep); err != nil {
			t.Fatal(err)
		}
		missed := 0
		for _, c := range rep.Coverage {
			if c.All-c.Reached != len(c.Missed) {
				t.Errorf("%s: %d of %d, and %d missed", c.Playbook, c.Reached, c.All, len(c.Missed))
			}
			for _, m := range c.Missed {
				missed++
				place := fmt.Sprintf("%s:%d:%d: %s: ", m.At.File, m.At.Line, m.At.Column, m.What)
				at := strings.Index(text, place)
				if m.Kind == "" || m.At.Line == 0 || at < 0 {
					t.Errorf("the text has no %s", place)
					continue
				}
				line, _, _ := strings.Cut(text[at:], "\n")
				if !strings.Contains(line, "never "+m.Never) {
					t.Errorf("%q has no %q", line, "never "+m.Never)
				}
			}
		}
		if n := strings.Count(text, "never "); n != missed || n == 0 {
			t.Errorf("without %s the text names %d, the JSON %d", names[skip], n, missed)
		}
	}
}
