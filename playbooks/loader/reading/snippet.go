package reading

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Snippet is a list of actions that playbooks use.
type Snippet struct {
	Name    string
	Params  []Param
	Node    *syntax.Node // the whole file
	Actions *syntax.Node
	Broken  bool // what it takes is not known
}

// Param is what a snippet is given where it is used.
type Param struct {
	Name     string
	Kind     string       // of the kinds of names, or text; empty: a value
	Type     *schema.Type // of a value
	Optional bool
	Default  *syntax.Node // nil: none
	Pos      diag.Pos
}

// Param returns the param of a name; nil when there is none.
func (s *Snippet) Param(name string) *Param {
	return playbooks.Find(s.Params, func(p *Param) string { return p.Name }, name)
}
