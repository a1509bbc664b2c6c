package reading

import (
	"path"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/syntax"
)

// TemplateOf returns the template that the file holds, not compiled yet. The line break at the end is
// the file's, not the message's.
func TemplateOf(f *diag.File, name string) playbooks.Template {
	return playbooks.Template{Name: name, Text: strings.TrimSuffix(f.Text, "\n"), HTML: path.Ext(f.Name) == ".html"}
}

// KnownTemplate reports whether there is a template of the name: a file, or variants for locales.
func (c *Reader) KnownTemplate(n *syntax.Node, name string) bool {
	has := func(name string) bool { return c.Texts[name] != nil || c.Workspace.Variants[name] != nil }
	if has(name) {
		return true
	}
	bare := strings.TrimPrefix(strings.TrimSuffix(name, path.Ext(name)), playbooks.TemplateDir+"/")
	if bare != name && has(bare) {
		c.Error("unknown-template", n.Pos(), "a template is named by its path below templates/, without its extension").
			Label("write "+bare).Edit(n.Pos(), bare)
		return false
	}
	c.Unknown("unknown-template", n, "there is no template", name, c.templateNames(), diag.NoDeclaration)
	return false
}

// templateNames returns the names of templates, each once for all of its variants.
func (c *Reader) templateNames() []string {
	var known []string
	for file := range c.Texts {
		if base, _, variant := c.Workspace.VariantOf(file); variant {
			file = base
		}
		known = append(known, file)
	}
	slices.Sort(known)
	return slices.Compact(known)
}
