package loader

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/schematest"
	"github.com/usher-run/usher/playbooks/shapes"
)

// kindOfFile returns which of SchemaFiles a file is, or "".
func kindOfFile(name string) string {
	switch {
	case name == playbooks.SchemaFile:
		return "workspace"
	case strings.HasSuffix(name, playbooks.TestSuffix):
		return "test"
	case strings.HasPrefix(name, playbooks.PlaybookDir+"/") && strings.HasSuffix(name, playbooks.YamlSuffix):
		return "playbook"
	}
	return ""
}

// schemaMistake validates the files of a workspace; "" when all pass.
func schemaMistake(t testing.TB, fsys fstest.MapFS, ws *playbooks.Workspace, reg *schema.Registry) string {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(fsys)) {
		kind := kindOfFile(name)
		if kind == "" {
			continue
		}
		schema, err := shapes.JSONSchema(ws, reg, kind)
		if err != nil {
			t.Fatal(err)
		}
		v, err := schematest.YAML(fsys[name].Data)
		if err == nil {
			err = schematest.Compile(t, schema).Validate(v)
		}
		if err != nil {
			return name + ": " + err.Error()
		}
	}
	return ""
}

func TestSchemaTakesWhatTheCheckerTakes(t *testing.T) {
	for _, g := range archives(t, "testdata/ok") {
		t.Run(g.name, func(t *testing.T) {
			fsys := g.fs(t)
			ws, _ := Load(fsys, testRegistry())
			if m := schemaMistake(t, fsys, ws, testRegistry()); m != "" {
				t.Error(m)
			}
		})
	}
	for _, c := range diag.Codes {
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
	"unknown-key", "missing-key", "wrong-type", "bad-duration", "unknown-event", "unknown-segment", "unknown-channel",
	"unknown-pool",
	"unknown-template", "unknown-action", "exclusive-keys", "unknown-type", "unknown-channel-type", "unknown-playbook",
}

func TestSchemaRejectsMistakes(t *testing.T) {
	sound, _ := Load(example(t, "condition: member.level == \"gold\""), testRegistry())
	for _, c := range diag.Codes {
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
