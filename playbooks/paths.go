package playbooks

import "github.com/usher-run/usher/playbooks/diag"

// The files of a workspace.
const (
	SchemaFile  = "usher.yaml"
	PlaybookDir = "playbooks"
	TemplateDir = "templates"
	SnippetDir  = "snippets"
	TestSuffix  = "_test.yaml"
	YamlSuffix  = ".yaml"
	YmlSuffix   = ".yml"
)

// TemplateSuffixes are the endings of the files that are templates.
var TemplateSuffixes = []string{".txt", ".md", ".html"}

// WholeFile points at a file as such.
func WholeFile(name string) diag.Pos {
	return diag.Pos{File: name, Line: 1, Column: 1, EndLine: 1, EndColumn: 1}
}
