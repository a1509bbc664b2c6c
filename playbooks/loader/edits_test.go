package loader

import (
	"cmp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks/diag"
)

// applyEdits makes the offered changes, the last of a file first.
func applyEdits(fsys fstest.MapFS, diags []diag.Diagnostic) int {
	var edits []diag.Edit
	for _, d := range diags {
		if d.Severity == diag.Error {
			edits = append(edits, d.Edits...)
		}
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int {
		return -cmp.Or(diag.ComparePos(a.Pos, b.Pos), cmp.Compare(a.EndColumn, b.EndColumn))
	})
	for _, e := range edits {
		f := diag.NewFile(e.File, fsys[e.File].Data)
		from, to := f.Offset(e.Line, e.Column), f.Offset(e.EndLine, e.EndColumn)
		fsys[e.File] = &fstest.MapFile{Data: []byte(f.Text[:from] + e.Text + f.Text[to:])}
	}
	return len(edits)
}

// TestEditsMend applies the edits offered for each golden case: the mistakes that had one must be
// gone.
func TestEditsMend(t *testing.T) {
	for _, g := range mistakes(t) {
		t.Run(g.name, func(t *testing.T) {
			fsys := g.fs(t)
			_, diags := Load(fsys, testRegistry())
			if applyEdits(fsys, diags) == 0 {
				t.Skip("no edit is offered")
			}
			_, after := Load(fsys, testRegistry())
			for _, d := range diags {
				if len(d.Edits) == 0 {
					continue
				}
				for _, a := range after {
					if a.Code == d.Code && a.Message == d.Message {
						t.Errorf("the edit %+v did not mend: %s", d.Edits, d.Message)
					}
				}
			}
			if slices.Contains(codesOf(after), "yaml-syntax") {
				t.Errorf("the edits broke the file: %v", after)
			}
		})
	}
}
