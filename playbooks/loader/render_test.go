package loader

import (
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schematest"
)

// TestFormatsAreValid holds what is printed for every golden mistake against the published schemas.
func TestFormatsAreValid(t *testing.T) {
	for format, schema := range map[string]string{
		"sarif": "testdata/sarif/sarif-schema-2.1.0.json", "json": "../../docs/schema/diagnostics.schema.json",
	} {
		t.Run(format, func(t *testing.T) {
			text, err := os.ReadFile(schema)
			if err != nil {
				t.Fatal(err)
			}
			s := schematest.Compile(t, text)
			for _, g := range append(mistakes(t), archives(t, "testdata/ok")...) {
				ws, diags := Load(g.fs(t), testRegistry())
				var out strings.Builder
				if err := diag.Render(&out, format, diag.Under("shop/玩法", diags), ws.Files); err != nil {
					t.Fatal(err)
				}
				doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out.String()))
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Validate(doc); err != nil {
					t.Errorf("%s: %v", g.name, err)
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
