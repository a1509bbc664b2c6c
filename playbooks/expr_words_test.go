package playbooks

import "testing"

// TestWordsInNames holds that an operator's word inside of a declared name is left alone.
func TestWordsInNames(t *testing.T) {
	s := testSchema()
	s.attributes = append(s.attributes, Field{Name: "最多订单", Type: Int}, Field{Name: "或许", Type: Bool})
	for _, wrote := range []string{"member.最多订单 = 3", "member.或许 = true"} {
		_, diags := CompileExpr(Source{Text: wrote}, &Scope{Schema: s}, Bool)
		if len(diags) != 1 || diags[0].Label != "compare with `==`" {
			t.Errorf("%s: %v", wrote, diags)
		}
	}
}
