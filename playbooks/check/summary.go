package check

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// Contents returns what a workspace holds: 4 playbooks (1 paused), 9 tests, 3 templates.
func Contents(w *playbooks.Workspace) string {
	books, tests := 0, 0
	templates, snippets := 0, 0
	for name := range w.Files {
		switch {
		case strings.HasPrefix(name, playbooks.TemplateDir+"/"):
			templates++
		case strings.HasPrefix(name, playbooks.SnippetDir+"/"):
			snippets++
		case strings.HasPrefix(name, playbooks.PlaybookDir+"/") && !strings.HasSuffix(name, playbooks.TestSuffix):
			books++
		}
	}
	for _, f := range w.Tests {
		tests += len(f.Tests)
	}
	out := diag.Count(books, "playbook")
	var apart []string
	for _, s := range []playbooks.Status{playbooks.Shadow, playbooks.Paused, playbooks.Draft} {
		n := 0
		for _, p := range w.Playbooks {
			if p.Status == s {
				n++
			}
		}
		if n > 0 {
			apart = append(apart, fmt.Sprintf("%d %s", n, s))
		}
	}
	if len(apart) > 0 {
		out += " (" + strings.Join(apart, ", ") + ")"
	}
	out += ", " + diag.Count(tests, "test") + ", " + diag.Count(templates, "template")
	if snippets > 0 {
		out += ", " + diag.Count(snippets, "snippet")
	}
	return out
}

// Untested warns of live playbooks that no test runs, neither as its own nor beside another by
// `with`. It is apart from [Load] because only --strict asks for it.
func Untested(w *playbooks.Workspace) []diag.Diagnostic {
	tested := map[string]bool{}
	for _, t := range w.Tests {
		if len(t.Tests) > 0 {
			tested[t.Playbook] = true
			for _, id := range t.With {
				tested[id] = true
			}
		}
	}
	var out []diag.Diagnostic
	for _, p := range w.Playbooks {
		if p.Status == playbooks.Live && !tested[p.ID] {
			out = append(out, diag.Diagnostic{
				Severity: diag.Warning, Code: "untested", Message: fmt.Sprintf("the live playbook `%s` has no test", p.ID),
				Pos:   p.Pos,
				Label: "write one in " + strings.TrimSuffix(p.File, playbooks.YamlSuffix) + playbooks.TestSuffix,
			})
		}
	}
	return diag.Sorted(out)
}
