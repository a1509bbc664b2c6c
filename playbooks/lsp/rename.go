package lsp

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/shapes"
)

// refusal is why a request that was understood cannot be fulfilled: the editor shows it.
type refusal string

func (r refusal) Error() string { return string(r) }

// prepareRename answers which text the new name takes the place of; nothing where no name stands
// that can change.
func (s *Server) prepareRename(p *positionParams) (any, error) {
	c := s.cursorAt(p, false)
	if c == nil {
		return nothing, nil
	}
	sym, ok := c.symbol()
	if !ok {
		return nothing, nil
	}
	at := c.doc.position(c.off)
	for _, o := range s.occurrences(c.w, sym) {
		if o.file == c.name && touches(o.span, textRange{at, at}) {
			return map[string]any{"range": o.span, "placeholder": sym.name}, nil
		}
	}
	return nothing, nil
}

// rename answers the edits that give what the cursor is on another name, everywhere. It is refused
// when the workspace would have a mistake afterwards that it has not now.
func (s *Server) rename(p *renameParams) (any, error) {
	c := s.cursorAt(&p.positionParams, false)
	if c == nil {
		return nothing, nil
	}
	sym, ok := c.symbol()
	switch {
	case !ok:
		return nil, refusal("there is no name here that is declared in the workspace")
	case p.NewName == sym.name:
		return workspaceEdit{}, nil
	case strings.TrimSpace(p.NewName) == "":
		return nil, refusal("the new name is empty")
	case sym.kind != "" && shapes.Mentions(c.w.loaded, sym.kind)[p.NewName] != nil:
		return nil, refusal(fmt.Sprintf("there is a %s `%s` already: the two could not be told apart afterwards", sym.kind,
			p.NewName))
	}
	edits := map[string][]textEdit{}
	for _, o := range s.occurrences(c.w, sym) {
		edits[o.file] = append(edits[o.file], textEdit{o.span, o.write(p.NewName)})
	}
	moved := map[string]string{}
	if sym.template() {
		if !s.client.renamesFiles {
			return nil, refusal("this editor cannot rename files: rename " + sym.file + " by hand")
		}
		moved[sym.file] = "templates/" + p.NewName + path.Ext(sym.file)
		old := strings.TrimSuffix(strings.TrimPrefix(sym.file, "templates/"), path.Ext(sym.file))
		for _, v := range c.w.names().Variants[old] {
			for _, ext := range playbooks.TemplateSuffixes {
				if file := "templates/" + v.Name + ext; c.w.files[file] != nil {
					moved[file] = "templates/" + p.NewName + "." + v.Tag + ext
				}
			}
		}
	}
	if err := s.stillSound(c.w, edits, moved); err != nil {
		return nil, err
	}
	return s.workspaceEdit(c.w, edits, moved), nil
}

// stillSound refuses edits after which the workspace has an error that it has not now.
func (s *Server) stillSound(w *workspace, edits map[string][]textEdit, moved map[string]string) error {
	after := maps.Clone(w.files)
	for name, list := range edits {
		after[name] = []byte(applied(w.text(name), list))
	}
	for from, to := range moved {
		if after[to] != nil {
			return refusal("there is a file " + to + " already")
		}
		after[to] = after[from]
		delete(after, from)
	}
	type kind struct{ file, code string }
	known := map[kind]int{}
	for _, d := range w.diags {
		known[kind{d.File, d.Code}]++
	}
	_, diags, _ := loader.Inspect(fstest.MapFS{}, after, s.Registry)
	for _, d := range diags {
		k := kind{d.File, d.Code}
		if known[k]--; known[k] < 0 && d.Severity == diag.Error {
			return refusal(fmt.Sprintf("%s: %s (%s:%d)", d.Message, d.Label, d.File, d.Line))
		}
	}
	return nil
}

// applied returns a text after edits, which do not overlap.
func applied(t *text, edits []textEdit) string {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b textEdit) int { return t.offset(b.Range.Start) - t.offset(a.Range.Start) })
	s := t.s
	for _, e := range edits {
		s = s[:t.offset(e.Range.Start)] + e.NewText + s[t.offset(e.Range.End):]
	}
	return s
}

// workspaceEdit writes edits, and then files that are renamed, as the protocol does.
func (s *Server) workspaceEdit(w *workspace, edits map[string][]textEdit, moved map[string]string) workspaceEdit {
	out := workspaceEdit{}
	if len(moved) == 0 {
		out.Changes = map[string][]textEdit{}
		for name, list := range edits {
			out.Changes[s.uri(w, name)] = list
		}
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		out.Documents = append(out.Documents, s.documentEdit(w, name, edits[name]))
	}
	for _, from := range slices.Sorted(maps.Keys(moved)) {
		out.Documents = append(out.Documents, fileRename{"rename", s.uri(w, from), s.uri(w, moved[from])})
	}
	return out
}

// documentEdit writes the edits of one file, for the version that the editor has.
func (s *Server) documentEdit(w *workspace, name string, edits []textEdit) documentEdit {
	out := documentEdit{TextDocument: versionedDocument{URI: s.uri(w, name)}, Edits: edits}
	if d := s.docs[w.dir+"/"+name]; d != nil {
		out.TextDocument.Version = d.version
	}
	return out
}
