package lsp

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

const schemaFile = "usher.yaml"

// workspace is a folder as the checker sees it, with what is open in the editor in place of what
// lies on the disk.
type workspace struct {
	dir        string
	registry   *schema.Registry
	shapes     *shapes.Shapes
	stale      bool
	files      map[string][]byte // of loaded; nil: one that cannot be read
	loaded     *playbooks.Workspace
	diags      []diag.Diagnostic
	sites      []loader.ExpressionSite
	goodSchema []byte               // the last usher.yaml without a mistake
	good       *playbooks.Workspace // the last one whose usher.yaml had none
	published  map[string]bool      // files with diagnostics in the editor
	texts      map[string]*text
}

// name returns a file's path in the workspace.
func (w *workspace) name(path string) string { return strings.TrimPrefix(path, w.dir+"/") }

// refresh reads and checks the workspace again when something changed.
func (s *Server) refresh(w *workspace) {
	if !w.stale && w.loaded != nil {
		return
	}
	w.stale = false
	open := map[string][]byte{}
	for _, d := range s.docs {
		if strings.HasPrefix(d.path, w.dir+"/") && s.workspaceOf(d.path) == w {
			open[w.name(d.path)] = []byte(d.text)
		}
	}
	inspect := func(fsys fs.FS) { w.loaded, w.diags, w.sites = loader.Inspect(fsys, open, w.registry) }
	if err := s.Disk.Read(w.dir, inspect); err != nil {
		fmt.Fprintf(s.Log, "usher lsp: %v\n", err)
		inspect(fstest.MapFS{})
	}
	w.files, w.texts = w.loaded.Files, map[string]*text{}
	if slices.ContainsFunc(w.diags, func(d diag.Diagnostic) bool {
		return d.File == schemaFile &&
			d.Severity == diag.Error
	}) {
		return
	}
	w.good, w.goodSchema = w.loaded, w.loaded.Files[schemaFile]
}

// names returns the workspace whose names are offered: the last one with a sound usher.yaml.
func (w *workspace) names() *playbooks.Workspace {
	if w.good != nil {
		return w.good
	}
	return w.loaded
}

// text returns a file of the workspace.
func (w *workspace) text(name string) *text {
	t := w.texts[name]
	if t == nil {
		t = newText("")
		if data := w.files[name]; data != nil {
			t = newText(string(data))
		}
		w.texts[name] = t
	}
	return t
}

// uri returns the URI of a file of the workspace, as the editor wrote it where it did.
func (s *Server) uri(w *workspace, name string) string {
	path := w.dir + "/" + name
	if d := s.docs[path]; d != nil {
		return d.uri
	}
	return uriOf(path)
}

// publish tells the editor the mistakes of every workspace that changed.
func (s *Server) publish() error {
	for _, dir := range slices.Sorted(maps.Keys(s.workspaces)) {
		w := s.workspaces[dir]
		if !w.stale {
			continue
		}
		s.refresh(w)
		byFile := map[string][]diagnostic{}
		for i := range w.diags {
			byFile[w.diags[i].File] = append(byFile[w.diags[i].File], s.diagnostic(w, &w.diags[i]))
		}
		for name := range w.published {
			if byFile[name] == nil {
				byFile[name] = []diagnostic{}
			}
		}
		for _, d := range s.docs { // an open file hears that it is sound, too
			if name := w.name(d.path); s.workspaceOf(d.path) == w && byFile[name] == nil {
				byFile[name] = []diagnostic{}
			}
		}
		w.published = map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(byFile)) {
			w.published[name] = len(byFile[name]) > 0
			p := publishParams{URI: s.uri(w, name), Diagnostics: byFile[name]}
			if d := s.docs[w.dir+"/"+name]; d != nil {
				p.Version = d.version
			}
			if err := s.notify("textDocument/publishDiagnostics", p); err != nil {
				return err
			}
		}
		maps.DeleteFunc(w.published, func(_ string, has bool) bool { return !has })
	}
	return nil
}

func (s *Server) notify(method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return s.out.write(message{Method: method, Params: raw})
}

// diagnostic returns a mistake as the editor shows it.
func (s *Server) diagnostic(w *workspace, d *diag.Diagnostic) diagnostic {
	out := diagnostic{Range: w.text(d.File).span(d.Pos), Severity: 1, Code: d.Code, Source: "usher", Message: d.Message}
	if d.Severity == diag.Warning {
		out.Severity = 2
	}
	if d.Label != "" {
		out.Message += ": " + d.Label
	}
	if d.Code == "unused" || d.Code == "unreachable" {
		out.Tags = []int{1}
	}
	for _, r := range d.Related {
		out.Related = append(out.Related, relatedInformation{
			Location: location{s.uri(w, r.File), w.text(r.File).span(r.Pos)}, Message: r.Message,
		})
	}
	return out
}
