package playbooks

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compileSchema makes a validator of the workspace's schema for a kind of file. Compiling checks it against its meta-schema.
func compileSchema(t testing.TB, ws *Workspace, reg *Registry, file string) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema(ws, reg, file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://usher.test/"+file+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://usher.test/" + file + ".json")
	if err != nil {
		t.Fatalf("the schema of a %s is not valid itself: %v", file, err)
	}
	return s
}

// jsonOf gives a YAML file as an editor's validator sees it: a date is a string.
func jsonOf(t testing.TB, text []byte) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return err
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
		return err
	}
	return v
}

// kindOfFile gives which of SchemaFiles a file is, or "".
func kindOfFile(name string) string {
	switch {
	case name == schemaFile:
		return "workspace"
	case strings.HasSuffix(name, testSuffix):
		return "test"
	case strings.HasPrefix(name, playbookDir+"/") && strings.HasSuffix(name, yamlSuffix):
		return "playbook"
	}
	return ""
}

// schemaMistake validates the files of a workspace; "" when all pass.
func schemaMistake(t testing.TB, fsys fstest.MapFS, ws *Workspace, reg *Registry) string {
	t.Helper()
	for _, name := range sortedKeys(fsys) {
		kind := kindOfFile(name)
		if kind == "" {
			continue
		}
		if err := compileSchema(t, ws, reg, kind).Validate(jsonOf(t, fsys[name].Data)); err != nil {
			return name + ": " + err.Error()
		}
	}
	return ""
}

func TestSchemaTakesWhatTheCheckerTakes(t *testing.T) {
	for _, path := range goldenFiles(t, "testdata/ok") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			_, fsys := golden(t, path)
			ws, _ := Load(fsys, testRegistry())
			if m := schemaMistake(t, fsys, ws, testRegistry()); m != "" {
				t.Error(m)
			}
		})
	}
	for _, c := range Codes {
		if c.Good != "" {
			t.Run(c.Name, func(t *testing.T) {
				fsys := example(t, c.Good)
				ws, _ := Load(fsys, testRegistry())
				if m := schemaMistake(t, fsys, ws, testRegistry()); m != "" {
					t.Error(m)
				}
			})
		}
	}
}

// schemaCodes are the mistakes that a schema can see in one file.
var schemaCodes = []string{
	"unknown-key", "missing-key", "wrong-type", "bad-duration", "unknown-event", "unknown-segment", "unknown-channel", "unknown-pool",
	"unknown-template", "unknown-action", "exclusive-keys", "unknown-type", "unknown-channel-type", "unknown-playbook",
}

func TestSchemaRejectsMistakes(t *testing.T) {
	sound, _ := Load(example(t, "condition: member.level == \"gold\""), testRegistry())
	for _, c := range Codes {
		if c.Bad == "" || !slices.Contains(schemaCodes, c.Name) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if schemaMistake(t, example(t, c.Bad), sound, testRegistry()) == "" && c.Name != "unknown-segment" { // it stands in an expression
				t.Errorf("the schema takes the bad example:\n%s", c.Bad)
			}
		})
	}
}
