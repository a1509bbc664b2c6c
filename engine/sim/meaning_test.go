package sim_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// testedFiles calls f with each YAML file of the workspaces whose tests run in this suite.
func testedFiles(t *testing.T, f func(name string, data []byte)) {
	t.Helper()
	for _, root := range []string{"testdata/meaning", "testdata/rewards", "testdata/levels", "../../examples/starter"} {
		err := fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(filepath.Join(root, name))
			if err == nil {
				f(name, data)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every key that is declared, of every trigger, action and file, is used in a workspace whose tests
// run in this suite.
func TestEveryKeyHasATest(t *testing.T) {
	forms := shapes.NewShapes(actions.Registry())
	used := map[*shapes.Shape]map[string]bool{}
	testedFiles(t, func(name string, data []byte) {
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		mark(used, forms.For(name), doc.Content[0])
	})
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

// So is every function, and every result of an action but those that come from channels.
func TestEveryFunctionAndResultHasATest(t *testing.T) {
	var all strings.Builder
	testedFiles(t, func(name string, data []byte) {
		if !strings.HasSuffix(name, "_test.yaml") {
			all.Write(data)
		}
	})
	for _, f := range shapes.Functions() {
		name, _, _ := strings.Cut(f.Usage, "(")
		if !regexp.MustCompile(`\b` + name + `\(`).MatchString(all.String()) {
			t.Errorf("no workspace that is tested here calls %s", f.Usage)
		}
	}
	fromChannels := []string{"delivered_at", "opened_at", "clicked_at"}
	registry := actions.Registry()
	for i := range registry.Actions {
		for _, r := range registry.Actions[i].Results {
			if !regexp.MustCompile(`actions(\.\w+)+\.`+r.Name+`\b`).MatchString(all.String()) &&
				!slices.Contains(fromChannels, r.Name) {
				t.Errorf("no workspace that is tested here reads %s of %s", r.Name, registry.Actions[i].Key)
			}
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
