package playbooks

import "io/fs"

// Place is where an expression or a text stands, with what it may name: for editors, which complete and describe while the
// expression itself is still unfinished.
type Place struct {
	Pos   Pos    // of a template the beginning of its file
	Text  string // as the checker read it
	Scope *Scope
	Want  *Type // what an expression must give; nil: anything, or a text
}

// Inspect is [Load] with the places of all expressions and texts, in the order in which they were read. A file that is open in an
// editor is read from there, in place of what lies on the disk.
func Inspect(fsys fs.FS, open map[string][]byte, reg *Registry) (*Workspace, []Diagnostic, []Place) {
	var places []Place
	ws, diags := load(fsys, reg, open, &places)
	return ws, diags, places
}

// place notes where an expression or a text stands.
func (c *checker) place(n *node, sc *Scope, want *Type) {
	if c.places != nil && n.kind == scalarNode {
		c.placeOf(n.pos(), n.value, sc, want)
	}
}

func (c *checker) placeOf(p Pos, text string, sc *Scope, want *Type) {
	if c.places != nil && sc != nil {
		*c.places = append(*c.places, Place{p, text, sc, want})
	}
}
