package lsp

import (
	"strings"
	"testing"
)

func TestDeclarationsAreDescribed(t *testing.T) {
	s := shopServer(t)
	for _, c := range []struct {
		file, place string
		want        []string
	}{
		{schemaFile, "|order.paid", []string{
			"**order.paid**", "amount: number",
			"used in 5 places: playbooks/a.yaml:5, playbooks/a.yaml:6",
		}},
		{schemaFile, "|amount", []string{"amount: number", "of the event order.paid", "used in 7 places"}},
		{schemaFile, "|备注", []string{"备注: optional string", "used in 1 place: playbooks/a.yaml:5"}},
		{schemaFile, "|level: {enum", []string{"member.level: enum of silver, gold", "used in 7 places", ", …"}},
		{schemaFile, "|vip", []string{"member.vip: bool", "Computed: `in_segment(\"rich\")`", "used nowhere"}},
		{schemaFile, "segments: {|rich", []string{"segment: member.level == \"gold\"", "used in 3 places"}},
		{schemaFile, "channels: {|out", []string{"channel of type log", "used in 3 places"}},
		{schemaFile, "coupons: {|ten", []string{"coupon pool", "used in 2 places"}},
		{"playbooks/a.yaml", "id: |first", []string{"**first**", "playbook 你好👋", "used in 1 place: playbooks/a_test.yaml:1"}},
		{"playbooks/a.yaml", "id: |gift", []string{
			"actions.gift: {issued: bool",
			"used in 2 places: playbooks/a.yaml:18, templates/greet/hello.txt:1",
		}},
	} {
		t.Run(c.place, func(t *testing.T) {
			got, ok := s.ask(t, "textDocument/hover", at(t, c.file, c.place)).(hover)
			if !ok {
				t.Fatal("it is not described")
			}
			for _, w := range c.want {
				if !strings.Contains(got.Contents.Value, w) {
					t.Errorf("%q is not in %q", w, got.Contents.Value)
				}
			}
		})
	}
}
