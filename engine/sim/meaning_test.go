package sim_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/shapes"
	"gopkg.in/yaml.v3"
)

// What the language means, as playbook tests: testdata/meaning reads as its documentation, testdata/rewards as that of
// points that expire, testdata/levels as that of levels.
func TestMeaning(t *testing.T) {
	for folder, least := range map[string]int{"testdata/meaning": 15, "testdata/rewards": 4, "testdata/levels": 7} {
		meaning(t, folder, least)
	}
}

// meaning runs the tests of a workspace, of which there are so many at least.
func meaning(t *testing.T, folder string, least int) {
	t.Helper()
	reg := actions.Registry()
	ws, diags := loader.Load(os.DirFS(folder), reg)
	// some tests are about chains
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "cycle" })
	if len(diags) > 0 {
		var out strings.Builder
		if err := diag.Render(&out, "text", diags, ws.Files); err != nil {
			t.Fatal(err)
		}
		t.Fatal(out.String())
	}
	rep := sim.Test(ws, sim.TestOptions{Registry: reg, Effects: actions.Effects()})
	if rep.Failed > 0 || rep.Passed < least {
		var out strings.Builder
		if err := rep.Write(&out, "text", false); err != nil {
			t.Fatal(err)
		}
		t.Fatal(out.String())
	}
}

// Every key that is declared, of every trigger, action and file, is used in a workspace whose tests
// run in this suite.
func TestEveryKeyHasATest(t *testing.T) {
	forms := shapes.NewShapes(actions.Registry())
	used := map[*shapes.Shape]map[string]bool{}
	for _, root := range []string{"testdata/meaning", "testdata/rewards", "testdata/levels", "../../examples/starter"} {
		err := fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				return err
			}
			var doc yaml.Node
			if err := yaml.Unmarshal(data, &doc); err != nil {
				return err
			}
			mark(used, forms.For(name), doc.Content[0])
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[*shapes.Shape]bool{}
	for name, s := range map[string]*shapes.Shape{
		"usher.yaml": forms.Schema, "a playbook": forms.Playbook,
		"a test": forms.Test,
	} {
		for _, missing := range unused(used, seen, s, name) {
			t.Errorf("no workspace that is tested here uses %s", missing)
		}
	}
}

// mark notes the keys that a node uses of a shape.
func mark(used map[*shapes.Shape]map[string]bool, s *shapes.Shape, n *yaml.Node) {
	if s == nil {
		return
	}
	for _, form := range s.Forms() {
		switch {
		case form.Kind == shapes.ShapeList && n.Kind == yaml.SequenceNode:
			for _, item := range n.Content {
				mark(used, form.Item, item)
			}
		case form.Kind == shapes.ShapeMapping && n.Kind == yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				key := form.Key(n.Content[i].Value)
				if key == nil {
					mark(used, form.Rest, n.Content[i+1])
					continue
				}
				if used[form] == nil {
					used[form] = map[string]bool{}
				}
				used[form][key.Name] = true
				mark(used, key.Value, n.Content[i+1])
			}
		}
	}
}

// unused lists the keys of a shape and of all below it that nothing uses.
func unused(used map[*shapes.Shape]map[string]bool, seen map[*shapes.Shape]bool, s *shapes.Shape,
	at string,
) (out []string) {
	if s == nil || seen[s] {
		return nil
	}
	seen[s] = true
	for i := range s.Keys {
		k := &s.Keys[i]
		if !used[s][k.Name] {
			out = append(out, "`"+k.Name+"` of "+at)
			continue
		}
		out = append(out, unused(used, seen, k.Value, strings.TrimPrefix(at+" "+k.Name, "a playbook "))...)
	}
	for _, below := range slices.Concat([]*shapes.Shape{s.Item, s.Rest}, s.Or) {
		out = append(out, unused(used, seen, below, at)...)
	}
	return out
}
