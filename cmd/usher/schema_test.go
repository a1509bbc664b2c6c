package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/schematest"
	"github.com/usher-run/usher/playbooks/shapes"
)

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
			ws, _ := loader.Load(os.DirFS(dir), actions.Registry())
			schemas := map[string]*jsonschema.Schema{}
			for _, kind := range shapes.SchemaFiles {
				text, err := shapes.JSONSchema(ws, actions.Registry(), kind)
				if err != nil {
					t.Fatal(err)
				}
				schemas[kind] = schematest.Compile(t, text)
			}
			for name, data := range ws.Files {
				kind := "playbook"
				switch {
				case name == "usher.yaml":
					kind = "workspace"
				case !strings.HasSuffix(name, ".yaml"):
					continue
				case strings.HasPrefix(name, "snippets/"):
					kind = "snippet"
				case strings.HasSuffix(name, "_test.yaml"):
					kind = "test"
				}
				v, err := schematest.YAML(data)
				if err == nil {
					err = schemas[kind].Validate(v)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
