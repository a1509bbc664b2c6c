package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// BenchmarkThousandPlaybookTests loads a workspace of 100 playbooks with 1,000 tests and runs them,
// as `usher test` does.
func BenchmarkThousandPlaybookTests(b *testing.B) {
	const copies, tests = 100, 10
	dir := "../examples/starter"
	files := fstest.MapFS{}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		return string(data)
	}
	files["usher.yaml"] = &fstest.MapFile{Data: []byte(read("usher.yaml"))}
	templates, err := filepath.Glob(filepath.Join(dir, "templates", "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range templates {
		name := "templates/" + filepath.Base(path)
		files[name] = &fstest.MapFile{Data: []byte(read(name))}
	}
	const base = "playbooks/activation/first-order"
	playbook, script := read(base+".yaml"), read(base+"_test.yaml")
	head, first, ok := strings.Cut(script, "  - name: ")
	if !ok {
		b.Fatal("the example has no test")
	}
	name, body, _ := strings.Cut(first, "\n")
	body, _, _ = strings.Cut(body, "  - name: ")
	for i := range copies {
		id := fmt.Sprintf("first-order-%d", i)
		files[fmt.Sprintf("playbooks/p%d.yaml",
			i)] = &fstest.MapFile{Data: []byte(strings.Replace(playbook, "id: first-order", "id: "+id, 1))}
		var t strings.Builder
		t.WriteString(strings.Replace(head, "playbook: first-order", "playbook: "+id, 1))
		for k := range tests {
			fmt.Fprintf(&t, "  - name: %s %d\n%s", name, k, body)
		}
		files[fmt.Sprintf("playbooks/p%d_test.yaml", i)] = &fstest.MapFile{Data: []byte(t.String())}
	}
	b.ResetTimer()
	for b.Loop() {
		ws, diags := loader.Load(files, actions.Registry())
		for _, d := range diags {
			if d.Severity == diag.Error {
				b.Fatalf("%s:%d: %s", d.File, d.Line, d.Message)
			}
		}
		rep := sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()})
		if rep.Passed != copies*tests {
			b.Fatalf("%d passed, %d failed", rep.Passed, rep.Failed)
		}
	}
}
