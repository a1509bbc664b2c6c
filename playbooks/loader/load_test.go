package loader

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the expected output of the golden files anew")

// baseSchema is the usher.yaml of golden cases that bring none.
const baseSchema = "testdata/base.yaml"

// golden is the workspace of one case: the files of the archive, on the base schema unless it has
// one of its own.
func golden(t *testing.T, path string) (*txtar.Archive, fstest.MapFS) {
	t.Helper()
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range ar.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	if fsys[playbooks.SchemaFile] == nil && !strings.Contains(string(ar.Comment), "no usher.yaml") {
		data, err := os.ReadFile(baseSchema)
		if err != nil {
			t.Fatal(err)
		}
		fsys[playbooks.SchemaFile] = &fstest.MapFile{Data: data}
	}
	return ar, fsys
}

// loadGolden returns what check prints for a case. Warnings of the base schema's own unused
// declarations are left out.
func loadGolden(t *testing.T, path string) (string, []diag.Diagnostic) {
	t.Helper()
	_, fsys := golden(t, path)
	ws, diags := Load(fsys, testRegistry())
	ar, _ := golden(t, path)
	own := map[string]bool{}
	for _, f := range ar.Files {
		own[f.Name] = true
	}
	var shown []diag.Diagnostic
	for _, d := range diags {
		if d.Code != "unused" || own[d.File] {
			shown = append(shown, d)
		}
	}
	if strings.Contains(string(ar.Comment), "strict") {
		shown = append(shown, check.Untested(ws)...)
	}
	var out bytes.Buffer
	if err := diag.Render(&out, "text", shown, ws.Files); err != nil {
		t.Fatal(err)
	}
	for _, d := range diags {
		checkShape(t, d)
	}
	return out.String(), shown
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

func goldenFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files in %s: %v", dir, err)
	}
	return files
}

// TestMistakes compares what check prints with the .out file beside each case. Write them with
// -update, and read them.
func TestMistakes(t *testing.T) {
	for _, path := range goldenFiles(t, "testdata/err") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			got, diags := loadGolden(t, path)
			if len(diags) == 0 {
				t.Error("no mistake was found")
			}
			name := strings.TrimSuffix(path, ".txtar") + ".out"
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

// TestSound holds that the cases in testdata/ok have nothing to find fault with.
func TestSound(t *testing.T) {
	for _, path := range goldenFiles(t, "testdata/ok") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			if got, diags := loadGolden(t, path); len(diags) > 0 {
				t.Errorf("mistakes in a sound workspace:\n%s", got)
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
