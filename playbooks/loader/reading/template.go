package reading

import (
	"path"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// TemplateOf returns the template that the file holds, not compiled yet. The line break at the end is
// the file's, not the message's.
func TemplateOf(f *diag.File, name string) playbooks.Template {
	return playbooks.Template{Name: name, Text: strings.TrimSuffix(f.Text, "\n"), HTML: path.Ext(f.Name) == ".html"}
}
