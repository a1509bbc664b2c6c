package lsp

import (
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
)

// codeActions offers the edits of the mistakes in the range, declarations and files that are missing, and all safe edits of the
// file at once.
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
		return len(p.Context.Only) == 0 || slices.ContainsFunc(p.Context.Only, func(o string) bool { return kind == o || strings.HasPrefix(kind, o+".") })
	}
	var all []playbooks.Diagnostic
	var created []codeAction // behind the fixes: a name is more often misspelt than still to be declared
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
		all = append(all, *d)
		if !here {
			continue
		}
		a := codeAction{Title: title(w, d), Kind: "quickfix", Diagnostics: []diagnostic{shown}, Preferred: true, Edit: workspaceEdit{Changes: map[string][]textEdit{}}}
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
	if edits := playbooks.SafeEdits(all); len(edits) > 0 && wanted("source.fixAll") {
		a := codeAction{Title: "Fix all that usher can fix here", Kind: "source.fixAll", Edit: workspaceEdit{Changes: map[string][]textEdit{}}}
		for _, e := range edits {
			if e.File == name {
				a.Edit.Changes[uri] = append(a.Edit.Changes[uri], textEdit{w.text(name).exact(e.Pos), e.Text})
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// title says what an edit does.
func title(w *workspace, d *playbooks.Diagnostic) string {
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
