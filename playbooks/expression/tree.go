package expression

import (
	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// Tree is an expression that was read and checked, of which parts can be compiled.
type Tree struct {
	Node ast.Node
	c    *checker
}

// Read reads and checks an expression in a scope; nil when it cannot be read. Its mistakes are
// not told: it was checked where it stands.
func Read(src diag.Source, sc *scope.Scope) *Tree {
	c := newChecker(src, sc, theLibrary())
	n := c.parser.Parse(c.Reporter, c.sc)
	if n == nil {
		return nil
	}
	c.check(n)
	return &Tree{n, c}
}

// Type returns the type of the whole expression; nil when it is not known.
func (t *Tree) Type() *schema.Type { return t.c.types[t.Node] }

// Slot returns which part of the history a call of events() reads; ok is false after a mistake.
func (t *Tree) Slot(n *ast.CallNode) (s Slot, ok bool) { return t.c.slotOf(n) }

// Compile compiles a part of the expression; nil when it cannot stand alone.
func (t *Tree) Compile(n ast.Node) *Expr {
	l := newLowering(t.c)
	program, err := l.compile(n)
	if err != nil {
		return nil
	}
	x := &Expr{Text: n.String(), program: program, Reads: l.reads}
	x.long, x.Aggregates = t.c.compileLong(n, x.Text, nil, nil)
	return x
}
