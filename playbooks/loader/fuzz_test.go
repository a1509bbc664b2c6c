package loader

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"golang.org/x/tools/txtar"
)

// FuzzLoad feeds any bytes as usher.yaml, as a playbook with its test, and as a template: nothing
// may panic or hang, and whatever is said has a place inside the file.
func FuzzLoad(f *testing.F) {
	base, err := os.ReadFile(baseSchema)
	if err != nil {
		f.Fatal(err)
	}
	for _, g := range append(mistakes(f), archives(f, "testdata/ok")...) {
		for _, file := range g.Files {
			f.Add(file.Data)
		}
	}
	f.Add([]byte("a: &a [x,x]\nb: [*a,*a]\n"))
	f.Add([]byte(strings.Repeat("- ", 3000)))
	f.Add([]byte("{{{{{{? ? ? :"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{playbooks.SchemaFile, "playbooks/a.yaml", "playbooks/a_test.yaml", "templates/a.txt"} {
			fsys := fstest.MapFS{playbooks.SchemaFile: {Data: base}, name: {Data: data}}
			start := time.Now()
			ws, diags := Load(fsys, testRegistry())
			if took := time.Since(start); took > 5*time.Second {
				t.Fatalf("%s: took %s", name, took)
			}
			for _, d := range diags {
				checkShape(t, d)
				checkInside(t, d.Pos, ws.Files)
			}
			if err := diag.Render(new(strings.Builder), "text", diags, ws.Files); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func checkInside(t *testing.T, p diag.Pos, files map[string][]byte) {
	t.Helper()
	lines := strings.Split(string(files[p.File]), "\n")
	if p.Line > len(lines) || p.EndLine < p.Line || p.EndLine == p.Line && p.EndColumn < p.Column {
		t.Errorf("%+v lies outside of a file of %d lines", p, len(lines))
	}
	if p.Line <= len(lines) && p.Column > len([]rune(lines[p.Line-1]))+2 {
		t.Errorf("%+v lies outside of the line %q", p, lines[p.Line-1])
	}
}

// manyPlaybooks is a workspace of n playbooks as operators write them.
func manyPlaybooks(tb testing.TB, n int) fstest.MapFS {
	tb.Helper()
	ar, err := txtar.ParseFile("testdata/ok/cart-rescue.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	base, err := os.ReadFile(baseSchema)
	if err != nil {
		tb.Fatal(err)
	}
	fsys := fstest.MapFS{playbooks.SchemaFile: {Data: base}}
	for _, f := range ar.Files {
		if !strings.HasSuffix(f.Name, "cart-rescue.yaml") {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			continue
		}
		for i := range n {
			id := fmt.Sprintf("cart-rescue-%d", i)
			if i == 0 {
				id = "cart-rescue"
			}
			fsys[fmt.Sprintf("playbooks/conversion/p%d.yaml", i)] = &fstest.MapFile{
				Data: []byte(strings.Replace(string(f.Data), "id: cart-rescue ", "id: "+id+" ", 1)),
			}
		}
	}
	return fsys
}

func BenchmarkLoad1000(b *testing.B) {
	fsys := manyPlaybooks(b, 1000)
	for b.Loop() {
		if ws, diags := Load(fsys, testRegistry()); len(diags) > 0 || len(ws.Playbooks) != 1002 {
			b.Fatalf("%d playbooks, %v", len(ws.Playbooks), diags)
		}
	}
}
