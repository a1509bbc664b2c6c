package playbooks

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// applyEdits makes the offered changes, the last of a file first.
func applyEdits(fsys fstest.MapFS, diags []Diagnostic) int {
	var edits []Edit
	for _, d := range diags {
		if d.Severity == Error {
			edits = append(edits, d.Edits...)
		}
	}
	slices.SortFunc(edits, func(a, b Edit) int { return -cmp.Or(ComparePos(a.Pos, b.Pos), cmp.Compare(a.EndColumn, b.EndColumn)) })
	for _, e := range edits {
		f := newFile(e.File, fsys[e.File].Data)
		from, to := f.offset(e.Line, e.Column), f.offset(e.EndLine, e.EndColumn)
		fsys[e.File] = &fstest.MapFile{Data: []byte(f.text[:from] + e.Text + f.text[to:])}
	}
	return len(edits)
}

// TestEditsMend applies the edits offered for each golden case: the mistakes that had one must be gone.
func TestEditsMend(t *testing.T) {
	for _, path := range goldenFiles(t, "testdata/err") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			_, fsys := golden(t, path)
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
