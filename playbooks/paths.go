package playbooks

// The files of a workspace.
const (
	schemaFile  = "usher.yaml"
	playbookDir = "playbooks"
	templateDir = "templates"
	testSuffix  = "_test.yaml"
	yamlSuffix  = ".yaml"
	ymlSuffix   = ".yml"
)

var templateSuffixes = []string{".txt", ".md", ".html"}

// wholeFile points at a file as such.
func wholeFile(name string) Pos { return Pos{File: name, Line: 1, Column: 1, EndLine: 1, EndColumn: 1} }
