// Package examples tests the workspaces that usher ships: each passes its own checks and tests, and
// the tests reach everything.
package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

func TestCookbookListsItsPlaybooks(t *testing.T) {
	files, err := filepath.Glob("cookbook/playbooks/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("cookbook", page))
		if err != nil {
			t.Fatal(err)
		}
		listed := 0
		for _, f := range files {
			link := "](" + strings.TrimPrefix(filepath.ToSlash(f), "cookbook/") + ")"
			if strings.HasSuffix(f, "_test.yaml") {
				continue
			}
			if listed++; !strings.Contains(string(text), link) {
				t.Errorf("%s does not list %s", page, f)
			}
		}
		if listed < 20 {
			t.Errorf("the cookbook has %d playbooks", listed)
		}
	}
}

func TestExamplesPassTheirOwnTests(t *testing.T) {
	found, err := filepath.Glob("*/usher.yaml")
	if err != nil || len(found) == 0 {
		t.Fatalf("no example found: %v", err)
	}
	for _, f := range found {
		dir := filepath.Dir(f)
		t.Run(dir, func(t *testing.T) {
			ws, diags := loader.Load(os.DirFS(dir), actions.Registry())
			diags = append(diags, check.Untested(ws)...)
			if len(diags) > 0 {
				var out strings.Builder
				diag.Render(&out, "text", diags, ws.Files)
				t.Fatal(out.String())
			}
			rep := sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()})
			if rep.Failed > 0 || rep.Passed == 0 {
				var out strings.Builder
				if err := rep.Write(&out, "text", false); err != nil {
					t.Fatal(err)
				}
				t.Fatal(out.String())
			}
			for i := range rep.Coverage {
				for _, m := range rep.Coverage[i].Missed {
					t.Error(m)
				}
			}
		})
	}
}
