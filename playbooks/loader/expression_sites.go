package loader

import (
	"io/fs"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// ExpressionSite is where an expression or a text stands, with what it may name: for editors, which
// complete and describe while the expression itself is still unfinished.
type ExpressionSite struct {
	Pos   diag.Pos // of a template the beginning of its file
	Text  string   // as the checker read it
	Scope *scope.Scope
	Want  *schema.Type // what an expression must give; nil: anything, or a text
}

// Inspect is [Load] with the places of all expressions and texts, in the order in which they were
// read. A file that is open in an editor is read from there, in place of what lies on the disk.
func Inspect(fsys fs.FS, open map[string][]byte, reg *schema.Registry) (*playbooks.Workspace, []diag.Diagnostic,
	[]ExpressionSite,
) {
	var places []ExpressionSite
	ws, diags := load(fsys, reg, open, &places)
	return ws, diags, places
}
