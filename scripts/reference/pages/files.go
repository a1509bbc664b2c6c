package pages

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// filesPage lists the keys of every kind of file.
func filesPage(reg *schema.Registry) string {
	forms := shapes.NewShapes(reg)
	p := &page{}
	p.f("%s# Files\n\nEvery key of every file of a workspace. What they mean together is in [the language](../language.md); editors know them from\n`usher schema` and `usher lsp`.\n\n", generated)
	for _, f := range []struct {
		title string
		shape *shapes.Shape
	}{
		{"usher.yaml", forms.Schema},
		{"playbooks/\\*\\*/\\*.yaml", forms.Playbook},
		{"snippets/\\*\\*/\\*.yaml", forms.Snippet},
		{"playbooks/\\*\\*/\\*_test.yaml", forms.Test},
	} {
		p.f("## %s\n\n", f.title)
		w := &keyWriter{page: p, seen: map[*shapes.Shape]bool{}}
		w.mapping("", f.shape)
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// keyWriter writes the mappings of a file, each once, the outer before the inner.
type keyWriter struct {
	*page
	seen map[*shapes.Shape]bool
}

func (w *keyWriter) mapping(at string, s *shapes.Shape) {
	if w.seen[s] {
		return
	}
	w.seen[s] = true
	var rows [][]string
	for i := range s.Keys {
		k := &s.Keys[i]
		rows = append(rows, []string{code(k.Name), k.Value.Describe(), needed(k), shownDefault(k), k.Doc})
	}
	if len(rows) > 0 {
		if at != "" {
			w.f("### %s\n\n", at)
		}
		if len(s.One) > 0 {
			w.f("Exactly one of %s.\n\n", codes(s.One))
		}
		w.table([]string{"key", "value", "required", "default", "meaning"}, rows)
	}
	for i := range s.Keys {
		w.inner(join(at, s.Keys[i].Name), s.Keys[i].Value)
	}
	if s.Rest != nil {
		w.inner(join(at, "NAME"), s.Rest)
	}
}

func (w *keyWriter) inner(at string, s *shapes.Shape) {
	for _, f := range s.Forms() {
		if strings.HasPrefix(f.Name, "channel ") {
			continue // they have a page of their own
		}
		switch f.Kind {
		case shapes.ShapeMapping:
			w.mapping(at, f)
		case shapes.ShapeList:
			w.inner(at+"[]", f.Item)
		}
	}
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func needed(k *shapes.ShapeKey) string {
	switch {
	case k.Required:
		return "yes"
	case len(k.Needs) > 0:
		return "with " + codes(k.Needs)
	case len(k.With) > 0:
		return "only with " + codes(k.With)
	}
	return ""
}

func shownDefault(k *shapes.ShapeKey) string {
	if k.Default == nil {
		return ""
	}
	return code(fmt.Sprint(k.Default))
}

func codes(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, code(n))
	}
	return strings.Join(out, ", ")
}
