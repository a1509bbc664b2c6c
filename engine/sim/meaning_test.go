package sim_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// What the language means, as playbook tests: testdata/meaning reads as its documentation.
func TestMeaning(t *testing.T) {
	reg := actions.Registry()
	ws, diags := loader.Load(os.DirFS("testdata/meaning"), reg)
	// some tests are about chains
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "cycle" })
	if len(diags) > 0 {
		var out strings.Builder
		if err := diag.Render(&out, "text", diags, ws.Files); err != nil {
			t.Fatal(err)
		}
		t.Fatal(out.String())
	}
	rep := sim.Test(ws, sim.TestOptions{Registry: reg, Effects: actions.Effects()})
	if rep.Failed > 0 || rep.Passed < 15 {
		var out strings.Builder
		if err := rep.Write(&out, "text", false); err != nil {
			t.Fatal(err)
		}
		t.Fatal(out.String())
	}
}
