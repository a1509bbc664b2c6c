package loader

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/chunktest"
	"github.com/usher-run/usher/playbooks/diag"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the expected output of the golden files anew")

// baseSchema is the usher.yaml of golden cases that bring none.
const baseSchema = "testdata/base.yaml"

// golden is one case: a workspace as the files of an archive, and what is said of it.
type golden struct {
	name string
	*txtar.Archive
}

// says reports whether a line above the files is the word.
func (g *golden) says(word string) bool {
	return slices.Contains(strings.Split(string(g.Comment), "\n"), word)
}

// fs returns the files of the case, on the base schema unless it has one of its own or wants none.
func (g *golden) fs(tb testing.TB) fstest.MapFS {
	tb.Helper()
	fsys := fstest.MapFS{}
	for _, f := range g.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	if fsys[playbooks.SchemaFile] == nil && !g.says("no usher.yaml") {
		data, err := os.ReadFile(baseSchema)
		if err != nil {
			tb.Fatal(err)
		}
		fsys[playbooks.SchemaFile] = &fstest.MapFile{Data: data}
	}
	return fsys
}

// check returns what check finds in a case. Warnings of the base schema's own unused declarations
// are left out.
func (g *golden) check(t *testing.T) ([]diag.Diagnostic, *playbooks.Workspace) {
	t.Helper()
	ws, diags := Load(g.fs(t), testRegistry())
	var shown []diag.Diagnostic
	for _, d := range diags {
		checkShape(t, d)
		own := func(f txtar.File) bool { return f.Name == d.File }
		if d.Code != "unused" || slices.ContainsFunc(g.Files, own) {
			shown = append(shown, d)
		}
	}
	if g.says("strict") {
		shown = append(shown, check.Untested(ws)...)
	}
	return shown, ws
}

// archives reads the cases of a folder with a file each.
func archives(tb testing.TB, dir string) (cases []golden) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		cases = append(cases, golden{strings.TrimSuffix(filepath.Base(path), ".txtar"), ar})
	}
	return cases
}

// chunkFiles reads the files of many cases, by their paths.
func chunkFiles(tb testing.TB) map[string]*chunktest.File {
	tb.Helper()
	paths, err := filepath.Glob("testdata/mistakes/*.txt")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no files of mistakes: %v", err)
	}
	files := map[string]*chunktest.File{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		if files[path], err = chunktest.Parse(path, data); err != nil {
			tb.Fatal(err)
		}
	}
	return files
}

// mistakes returns every case with a mistake, of either form.
func mistakes(tb testing.TB) []golden {
	tb.Helper()
	cases, files := archives(tb, "testdata/rendered"), chunkFiles(tb)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		for _, c := range files[path].Cases {
			cases = append(cases, golden{strings.TrimSuffix(filepath.Base(path), ".txt") + "/" + c.Name, c.Archive})
		}
	}
	return cases
}

// checkShape holds what is true of every diagnostic.
func checkShape(t *testing.T, d diag.Diagnostic) {
	t.Helper()
	for _, raw := range []string{"yaml: line", "*ast", "interface {", "map[string]", "[]interface", "playbooks."} {
		if strings.Contains(d.Message+d.Label, raw) && !strings.Contains(d.Message, "playbooks/") {
			t.Errorf("the message %q passes on %q", d.Message, raw)
		}
	}
	if d.File == "" || d.Line < 1 || d.Column < 1 {
		t.Errorf("%s: no place: %+v", d.Code, d.Pos)
	}
}

// TestMistakes compares what check finds with what is expected, on the lines of each case. Write the
// expectations that are not met anew with -update, and read them.
func TestMistakes(t *testing.T) {
	for path, file := range chunkFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			for _, c := range file.Cases {
				t.Run(c.Name, func(t *testing.T) {
					g := golden{c.Name, c.Archive}
					diags, _ := g.check(t)
					if len(diags) == 0 {
						t.Error("no mistake was found")
					}
					if *update {
						c.Update(diags)
						return
					}
					for _, fault := range c.Compare(diags) {
						t.Error(fault)
					}
				})
			}
			if !*update {
				return
			}
			text, err := file.Format()
			if err == nil {
				err = os.WriteFile(path, []byte(text), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestRenderings compares all that check prints with the .out file beside each case. Write them with
// -update, and read them.
func TestRenderings(t *testing.T) {
	for _, g := range archives(t, "testdata/rendered") {
		t.Run(g.name, func(t *testing.T) {
			diags, ws := g.check(t)
			if len(diags) == 0 {
				t.Error("no mistake was found")
			}
			got := rendered(t, diags, ws)
			name := filepath.Join("testdata/rendered", g.name+".out")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func rendered(t *testing.T, diags []diag.Diagnostic, ws *playbooks.Workspace) string {
	t.Helper()
	var out strings.Builder
	if err := diag.Render(&out, "text", diags, ws.Files); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSound holds that the cases in testdata/ok have nothing to find fault with.
func TestSound(t *testing.T) {
	for _, g := range archives(t, "testdata/ok") {
		t.Run(g.name, func(t *testing.T) {
			if diags, ws := g.check(t); len(diags) > 0 {
				t.Errorf("mistakes in a sound workspace:\n%s", rendered(t, diags, ws))
			}
		})
	}
}

func mapFS(files map[string]string) fs.FS {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return fsys
}
