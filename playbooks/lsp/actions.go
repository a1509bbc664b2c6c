package lsp

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// codeActions offers the edits of the mistakes in the range, declarations and files that are
// missing, and the edits of the whole file that are beyond doubt at once.
func (s *Server) codeActions(p *codeActionParams) (any, error) {
	path, _ := pathOf(p.TextDocument.URI)
	w := s.workspaceOf(path)
	out := []codeAction{}
	if w == nil {
		return out, nil
	}
	s.refresh(w)
	name, uri := w.name(path), s.uri(w, w.name(path))
	wanted := func(kind string) bool {
		return len(p.Context.Only) == 0 || slices.ContainsFunc(p.Context.Only,
			func(o string) bool { return kind == o || strings.HasPrefix(kind, o+".") })
	}
	var created []codeAction // behind the fixes: a name is more often misspelt than still to be declared
	safe := false
	for i := range w.diags {
		d := &w.diags[i]
		if d.File != name {
			continue
		}
		shown := s.diagnostic(w, d)
		here := wanted("quickfix") && touches(shown.Range, p.Range)
		if here {
			created = append(created, s.creations(w, d, shown)...)
		}
		if len(d.Edits) == 0 {
			continue
		}
		doubtful := slices.ContainsFunc(d.Edits, func(e diag.Edit) bool { return e.Unsure })
		safe = safe || !doubtful
		if !here {
			continue
		}
		a := codeAction{
			Title: title(w, d), Kind: "quickfix", Diagnostics: []diagnostic{shown}, Preferred: !doubtful,
			Edit: workspaceEdit{Changes: map[string][]textEdit{}},
		}
		for _, e := range d.Edits {
			at := s.uri(w, e.File)
			a.Edit.Changes[at] = append(a.Edit.Changes[at], textEdit{w.text(e.File).exact(e.Pos), e.Text})
		}
		out = append(out, a)
	}
	out = append(out, created...)
	if wanted("refactor") {
		out = append(out, s.createTest(w, name, p.Range)...)
	}
	if safe && wanted("source.fixAll") {
		if edits := w.fixed(name); len(edits) > 0 {
			out = append(out, codeAction{
				Title: "Fix all that usher can fix here", Kind: "source.fixAll",
				Edit: workspaceEdit{Changes: map[string][]textEdit{uri: edits}},
			})
		}
	}
	return out, nil
}

// fixed returns the changes of a file that are beyond doubt, as `usher check --fix` makes them: a
// change for each line where their number stays, else one for all that lies between the first and
// the last.
func (w *workspace) fixed(name string) []textEdit {
	after, ok := loader.FixFile(w.loaded.Files, w.registry, name).Files[name]
	if !ok {
		return nil
	}
	t := w.text(name)
	was, is := strings.SplitAfter(t.s, "\n"), strings.SplitAfter(string(after), "\n")
	if len(was) != len(is) {
		return []textEdit{t.change(0, t.s, string(after))}
	}
	var out []textEdit
	at := 0
	for i := range was {
		if was[i] != is[i] {
			out = append(out, t.change(at, was[i], is[i]))
		}
		at += len(was[i])
	}
	return out
}

// change returns the edit that makes one text of another which begins at a byte, without what both
// begin and end with.
func (t *text) change(at int, was, is string) textEdit {
	from, to := 0, 0
	for from < min(len(was), len(is)) && was[from] == is[from] {
		from++
	}
	for from > 0 && !(utf8.RuneStart(boundary(was, from)) && utf8.RuneStart(boundary(is, from))) {
		from--
	}
	for to < min(len(was), len(is))-from && was[len(was)-1-to] == is[len(is)-1-to] {
		to++
	}
	for to > 0 && !utf8.RuneStart(was[len(was)-to]) {
		to--
	}
	return textEdit{t.rangeOf(at+from, at+len(was)-to), is[from : len(is)-to]}
}

// boundary returns the byte at which a text is cut, and one that begins a character at its end.
func boundary(s string, i int) byte {
	if i == len(s) {
		return 0
	}
	return s[i]
}

// title returns what an edit does.
func title(w *workspace, d *diag.Diagnostic) string {
	e := d.Edits[0]
	t := w.text(e.File)
	r := t.exact(e.Pos)
	old := t.s[t.offset(r.Start):t.offset(r.End)]
	switch {
	case len(d.Edits) > 1 || len(e.Text) > 60 || strings.Contains(e.Text, "\n"):
		return "Fix: " + strings.TrimSuffix(d.Label, "?")
	case e.Text == "":
		return "Remove `" + old + "`"
	case old == "":
		return "Insert `" + e.Text + "`"
	}
	return "Write `" + e.Text + "`"
}

func touches(a, b textRange) bool {
	before := func(x, y position) bool { return x.Line < y.Line || x.Line == y.Line && x.Character < y.Character }
	return !before(a.End, b.Start) && !before(b.End, a.Start)
}
