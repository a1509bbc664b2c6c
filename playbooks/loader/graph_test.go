package loader

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

var updateGraphs = flag.Bool("update-graphs", false, "write the golden graphs")

func TestGraph(t *testing.T) {
	for _, g := range archives(t, "testdata/graph") {
		ws, diags := Load(g.fs(t), testRegistry())
		if diag.HasError(diags) || len(ws.Playbooks) == 0 {
			t.Fatalf("%s: %v", g.name, diags)
		}
		var b strings.Builder
		for _, p := range ws.Playbooks {
			b.WriteString(playbooks.Graph(p, testRegistry()))
		}
		out := filepath.Join("testdata/graph", g.name+".mmd")
		if *updateGraphs {
			if err := os.WriteFile(out, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != string(want) {
			t.Errorf("%s draws\n%s\nwant\n%s", g.name, got, want)
		}
	}
}

// TestGraphsAreWhole draws every sound playbook of the golden cases: each arrow leads to a node
// that is drawn, and each step is reached by one.
func TestGraphsAreWhole(t *testing.T) {
	for _, g := range append(archives(t, "testdata/ok"), archives(t, "testdata/graph")...) {
		ws, _ := Load(g.fs(t), testRegistry())
		for _, p := range ws.Playbooks {
			nodes, reached := map[string]bool{}, map[string]bool{}
			for _, line := range strings.Split(playbooks.Graph(p, testRegistry()), "\n")[4:] {
				words := strings.Fields(line)
				if len(words) >= 3 && (strings.HasPrefix(words[1], "-->") || strings.HasPrefix(words[1], "-.->")) {
					reached[words[len(words)-1]] = true
					continue
				}
				if id := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ([{>", r) }); len(id) > 0 {
					nodes[id[0]] = true
				}
			}
			for id := range reached {
				if !nodes[id] {
					t.Errorf("%s: %s is led to and not drawn", p.ID, id)
				}
			}
			for id := range nodes {
				if !reached[id] && !strings.HasPrefix(id, "x") && id != "start" && id != "goal" {
					t.Errorf("%s: nothing leads to %s", p.ID, id)
				}
			}
		}
	}
}
