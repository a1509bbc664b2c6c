package lsp

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
)

var (
	choice = regexp.MustCompile(`\$\{\d+\|((?:[^,|\\]|\\.)*)(?:,[^|]*)?\|\}`)
	stop   = regexp.MustCompile(`\$\{\d+:((?:[^}\\]|\\.)*)\}`)
	escape = regexp.MustCompile(`\\([$}\\,|])`)
)

// expand returns what stands in the editor after a snippet was inserted and nothing typed.
func expand(s string) string {
	s = strings.ReplaceAll(s, "$0", "")
	s = stop.ReplaceAllString(choice.ReplaceAllString(s, "$1"), "$1")
	return escape.ReplaceAllString(s, "$1")
}

// inserted returns the file after the item with the label was chosen at ‸.
func inserted(t *testing.T, s *Server, file, marked, label string) string {
	t.Helper()
	items := complete(t, s, file, marked)
	i := slices.IndexFunc(items, func(i completionItem) bool { return i.Label == label })
	if i < 0 {
		t.Fatalf("%s is not offered, but %v", label, labelsOf(items))
	}
	doc := newText(strings.Replace(marked, "‸", "", 1))
	return applied(doc, []textEdit{{items[i].Edit.Range, expand(items[i].Edit.NewText)}})
}

// TestSnippetsAreComplete inserts every action, trigger and section as a snippet, without typing
// anything else: none lacks a key.
func TestSnippetsAreComplete(t *testing.T) {
	check := func(t *testing.T, file, text string) {
		t.Helper()
		s := shopServer(t)
		w := s.workspaceOf("/w/" + schemaFile)
		w.files[file] = []byte(text)
		s.Disk, w.stale = memory{filesOf(w.files)}, true
		s.refresh(w)
		for _, d := range w.diags {
			if d.Severity == diag.Error && d.File == file {
				t.Errorf("%d:%d %s: %s\n%s", d.Line, d.Column, d.Message, d.Label, text)
			}
		}
	}
	s := shopServer(t)
	w := s.workspaceOf("/w/" + schemaFile)
	item := w.shapes.Playbook.Key("actions").Value.Item
	for _, k := range item.Keys {
		if slices.Contains([]string{"id", "with", "then", "else"}, k.Name) {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			head := shopHead + "actions:\n  - tag: x\n"
			text := inserted(t, shopServer(t), "playbooks/b.yaml", head+"  - ‸\n", k.Name)
			for _, inner := range []string{"- \n", "[]\n"} { // a branch still wants its actions
				text = strings.ReplaceAll(text, "          "+inner, "          - tag: y\n")
			}
			if k.Name == "if" {
				text = strings.TrimRight(text, "\n") + "\n    tag: y\n"
			}
			if strings.HasSuffix(text, "- \n") {
				text = strings.TrimSuffix(text, "- \n") + "- tag: y\n"
			}
			check(t, "playbooks/b.yaml", strings.Replace(text, "set: {}", "set: {nickname: x}", 1))
		})
	}
	for _, key := range []string{
		"goal", "exit", "trigger", "reentry", "mode", "holdout", "status", "condition", "owner",
		"name",
	} {
		t.Run(key, func(t *testing.T) {
			head := "id: second\nstage: retention\n"
			if key != "trigger" {
				head += "trigger: {event: order.paid}\n"
			}
			text := inserted(t, shopServer(t), "playbooks/b.yaml", head+"actions:\n  - tag: x\n‸\n", key)
			check(t, "playbooks/b.yaml", text)
		})
	}
	t.Run("a playbook", func(t *testing.T) {
		text := inserted(t, shopServer(t), "playbooks/b.yaml", "‸", "new playbook")
		check(t, "playbooks/b.yaml", strings.Replace(text, "  - \n", "  - tag: x\n", 1))
	})
	t.Run("tests", func(t *testing.T) {
		text := inserted(t, shopServer(t), "playbooks/a_test.yaml", "‸", "new tests")
		check(t, "playbooks/a_test.yaml", text)
	})
	t.Run("usher.yaml", func(t *testing.T) {
		check(t, schemaFile, inserted(t, shopServer(t), schemaFile,
			strings.Replace(shop[schemaFile], "frequency_caps: [{channels: [out], max: 2, per: 1d}]\n", "‸\n", 1),
			"frequency_caps"))
		check(t, schemaFile, inserted(t, shopServer(t), schemaFile, shop[schemaFile]+"‸\n", "quiet_hours"))
	})
}

// TestWithoutSnippetsNoPlaceholders: an editor that knows none gets plain text.
func TestWithoutSnippetsNoPlaceholders(t *testing.T) {
	s := shopServer(t)
	s.client.snippets = false
	for _, item := range complete(t, s, "playbooks/b.yaml", shopHead+"actions:\n  - ‸\n") {
		if item.Format != 0 || strings.Contains(item.Edit.NewText, "$") {
			t.Errorf("%s inserts %q", item.Label, item.Edit.NewText)
		}
	}
}
