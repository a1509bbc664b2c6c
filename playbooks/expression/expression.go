package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// maxExpression bounds the source of one expression, in bytes. What it is compiled into is bounded
// by [parse.MaxNodes].
const maxExpression = 8 << 10

// Expr is a checked and compiled expression. It is safe for concurrent use.
type Expr struct {
	Text  string
	Type  *schema.Type
	Slots []Slot // what it reads of the member's history, without repeats
	Refs  Refs
	Pos   diag.Pos // of the whole text

	Aggregates []*Aggregate // what it takes of events over a long history

	program *vm.Program
	long    *Expr // the form for long histories; nil: there is no other
	Reads   []read
	atoms   []atom
	Tags    []tagMention // that it looks for
	Answers []tagMention // the texts that it may give
	Values  []tagMention // all texts that it may give, where it can give no other: see Bounded
	Bounded bool         // it can only give one of Values
	present [2][]string  // what is surely present when a condition fails, and when it holds
}

// Holds returns what is surely present when the condition holds; of no condition, nothing.
func (x *Expr) Holds() []string {
	if x == nil {
		return nil
	}
	return x.present[1]
}

// Fails returns what is surely present when the condition does not hold.
func (x *Expr) Fails() []string {
	if x == nil {
		return nil
	}
	return x.present[0]
}

// Refs names what an expression refers to, also through segments and computed attributes: sorted,
// without repeats.
type Refs struct {
	Attributes, Segments, Events, Actions, Tables []string

	Zone bool // it names a time without its zone: the workspace's
}

// tagMention is a text that is written out in an expression, or in a table that it reads.
type tagMention struct {
	Tag string
	Pos diag.Pos // with its quotes
}

// atom is a part of a condition whose value explains the outcome.
type atom struct {
	text     string
	node     ast.Node
	variable string // set: the value is simply that of a variable
	program  *vm.Program
}

// CompileExpr checks the expression against the scope and compiles it. want is the type that is
// needed, nil for any. When there are diagnostics of severity Error the Expr is nil; it is too when
// a segment or computed attribute that it uses has a mistake, which is told there.
func CompileExpr(src diag.Source, sc *scope.Scope, want *schema.Type) (*Expr, []diag.Diagnostic) {
	if len(src.Text) > maxExpression {
		return nil, []diag.Diagnostic{{
			Severity: diag.Error, Code: "expression-too-long", Pos: src.Pos(0, min(utf8.RuneCountInString(src.Text), 20)),
			Message: fmt.Sprintf("the expression has %d bytes, at most %d are allowed", len(src.Text), maxExpression),
			Label:   "split it: a computed attribute or a segment can hold a part",
		}}
	}
	c := newChecker(src, sc, theLibrary())
	node := c.parser.Parse(c.Reporter, c.sc)
	if node == nil {
		return nil, c.Diags
	}
	c.top(node, want)
	switch {
	case sc.Running && c.Failed() && !c.usesBroken:
		return c.compileUnchecked(node)
	case c.Failed() || c.usesBroken:
		return nil, c.Diags
	}
	return c.finish(node)
}

// compileUnchecked compiles what did not pass the check, if it can be compiled.
func (c *checker) compileUnchecked(node ast.Node) (x *Expr, diags []diag.Diagnostic) {
	told := c.Diags
	c.Diags = nil
	defer func() {
		if recover() != nil || x == nil { // what the check would have found is in the way
			x, diags = nil, told
		}
	}()
	x, _ = c.finish(node)
	return x, nil
}

// finish compiles what passed the check.
func (c *checker) finish(node ast.Node) (*Expr, []diag.Diagnostic) {
	x := &Expr{
		Text: c.Source.Text, Type: c.types[node], Pos: c.Source.Pos(0, utf8.RuneCountInString(c.Source.Text)), Tags: c.tags,
		Answers: c.answers(node),
	}
	x.Values, x.Bounded = c.values(node)
	if x.Type != nil && x.Type.Kind == schema.KindBool {
		x.atoms = c.atomsOf(node)
		x.present = [2][]string{c.whenFalse(node), c.whenTrue(node)}
	}
	l := newLowering(c)
	program, err := l.compile(node)
	if err != nil {
		c.reportLibraryError(node, err)
		return nil, c.Diags
	}
	x.program = program
	x.Reads = l.reads
	c.compileAtoms(x, false)
	x.long, x.Aggregates = c.compileLong(node, x.Text, x.Type, x.atoms)
	x.Slots = c.slotList()
	x.Refs = c.refs.sorted()
	return x, c.Diags
}

// compileAtoms compiles what explains the outcome of a condition, in one of its forms.
func (c *checker) compileAtoms(x *Expr, long bool) {
	reads := func(name string) bool {
		return slices.ContainsFunc(x.Reads, func(r read) bool { return r.name == name })
	}
	for i := range x.atoms {
		a := &x.atoms[i]
		a.variable, a.program = "", nil
		lone := newLowering(c)
		lone.long = long
		lowered := lone.lower(a.node)
		if v, ok := lowered.(*ast.IdentifierNode); ok && reads(v.Value) {
			a.variable = v.Value
			continue
		}
		// An atom may be impossible to compile alone (a variable of an enclosing `let`): then it explains
		// nothing.
		a.program, _ = lone.compileLowered(lowered)
	}
}

// answers returns the texts that an expression may give, as far as they are written out.
func (c *checker) answers(n ast.Node) []tagMention {
	switch n := n.(type) {
	case *ast.StringNode:
		return []tagMention{{n.Value, c.Source.Pos(n.Location().From, n.Location().To)}}
	case *ast.ConditionalNode:
		return append(c.answers(n.Exp1), c.answers(n.Exp2)...)
	}
	return nil
}

// values returns the texts that a node may give, and whether it can give no other: constants, values
// of enums, columns of tables, and what is joined of them by `??` and `? :`. What is missing is none.
func (c *checker) values(n ast.Node) (list []tagMention, bounded bool) {
	both := func(a, b ast.Node) ([]tagMention, bool) {
		x, known := c.values(a)
		y, also := c.values(b)
		return append(x, y...), known && also
	}
	at := c.Source.Pos(n.Location().From, n.Location().To)
	switch n := n.(type) {
	case *ast.StringNode:
		return []tagMention{{n.Value, at}}, true
	case *ast.NilNode:
		return nil, true
	case *ast.ConditionalNode:
		return both(n.Exp1, n.Exp2)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return both(n.Left, n.Right)
		}
	case *ast.ChainNode:
		return c.values(n.Node)
	case *ast.MemberNode:
		if cells := c.cells(n); cells != nil {
			return cells, true
		}
	}
	t := c.types[n]
	if t == nil || len(t.Enum) == 0 {
		return nil, false
	}
	whole := nodes.Span(n)
	for _, v := range t.Enum {
		list = append(list, tagMention{v, c.Source.Pos(whole.From, whole.To)})
	}
	return list, true
}

// refSet collects what an expression refers to.
type refSet struct{ attributes, segments, events, actions, tables, zone map[string]bool }

func newRefSet() refSet {
	empty := func() map[string]bool { return map[string]bool{} }
	return refSet{empty(), empty(), empty(), empty(), empty(), empty()}
}

func (r refSet) sorted() Refs {
	keys := func(m map[string]bool) []string {
		var out []string
		for k := range m {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	return Refs{
		keys(r.attributes), keys(r.segments), keys(r.events), keys(r.actions), keys(r.tables), len(r.zone) > 0,
	}
}

func (s Slot) key() string {
	if s.Window.IsZero() {
		return s.Event
	}
	return s.Event + ":" + s.Window.String()
}

func (c *checker) slotList() []Slot {
	out := make([]Slot, 0, len(c.slots))
	for _, s := range c.slots {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Slot) int { return strings.Compare(a.key(), b.key()) })
	return out
}

// Slot names a part of a member's history that an expression reads: events(name, window).
type Slot struct {
	Event  string
	Window schema.Window // zero: all
	Items  bool          // the events themselves are read, not only how many there are
}

// With returns the union of both, sorted, without repeats.
func (r Refs) With(o Refs) Refs {
	union := func(a, b []string) []string {
		all := slices.Concat(a, b)
		slices.Sort(all)
		return slices.Compact(all)
	}
	return Refs{
		Attributes: union(r.Attributes, o.Attributes), Segments: union(r.Segments, o.Segments),
		Events: union(r.Events, o.Events), Actions: union(r.Actions, o.Actions),
		Tables: union(r.Tables, o.Tables), Zone: r.Zone || o.Zone,
	}
}

// ParseExpression returns the syntax tree of an expression, unchecked; nil when it has none.
func ParseExpression(src diag.Source, declared scope.Declarations) ast.Node {
	return theLibrary().parser.Parse(&report.Reporter{Source: src}, &scope.Scope{Schema: declared})
}
