package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// publishedSchema reads a JSON Schema that others publish, or that we do.
func publishedSchema(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://usher.test/schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://usher.test/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFormatsAreValid holds what is printed for every golden mistake against the published schemas.
func TestFormatsAreValid(t *testing.T) {
	for format, schema := range map[string]string{
		"sarif": "testdata/sarif/sarif-schema-2.1.0.json", "json": "../docs/schema/diagnostics.schema.json",
	} {
		t.Run(format, func(t *testing.T) {
			s := publishedSchema(t, schema)
			for _, path := range append(goldenFiles(t, "testdata/err"), goldenFiles(t, "testdata/ok")...) {
				_, fsys := golden(t, path)
				ws, diags := Load(fsys, testRegistry())
				var out strings.Builder
				if err := Render(&out, format, Under("shop/玩法", diags), ws.Files); err != nil {
					t.Fatal(err)
				}
				doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out.String()))
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Validate(doc); err != nil {
					t.Errorf("%s: %v", filepath.Base(path), err)
				}
			}
			// A validator that takes anything proves nothing.
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"format": 2, "version": "2.0.0", "runs": [{}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if s.Validate(doc) == nil {
				t.Error("the schema takes nonsense")
			}
		})
	}
}
