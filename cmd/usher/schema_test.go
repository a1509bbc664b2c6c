package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
)

// compiled makes a validator; that compiles the schema against its meta-schema too.
func compiled(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://usher.test/schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://usher.test/schema.json")
	if err != nil {
		t.Fatalf("the schema is not valid itself: %v", err)
	}
	return s
}

// yamlValue gives a YAML file as an editor's validator sees it: a date is a string.
func yamlValue(t *testing.T, text []byte) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	var plain func(*yaml.Node)
	plain = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemasTakeEveryWorkspaceOfTheRepository: what passes `check` passes the schema.
func TestSchemasTakeEveryWorkspaceOfTheRepository(t *testing.T) {
	var dirs []string
	for _, root := range []string{"../../examples", "../../engine", "scaffold"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "usher.yaml" {
				dirs = append(dirs, filepath.Dir(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(dirs) < 4 {
		t.Fatalf("only %v were found", dirs)
	}
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) {
			ws, _ := playbooks.Load(os.DirFS(dir), actions.Registry())
			schemas := map[string]*jsonschema.Schema{}
			for _, kind := range playbooks.SchemaFiles {
				text, err := playbooks.JSONSchema(ws, actions.Registry(), kind)
				if err != nil {
					t.Fatal(err)
				}
				schemas[kind] = compiled(t, text)
			}
			for name, data := range ws.Files {
				kind := "playbook"
				switch {
				case name == "usher.yaml":
					kind = "workspace"
				case strings.HasPrefix(name, "templates/"):
					continue
				case strings.HasSuffix(name, "_test.yaml"):
					kind = "test"
				}
				if err := schemas[kind].Validate(yamlValue(t, data)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
