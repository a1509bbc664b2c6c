package loader

import (
	"bytes"
	"slices"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// SafeEdits returns the edits of the diagnostics that are beyond doubt, by place and without
// overlap: they can be made together.
func SafeEdits(diags []diag.Diagnostic) []diag.Edit {
	edits, _ := safeEdits(diags)
	return edits
}

// safeEdits returns beside them the diagnostics that they are of.
func safeEdits(diags []diag.Diagnostic) (edits []diag.Edit, of []diag.Diagnostic) {
	for _, d := range diags {
		if len(d.Edits) == 0 || slices.ContainsFunc(d.Edits, func(e diag.Edit) bool { return e.Unsure || e.Line < 1 }) {
			continue
		}
		fresh := slices.DeleteFunc(slices.Clone(d.Edits), func(e diag.Edit) bool { return slices.Contains(edits, e) })
		if slices.ContainsFunc(fresh, func(e diag.Edit) bool { return slices.ContainsFunc(edits, e.Overlaps) }) {
			continue
		}
		edits, of = append(edits, fresh...), append(of, d)
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int { return diag.ComparePos(a.Pos, b.Pos) })
	return edits, of
}

// Fixed is what [Fix] did.
type Fixed struct {
	Files map[string][]byte // the files that changed
	Of    []diag.Diagnostic // the mistakes that are gone, in the order in which they were mended
	Edits []diag.Edit       // one for each of them: the first of its edits, in the file as it was then
	Old   []string          // the text that each edit replaced
}

// maxFixes is how often the files are read again: what one mistake hides shows when it is gone.
const maxFixes = 20

// Fix makes all changes that are beyond doubt in the files of a workspace, until none is left. A
// change that does not mend its mistake is not made, so that nothing changes when it is called with
// its own result.
func Fix(files map[string][]byte, reg *schema.Registry) Fixed { return fix(files, reg, "") }

// FixFile is Fix for one file: changes that touch another are not made.
func FixFile(files map[string][]byte, reg *schema.Registry, name string) Fixed {
	return fix(files, reg, name)
}

func fix(files map[string][]byte, reg *schema.Registry, only string) Fixed {
	out := Fixed{Files: map[string][]byte{}}
	now := fstest.MapFS{} // an fs.FS in memory; the standard library's only one
	for name, data := range files {
		if data != nil {
			now[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
	}
	var vain []mistake
	_, diags := Load(now, reg)
	for range maxFixes {
		edits, of := safeEdits(slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool {
			return slices.Contains(vain, mistakeOf(&d)) ||
				only != "" && slices.ContainsFunc(d.Edits, func(e diag.Edit) bool { return e.File != only })
		}))
		if len(edits) == 0 {
			break
		}
		next, changed := edited(now, edits)
		_, after := Load(next, reg)
		move := mover{now, next, edits}
		if failed := move.unmended(diags, after, of); len(failed) > 0 {
			vain = append(vain, failed...)
			continue
		}
		for i := range vain {
			vain[i].line, vain[i].column = move.start(vain[i].file, vain[i].line, vain[i].column)
		}
		for _, d := range of {
			e := d.Edits[0]
			f := diag.NewFile(e.File, now[e.File].Data)
			out.Of, out.Edits = append(out.Of, d), append(out.Edits, e)
			out.Old = append(out.Old, f.Text[f.Offset(e.Line, e.Column):f.Offset(e.EndLine, e.EndColumn)])
		}
		for _, name := range changed {
			out.Files[name] = next[name].Data
		}
		now, diags = next, after
	}
	return out
}

// edited returns the files with the edits made, and the names of those that changed.
func edited(files fstest.MapFS, edits []diag.Edit) (next fstest.MapFS, changed []string) {
	next = fstest.MapFS{}
	for name, f := range files {
		next[name] = f
		text := diag.Apply(name, f.Data, edits)
		if !bytes.Equal(text, f.Data) {
			next[name], changed = &fstest.MapFile{Data: text, Mode: 0o644}, append(changed, name)
		}
	}
	return next, changed
}

// mistake is a diagnostic at its place.
type mistake struct {
	code, file, message string
	line, column        int
}

func mistakeOf(d *diag.Diagnostic) mistake {
	return mistake{d.Code, d.File, d.Message, d.Line, d.Column}
}

// mover knows the files before and after edits were made.
type mover struct {
	before, after fstest.MapFS
	edits         []diag.Edit // in the order of their places
}

// start returns where a place is after the edits; one inside an edit moves to its beginning.
func (m mover) start(name string, line, column int) (newLine, newColumn int) {
	if m.before[name] == nil {
		return line, column
	}
	f, g := diag.NewFile(name, m.before[name].Data), diag.NewFile(name, m.after[name].Data)
	at := f.Offset(line, column)
	shift := 0
	for _, e := range m.edits {
		from, to := f.Offset(e.Line, e.Column), f.Offset(e.EndLine, e.EndColumn)
		switch {
		case e.File != name || from >= at:
		case to <= at:
			shift += len(e.Text) - (to - from)
		default:
			shift -= at - from
		}
	}
	return g.LineCol(at + shift)
}

// unmended returns the mistakes that are still there after their edits, those whose edit left more
// mistakes where it was made, and the keys put in that are another's now.
func (m mover) unmended(were, after, of []diag.Diagnostic) (failed []mistake) {
	left := map[mistake]bool{}
	for i := range after {
		left[mistakeOf(&after[i])] = true
	}
	for _, o := range of {
		moved := mistakeOf(&o)
		moved.line, moved.column = m.start(o.File, o.Line, o.Column)
		doubled := o.Code == "missing-key" && slices.ContainsFunc(after, func(d diag.Diagnostic) bool {
			return d.Code == "duplicate-id" && touchesFile(d, o.File)
		})
		if left[moved] || doubled || ofShape(&o) && errorsAround(&o, after) > errorsAround(&o, were) {
			failed = append(failed, mistakeOf(&o))
		}
	}
	return failed
}

// ofShape reports whether a diagnostic is about how YAML reads a file: its edit changes what else
// is read.
func ofShape(d *diag.Diagnostic) bool {
	return d.Code == "yaml-syntax" || d.Code == "yaml-quoting" || d.Code == "tab"
}

// errorsAround counts the errors on the lines that the edits of d touch and on those beside them.
func errorsAround(d *diag.Diagnostic, list []diag.Diagnostic) int {
	count := 0
	for _, o := range list {
		if o.Severity == diag.Error && slices.ContainsFunc(d.Edits, func(e diag.Edit) bool {
			return e.File == o.File && o.Line >= e.Line-1 && o.Line <= e.EndLine+1
		}) {
			count++
		}
	}
	return count
}

// touchesFile reports whether a diagnostic speaks of a file.
func touchesFile(d diag.Diagnostic, file string) bool {
	return d.File == file || slices.ContainsFunc(d.Related, func(r diag.Related) bool { return r.File == file })
}
