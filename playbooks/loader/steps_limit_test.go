package loader

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
)

// manyActions is a workspace with a playbook of n actions: coupons, and between them tags that ask
// what the coupon before left.
func manyActions(n int) fstest.MapFS {
	var b strings.Builder
	b.WriteString("id: p\nstage: retention\ntrigger: {event: e}\nactions:\n")
	for i := range n {
		if i%2 == 0 {
			fmt.Fprintf(&b, "  - id: a%d\n    coupon: {pool: ten}\n", i)
		} else {
			fmt.Fprintf(&b, "  - if: actions.a%d.issued\n    tag: x\n", i-1)
		}
	}
	return fstest.MapFS{
		playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\ncoupons: {ten: {prefix: T}}\n")},
		"playbooks/p.yaml":   {Data: []byte(b.String())},
	}
}

func TestActionsAreAtMost500(t *testing.T) {
	if ws, diags := Load(manyActions(maxActions), testRegistry()); hasError(diags) || ws.Playbook("p") == nil {
		t.Errorf("%d actions: %.500v", maxActions, diags)
	}
	_, diags := Load(manyActions(maxActions+3), testRegistry())
	if len(diags) != 1 || diags[0].Code != "too-many-actions" || !strings.Contains(diags[0].Message, "500") {
		t.Errorf("%d actions: %.500v", maxActions+3, diags)
	}
	branches := "id: p\nstage: retention\ntrigger: {event: e}\nactions:\n" +
		strings.Repeat("  - choose:\n      - {if: member.points > 3, then: [{tag: a}, {tag: b}]}\n      - {else: [{tag: c}]}\n", maxActions/4+1)
	_, diags = Load(fstest.MapFS{
		playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\n")},
		"playbooks/p.yaml":   {Data: []byte(branches)},
	}, testRegistry())
	if len(diags) != 1 || diags[0].Code != "too-many-actions" {
		t.Errorf("actions of branches: %.500v", diags)
	}
}

// TestExpressionsReadOnlyTheResultsTheyName holds that an expression costs the same however many
// actions come before it: its environment has the results that it names.
func TestExpressionsReadOnlyTheResultsTheyName(t *testing.T) {
	ws, diags := Load(manyActions(50), testRegistry())
	if hasError(diags) {
		t.Fatal(diags)
	}
	for _, s := range ws.Playbook("p").Steps {
		if s.Guard == nil {
			continue
		}
		if got := len(s.Guard.Reads); got != 1 {
			t.Errorf("%s reads %d values, want 1", s.Name(), got)
		}
	}
}
