// Package slips tests the checker on the examples: whatever single slip is made in one of them, it
// says so.
package slips

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

var update = flag.Bool("update", false, "write testdata/legal-slips.txt anew")

// verdict is how a slip was found out.
type verdict int

const (
	legal  verdict = iota // not at all
	atLine                // by a mistake or warning where it is: of a key that is missing, at its mapping or beside it
	atUse                 // of a declaration: where it is used under the name or with the type that it had
)

// What holds once holds for good: a larger example may raise these numbers, a change of the checker
// may only better them.
const (
	leastAtLine = 7605
	mostAtUse   = 13
	mostLegal   = 400
)

// legalSlips say which slips leave a workspace that is right, though it means something else.
var legalSlips = []struct {
	kind, path string
	why        string
}{
	{"delete", `(name|owner|condition|reentry|mode|holdout|goal|exit|active|priority)`, "a playbook need not have it"},
	{"delete", `(active\.(from|open)|quota\.per)`, "it need not be there"},
	{"delete", `actions\.(.*\.)?wait\.until\.at`, "without it the day begins at midnight"},
	{"delete", `trigger\.(if|missed|offset|every|at)`, "a trigger need not have it"},
	{"delete", `(goal|exit|actions\.(.*\.)?wait)\.if`, "without it any such event is meant"},
	{"delete", `actions\.(.*\.)?if`, "an action need not have a guard"},
	{"delete", `actions\.(.*\.)?else`, "a branch need not have a second way"},
	{"delete", `actions\.(.*\.)?(message\.class|points\.reason|webhook\.(body|returns))`, "an action need not have it"},
	{"delete", `actions\.(.*\.)?tag\.(add|remove)`, "the other one is enough"},
	{"delete", `actions\.(.*\.)?emit\.properties\.nickname`, "the property is optional"},
	{"delete", `actions\.(.*\.)?emit\.member`, "the event is then this member's own"},
	{"delete", `actions\.(.*\.)?set\..+`, "the other one is enough"},
	{"(delete|misspell)", `actions\.(.*\.)?webhook\.body\..+`, "what is sent is the author's own"},
	{"retype", `actions\.(.*\.)?webhook\.body(\..+)?`, "what is sent is the author's own"},
	{"retype", `actions\.(.*\.)?points(\.(add|take))?`, "a number alone is right there too"},
	{"retype", `actions\.(emit\.properties\.amount|with\.amends)`, "a number alone is right there too"},
	{"retype", `actions\.(.*\.)?set\.streak`, "the attribute is a number"},
	{"delete", `(timezone|frequency_caps|quiet_hours|member)`, "usher.yaml need not have it"},
	{
		"delete", `(quiet_hours\.timezone|frequency_caps\.channels|coupons\..+\.(name|prefix|budget|per_member|expires|active))`,
		"it need not be there",
	},
	{"delete", `member\..+\.default`, "an attribute need not have one"},
	{"(delete|misspell|retype)", `(member|events)\..+`, "a declaration that no playbook and no test reads"},
	{"delete", `levels(\.(grace|steps\..+))?`, "an attribute need not follow a number, nor need each of its values"},
	{"delete", `tables\.[^.]+\.[^.]+\.[^.]+`, "a row need not have it, and nothing reads it"},
	{"misspell", `(tables\.[^.]+\.[^.]+|trigger\.any\.id)`, "words of the author's own"},
	{"retype", `actions\.(.*\.)?returns\..+`, "only a text prints it, and texts print every type"},
	{"misspell", `(owner|coupons\..+\.prefix|actions\.(.*\.)?(points\.reason|tag))`, "words of the author's own"},
	{"misspell \"", `.+`, "words of the author's own: a tag, a value of a text property, another duration"},
}

// legalSlip returns the reason why a slip is legal, "" when nobody knows one.
func legalSlip(m *mutant) string {
	kind := m.kind
	if strings.HasPrefix(m.what, `"`) {
		kind += ` "`
	}
	for _, r := range legalSlips {
		if regexp.MustCompile("^("+r.kind+")$").MatchString(kind) &&
			regexp.MustCompile("^("+r.path+")$").MatchString(m.path) {
			return r.why
		}
	}
	return ""
}

// Every key left out, every name misspelt, every type exchanged (a value, a mapping, a list, each
// by the two others; a type that is declared by another), one at a time, in all workspaces,
// playbooks and templates of all examples: check finds the slip, or testdata/legal-slips.txt says
// why what is left is right as well.
func TestEverySlipIsFound(t *testing.T) {
	count := map[verdict]int{}
	var left []string
	found, err := filepath.Glob("../*/usher.yaml")
	if err != nil || len(found) == 0 {
		t.Fatalf("no example found: %v", err)
	}
	for _, f := range found {
		dir := filepath.Dir(f)
		ms, verdicts := judgeAll(t, dir)
		for i := range ms {
			count[verdicts[i]]++
			if m := &ms[i]; verdicts[i] == legal {
				why := legalSlip(m)
				if why == "" {
					t.Errorf("%s/%s:%d: %s of %s at %s is not found", dir, m.file, m.line, m.kind, m.what, m.path)
				}
				left = append(left, fmt.Sprintf("%s: %s/%s %s %s %s", why, filepath.Base(dir), m.file, m.kind, m.path, m.what))
			}
		}
	}
	wrong := count[atLine] + count[atUse]
	t.Logf("%d slips: %d found at the line, %d where the declaration is used, %d legal; found at the line are %.2f%% of those that are not legal, %.2f%% of all",
		wrong+count[legal], count[atLine], count[atUse], count[legal], 100*float64(count[atLine])/float64(wrong),
		100*float64(count[atLine])/float64(wrong+count[legal]))
	if count[atLine] < leastAtLine || count[atUse] > mostAtUse || count[legal] > mostLegal {
		t.Errorf("at least %d are found at the line, at most %d where they are used, at most %d are legal", leastAtLine,
			mostAtUse, mostLegal)
	}
	slices.Sort(left)
	const listing = "testdata/legal-slips.txt"
	got := strings.Join(left, "\n") + "\n"
	if *update {
		if err := os.WriteFile(listing, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(listing)
	if err != nil || got != string(want) {
		t.Errorf("%s is not what is found now; write it with `go test ./examples/slips -update` and read what changed: %v",
			listing, err)
	}
}

// judgeAll makes all mutants of a workspace and checks each.
func judgeAll(t *testing.T, dir string) ([]mutant, []verdict) {
	files := filesOf(t, dir)
	var all []mutant
	parts := map[string]part{}
	for p, file := range files {
		if strings.HasSuffix(p, "_test.yaml") {
			continue
		}
		ms, err := mutantsOf(p, string(file.Data))
		if err != nil {
			t.Fatal(err)
		}
		all, parts[p] = append(all, ms...), partOf(files, p)
	}
	whole := wholeOf(files)
	// What is wrong with a declaration itself is found without those who use it, in a tenth of the time.
	alone := wholeOf(fstest.MapFS{playbooks.SchemaFile: files[playbooks.SchemaFile]})
	alone.alone = true
	verdicts := make([]verdict, len(all))
	var wg sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := w; i < len(all); i += runtime.GOMAXPROCS(0) {
				p := parts[all[i].file]
				if all[i].file == playbooks.SchemaFile {
					if verdicts[i] = alone.judge(&all[i]); verdicts[i] == atLine {
						continue
					}
				}
				if verdicts[i] = p.judge(&all[i]); verdicts[i] == legal && len(p.files) < len(files) {
					verdicts[i] = whole.judge(&all[i]) // check sees all files: another may tell
				}
			}
		})
	}
	wg.Wait()
	return all, verdicts
}

// filesOf reads the files of a workspace.
func filesOf(t *testing.T, dir string) fstest.MapFS {
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".yaml") && !strings.HasPrefix(p, "templates/") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, p))
		files[p] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// part is what of a workspace a file can be judged with.
type part struct {
	files fstest.MapFS
	known map[string]bool // what is wrong with the part itself: nothing but declarations that it does not use
	alone bool            // it is usher.yaml: whether something is used is not known
}

// partOf returns the whole workspace for usher.yaml and templates, and for a playbook that with its
// tests: what is found there is found in the whole, and sooner.
func partOf(files fstest.MapFS, file string) part {
	test := strings.TrimSuffix(file, ".yaml") + "_test.yaml"
	tests := files[test]
	if tests == nil || strings.Contains(string(tests.Data), "\nwith:") {
		return wholeOf(files)
	}
	some := fstest.MapFS{file: files[file], test: tests}
	for name, f := range files {
		if !strings.HasPrefix(name, "playbooks/") {
			some[name] = f
		}
	}
	return wholeOf(some)
}

// wholeOf takes the files as they are.
func wholeOf(files fstest.MapFS) part {
	p := part{files: files, known: map[string]bool{}}
	_, diags := loader.Load(files, actions.Registry())
	for i := range diags {
		p.known[diags[i].Message] = true
	}
	return p
}

// judge checks the workspace with the slip in it.
func (p part) judge(m *mutant) verdict {
	files := fstest.MapFS{}
	for name, f := range p.files {
		files[name] = f
	}
	files[m.file] = &fstest.MapFile{Data: []byte(m.text)}
	_, diags := loader.Load(files, actions.Registry())
	out := legal
	for i := range diags {
		d := &diags[i]
		if p.known[d.Message] || p.alone && d.Code == "unused" {
			continue
		}
		at := []diag.Pos{d.Pos}
		for _, r := range d.Related {
			at = append(at, r.Pos)
		}
		if slices.ContainsFunc(at, func(p diag.Pos) bool {
			return p.File == m.file && (p.Line == m.line || slices.Contains(m.near, p.Line))
		}) {
			return atLine
		}
		out = atUse
	}
	return out
}
