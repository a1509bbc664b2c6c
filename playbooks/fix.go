package playbooks

import (
	"bytes"
	"cmp"
	"slices"
	"testing/fstest"
)

// SafeEdits gives the edits of the diagnostics that are beyond doubt, by place and without overlap: they can be made together.
func SafeEdits(diags []Diagnostic) []Edit {
	edits, _ := safeEdits(diags)
	return edits
}

// safeEdits gives beside them the diagnostics that they are of.
func safeEdits(diags []Diagnostic) (edits []Edit, of []Diagnostic) {
	for _, d := range diags {
		if len(d.Edits) == 0 || slices.ContainsFunc(d.Edits, func(e Edit) bool { return e.Doubt || e.Line < 1 }) {
			continue
		}
		fresh := slices.DeleteFunc(slices.Clone(d.Edits), func(e Edit) bool { return slices.Contains(edits, e) })
		if slices.ContainsFunc(fresh, func(e Edit) bool { return slices.ContainsFunc(edits, e.overlaps) }) {
			continue
		}
		edits, of = append(edits, fresh...), append(of, d)
	}
	slices.SortFunc(edits, func(a, b Edit) int { return ComparePos(a.Pos, b.Pos) })
	return edits, of
}

func (e Edit) overlaps(o Edit) bool {
	before := func(a, b Edit) bool {
		return cmp.Or(cmp.Compare(a.EndLine, b.Line), cmp.Compare(a.EndColumn, b.Column)) <= 0
	}
	return e.File == o.File && !before(e, o) && !before(o, e)
}

// Apply makes edits in the text of a file; those of other files are left out.
func Apply(name string, text []byte, edits []Edit) []byte {
	f := newFile(name, text)
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		from, to := f.offset(e.Line, e.Column), f.offset(e.EndLine, e.EndColumn)
		if e.File != name || from < at || to < from {
			continue
		}
		out.WriteString(f.text[at:from])
		out.WriteString(e.Text)
		at = to
	}
	out.WriteString(f.text[at:])
	return out.Bytes()
}

// Fixed is what [Fix] did.
type Fixed struct {
	Files map[string][]byte // the files that changed
	Of    []Diagnostic      // the mistakes that are gone, in the order in which they were mended
	Edits []Edit            // one for each of them: the first of its edits, in the file as it was then
	Old   []string          // the text that each edit replaced
}

// maxFixes is how often the files are read again: what one mistake hides shows when it is gone.
const maxFixes = 20

// Fix makes all changes that are beyond doubt in the files of a workspace, until none is left. A change that does not mend its
// mistake is not made, so that nothing changes when it is called with its own result.
func Fix(files map[string][]byte, reg *Registry) Fixed {
	out := Fixed{Files: map[string][]byte{}}
	now := fstest.MapFS{} // an fs.FS in memory; the standard library's only one
	for name, data := range files {
		if data != nil {
			now[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
	}
	vain := map[string]bool{}
	for range maxFixes {
		_, diags := Load(now, reg)
		diags = slices.DeleteFunc(diags, func(d Diagnostic) bool { return vain[d.signature()] })
		edits, of := safeEdits(diags)
		if len(edits) == 0 {
			break
		}
		next, changed := edited(now, edits)
		if failed := unmended(next, reg, diags, of); len(failed) > 0 {
			for _, d := range failed {
				vain[d.signature()] = true
			}
			continue
		}
		for _, d := range of {
			e := d.Edits[0]
			f := newFile(e.File, now[e.File].Data)
			out.Of, out.Edits = append(out.Of, d), append(out.Edits, e)
			out.Old = append(out.Old, f.text[f.offset(e.Line, e.Column):f.offset(e.EndLine, e.EndColumn)])
		}
		for _, name := range changed {
			out.Files[name] = next[name].Data
		}
		now = next
	}
	return out
}

// edited gives the files with the edits made, and the names of those that changed.
func edited(files fstest.MapFS, edits []Edit) (next fstest.MapFS, changed []string) {
	next = fstest.MapFS{}
	for name, f := range files {
		next[name] = f
		text := Apply(name, f.Data, edits)
		if !bytes.Equal(text, f.Data) {
			next[name], changed = &fstest.MapFile{Data: text, Mode: 0o644}, append(changed, name)
		}
	}
	return next, changed
}

// unmended gives the diagnostics that are still there after their edits, those whose edit left more mistakes where it was made, and
// the keys put in that are another's now.
func unmended(files fstest.MapFS, reg *Registry, were, of []Diagnostic) []Diagnostic {
	_, after := Load(files, reg)
	left := map[string]bool{}
	for _, d := range after {
		left[d.signature()] = true
		for _, o := range of {
			if d.Code == "duplicate-id" && o.Code == "missing-key" && touchesFile(d, o.File) {
				left[o.signature()] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(of), func(d Diagnostic) bool {
		return !left[d.signature()] && !(d.ofShape() && d.errorsAround(after) > d.errorsAround(were))
	})
}

// ofShape tells whether a diagnostic is about how YAML reads a file: its edit changes what else is read.
func (d *Diagnostic) ofShape() bool {
	return d.Code == "yaml-syntax" || d.Code == "yaml-quoting" || d.Code == "tab"
}

// errorsAround counts the errors on the lines that the edits of d touch and on those beside them.
func (d *Diagnostic) errorsAround(list []Diagnostic) int {
	count := 0
	for _, o := range list {
		if o.Severity == Error && slices.ContainsFunc(d.Edits, func(e Edit) bool {
			return e.File == o.File && o.Line >= e.Line-1 && o.Line <= e.EndLine+1
		}) {
			count++
		}
	}
	return count
}

// touchesFile tells whether a diagnostic speaks of a file.
func touchesFile(d Diagnostic, file string) bool {
	return d.File == file || slices.ContainsFunc(d.Related, func(r Related) bool { return r.File == file })
}

// signature names a mistake wherever it has moved to.
func (d *Diagnostic) signature() string { return d.Code + "\x00" + d.File + "\x00" + d.Message }
