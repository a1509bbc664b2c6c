package expression

import (
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// TestOperatorsInNames holds that an operator's word inside of a declared name is left alone.
func TestOperatorsInNames(t *testing.T) {
	s := testSchema()
	s.attributes = append(s.attributes, schema.Field{Name: "最多订单", Type: schema.Int},
		schema.Field{Name: "或许", Type: schema.Bool})
	for _, wrote := range []string{"member.最多订单 = 3", "member.或许 = true"} {
		_, diags := CompileExpr(diag.Source{Text: wrote}, &scope.Scope{Schema: s}, schema.Bool)
		if len(diags) != 1 || diags[0].Label != "compare with `==`" {
			t.Errorf("%s: %v", wrote, diags)
		}
	}
}
