package docs

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// testTopics are the files of tests that are about more than one source file: what they hold of
// all, or what the tests of a package share.
var testTopics = map[string]string{
	"rows":         "what an event writes",
	"fuzz":         "any input at all",
	"property":     "what holds for any inputs",
	"harness":      "what the tests of a package share",
	"conformance":  "all of a kind are held to the same promises",
	"contract":     "every answer is held against the document",
	"export":       "what tests outside a package are shown of it",
	"results":      "answers that are written by hand",
	"smtpserver":   "the server that a mail is sent to",
	"alike":        "the same inputs, the same outputs",
	"alike_memory": "the same inputs, the same outputs",
	"clock":        "the core reads none",
	"meaning":      "the rules of the language",
	"numbers":      "expressions and texts calculate as a calculator",
	"files":        "files of events as people have them",
	"strict":       "nothing of a file is replaced in silence",
	"batch":        "members who are decided together",
	"damage":       "rows that cannot be read",
	"faults":       "a disk that fails",
	"retry":        "what was set aside is tried again",
	"upgrade":      "runs of another version",
	"guard":        "what a webhook must not reach",
	"kill":         "processes that are killed",
	"stop":         "processes that are stopped",
	"flood":        "a log that clients cannot fill",
	"script":       "commands, as testdata/script has them",

	"foreign_expressions": "expressions of other languages",
}

// A test is found by the name of what it tests: its file is named after a source file, of its own
// folder or of one beside it, after its folder, or after a topic. A folder of tests alone, as
// internal/durability, is a topic of its own.
func TestTestsAreNamedAfterSources(t *testing.T) {
	tests, used := []string{}, map[string]bool{}
	sources := map[string]bool{} // by their paths
	folders := map[string]bool{} // those of sources
	near := map[string]bool{}    // by their names, below one of the folders
	for _, root := range []string{"actions", "api", "cmd", "engine", "internal", "playbooks"} {
		err := filepath.WalkDir("../"+root, func(name string, d fs.DirEntry, err error) error {
			base, isGo := strings.CutSuffix(filepath.ToSlash(name), ".go")
			base = strings.TrimPrefix(base, "../")
			switch test, isTest := strings.CutSuffix(base, "_test"); {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case isGo && isTest:
				tests = append(tests, test)
			case isGo:
				// The loader's tests hold what the packages below it find, the worker's what the core decides.
				sources[base], folders[path.Dir(base)], near[root+"/"+path.Base(base)] = true, true, true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(tests) < 50 {
		t.Fatalf("only %d files of tests are found", len(tests))
	}
	for _, test := range tests {
		root, _, _ := strings.Cut(test, "/")
		name := path.Base(test)
		switch {
		case !folders[path.Dir(test)], sources[test], name == path.Base(path.Dir(test)):
		case testTopics[name] != "":
			used[name] = true
		case !near[root+"/"+name]:
			t.Errorf("%s_test.go is named after no source file, and after no topic of this test", test)
		}
	}
	for topic := range testTopics {
		if !used[topic] {
			t.Errorf("no test is named after the topic %q", topic)
		}
	}
}

// mostFileLines and mostPackageLines are how much one reads at once, tests apart.
const mostFileLines, mostPackageLines = 500, 5000

// No source file and no package is larger than what one reads at once. The linter holds functions.
func TestSourcesAreOfReadableSize(t *testing.T) {
	packages := map[string]int{}
	for _, root := range []string{"actions", "api", "bench", "cmd", "engine", "internal", "playbooks"} {
		err := filepath.WalkDir("../"+root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			lines := bytes.Count(text, []byte("\n"))
			if lines > mostFileLines {
				t.Errorf("%s has %d lines, at most %d are read at once", name, lines, mostFileLines)
			}
			packages[filepath.Dir(name)] += lines
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, lines := range packages {
		if lines > mostPackageLines {
			t.Errorf("package %s has %d lines, at most %d are read at once: cut it", name, lines, mostPackageLines)
		}
	}
	if len(packages) < 20 {
		t.Errorf("only %d packages were found", len(packages))
	}
}
