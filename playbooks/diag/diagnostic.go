package diag

import "cmp"

// Severity says how much a [Diagnostic] weighs.
type Severity string

// An error keeps a workspace from being used; a warning does so under --strict only.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Pos is a range in a file of the workspace. Lines and columns count from 1, columns in characters;
// the end is exclusive.
type Pos struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
}

// Diagnostic is one mistake of a workspace, or a warning.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // one of [Codes]
	Message  string   `json:"message"`
	Pos
	Label   string    `json:"label,omitempty"` // what stands right of the caret: what to write instead
	Related []Related `json:"related"`         // other places that matter, as `first here`
	Edits   []Edit    `json:"edits"`           // a change of the files that would mend it
}

// Related is a second place of a diagnostic.
type Related struct {
	Message string `json:"message"`
	Pos
}

// Edit replaces the text of a range.
type Edit struct {
	Pos
	Text   string `json:"text"`
	Unsure bool   `json:"-"` // something else may be meant as well: a person decides

	AssumedName string `json:"-"` // the declared name that is taken to be the right one
}

// Code declares a diagnostic once: the checker names it, `usher explain` prints it and the
// reference is made from it.
type Code struct {
	Name  string // kebab-case
	Title string // a few words: what is wrong
	Doc   string // a page for `usher explain`: why it is a mistake, and what to write instead
	Bad   string // a piece of YAML that has the mistake
	Good  string // the same without it

	// Advises says that it is about what was probably not meant: what has it can be run all the same.
	// See [Compile].
	Advises bool
}

// ComparePos orders by file, line, column.
func ComparePos(a, b Pos) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
