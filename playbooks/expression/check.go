package expression

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/parse"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/expression/unknown"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
	"github.com/usher-run/usher/playbooks/decimal"
)

// checker types an expression in our own words: the expr library's checker stops at its first
// mistake, knows no missing values, and speaks of Go types. It stays behind as a second net (see
// backstop).
type checker struct {
	*report.Reporter
	sc         *scope.Scope
	unknown    *unknown.Names
	types      map[ast.Node]*schema.Type
	guarded    map[string]int          // paths known to be present here
	items      []*schema.Type          // element types of the predicates around, innermost last
	named      bool                    // a field of the identifier that is checked next is named
	stack      []string                // segments and computed attributes being expanded, for cycles
	inlined    map[string]*schema.Type // types of those expanded already
	broken     map[string]bool         // those among them that have a mistake
	usesBroken bool                    // one of them is in use here: there is nothing more to say, and nothing to compile
	tags       []tagMention            // that are looked for among the member's
	negated    *ast.BinaryNode         // what the `not` around it takes, and where both are
	slots      map[string]Slot
	refs       refSet

	same      map[*ast.BuiltinNode]bool // functions over lists that are made once: see isSame
	negatedAt place.Location
	*library
}

// library is what the checker knows of the expr library; it is made once and never changed.
type library struct {
	rules     map[string]builtinRule
	functions scope.Functions
	parser    *parse.Parser
	base      conf.Config // for the compiler, still without an environment
}

// theLibrary is a constant that takes a moment to make.
var theLibrary = sync.OnceValue(func() *library {
	rules := BuiltinRules()
	lib := &library{rules: rules, functions: functionNames(rules), base: *conf.CreateNew()}
	lib.parser = parse.New(lib.functions)
	lib.base.MaxNodes = parse.MaxNodes
	for _, f := range hostFunctions() {
		lib.base.Functions[f.Name] = f
	}
	return lib
})

func newChecker(src diag.Source, sc *scope.Scope, lib *library) *checker {
	told := &report.Reporter{Source: src}
	c := &checker{
		Reporter: told, sc: sc, unknown: unknown.New(told, sc, lib.functions), library: lib,
		types: map[ast.Node]*schema.Type{}, guarded: map[string]int{},
		inlined: map[string]*schema.Type{}, broken: map[string]bool{}, slots: map[string]Slot{}, refs: newRefSet(),
	}
	for _, fact := range sc.Known {
		c.guarded[fact]++
	}
	return c
}

// top checks the whole expression against what its place needs.
func (c *checker) top(n ast.Node, want *schema.Type) {
	got := c.check(n)
	if got == nil {
		return
	}
	if want != nil && want.Kind == schema.KindBool && got.Kind == schema.KindBool {
		c.need(n, got, "a condition")
		c.constants(n)
		return
	}
	if want == nil || want.Kind == schema.KindAny {
		c.unguardedResult(n, got)
		return
	}
	if !schema.Assignable(want, got) {
		label := ""
		if want.Kind == schema.KindBool {
			label = "compare it with something, as in " + nodes.Short(n) + boolHint(got)
		}
		if want.Kind == schema.KindInt && got.Kind == schema.KindNumber {
			label = "write int(" + nodes.Short(n) + "), which drops the fraction, or int(round(…))"
		}
		if want.Ref == schema.Member && got.Kind == schema.KindString {
			label = "a text is looked up when it comes in: declare what it comes from as `ref member`"
		}
		c.Report(nodes.Span(n), "type-mismatch", label, "this must be %s, but it is %s", schema.Article(want.Required().String()),
			report.DescribeType(got)).RelateDeclarations(want)
		return
	}
	if len(want.Enum) > 0 && !c.withinEnum(want, n, got) {
		c.Report(nodes.Span(n), "type-mismatch", "", "this must be %s, but it may be any text", diag.OneOf(want.Enum)).
			RelateDeclarations(want, got)
		return
	}
	if !want.Optional {
		if want.Ref == schema.Member && got.Optional && !c.isGuarded(n) { // no text stands for a member
			c.Report(nodes.Span(n), "unguarded-optional", "test "+nodes.Short(n)+" != nil first", "`%s` may be missing, and this place needs a member",
				nodes.Short(n))
			return
		}
		c.need(n, got, anyPlace)
		return
	}
	c.unguardedResult(n, got)
}

// withinEnum reports whether a text can only be one of the enum's values: it is one of them, it is
// typed so, or both ways of a choice are.
func (c *checker) withinEnum(want *schema.Type, n ast.Node, got *schema.Type) bool {
	switch n := n.(type) {
	case *ast.StringNode:
		return slices.Contains(want.Enum, n.Value)
	case *ast.ConditionalNode:
		return c.withinEnum(want, n.Exp1, c.types[n.Exp1]) && c.withinEnum(want, n.Exp2, c.types[n.Exp2])
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return c.withinEnum(want, n.Left, c.types[n.Left]) && c.withinEnum(want, n.Right, c.types[n.Right])
		}
	}
	if got == nil {
		return true // a mistake of its own
	}
	if len(got.Enum) == 0 {
		return got.Kind != schema.KindString
	}
	for _, v := range got.Enum {
		if !slices.Contains(want.Enum, v) {
			return false
		}
	}
	return true
}

func boolHint(t *schema.Type) string {
	switch t.Kind {
	case schema.KindInt, schema.KindNumber:
		return " > 0"
	case schema.KindString:
		return ` == "…"`
	}
	return " != nil"
}

// check returns the node's type, nil when it has a mistake that was reported.
func (c *checker) check(n ast.Node) *schema.Type {
	t := c.typeOf(n)
	c.types[n] = t
	return t
}

func (c *checker) typeOf(n ast.Node) *schema.Type {
	switch n := n.(type) {
	case *ast.NilNode:
		return schema.Nil
	case *ast.IntegerNode:
		if n.Value > decimal.MaxInt || n.Value < -decimal.MaxInt {
			c.LongNumber(n.Location())
		}
		return schema.Int
	case *ast.FloatNode:
		var long *decimal.ParseError
		if _, err := decimal.Parse(strings.ReplaceAll(c.Written(n.Location()), "_", "")); errors.As(err, &long) &&
			long.Lossy() {
			c.LongNumber(n.Location())
		}
		return schema.Number
	case *ast.BoolNode:
		return schema.Bool
	case *ast.StringNode:
		return schema.String
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ChainNode:
		return c.check(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.builtin(n)
	case *ast.PredicateNode:
		return c.check(n.Node)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.VariableDeclaratorNode:
		return c.let(n)
	case *ast.SliceNode:
		return c.slice(n)
	}
	c.Report(n.Location(), "syntax-expression", "", "this form is not part of the language")
	return nil
}

func (c *checker) identifier(n *ast.IdentifierNode) *schema.Type {
	subject := c.sc.Schema.Subject()
	if whole := n.Value == subject || n.Value == "event" || c.keeps(n.Value) != nil; whole && !c.named {
		field := "id"
		if t := c.keeps(n.Value); t != nil && len(t.Fields) > 0 {
			field = t.Fields[0].Name
		}
		c.Report(n.Location(), "type-mismatch", "name one of its fields, as in "+n.Value+"."+field,
			"`%s` as a whole has no value", n.Value)
		return nil
	}
	switch n.Value {
	case subject:
		return c.sc.Schema.MemberRecord()
	case "trigger":
		if c.sc.Trigger != nil {
			return c.sc.Trigger
		}
	case "vars", "params":
		if t := c.sc.Root(n.Value); t != nil {
			return t
		}
	case "event":
		if c.sc.Event != nil {
			return c.sc.Event
		}
		c.Report(n.Location(), "unknown-name", c.eventHint(), "`event` exists only in the `if` beside an `event:` key")
		return nil
	case "actions":
		return c.sc.ActionsType()
	}
	c.unknown.Name(n)
	return nil
}

// keeps returns the type of what a run keeps under a name beside its trigger and results; nil: nothing.
func (c *checker) keeps(name string) *schema.Type {
	if name == "vars" || name == "params" {
		return c.sc.Root(name)
	}
	return nil
}

// eventHint returns what to write where `event` is not in scope.
func (c *checker) eventHint() string {
	if c.sc.Trigger != nil {
		return "write `trigger` for what started the run"
	}
	return ""
}

func (c *checker) pointer(n *ast.PointerNode) *schema.Type {
	if len(c.items) == 0 {
		c.Report(n.Location(), "syntax-expression", "",
			"`#` stands for the item only inside filter, count, any and their like")
		return nil
	}
	switch n.Name {
	case "":
		return c.present(n, c.items[len(c.items)-1])
	case "index":
		return schema.Int
	}
	c.Report(n.Location(), "unknown-name", "", "`#%s` is not part of the language", n.Name)
	return nil
}

// let refuses variables: values that are named twice double without a bound, and a computed
// attribute says more.
func (c *checker) let(n *ast.VariableDeclaratorNode) *schema.Type {
	c.Report(n.Location(), "forbidden-function", "",
		"`let` is not part of the language: give the value a name among the `vars` of a playbook, or as a computed attribute of usher.yaml")
	return nil
}

func (c *checker) array(n *ast.ArrayNode) *schema.Type {
	var elem *schema.Type
	for i, item := range n.Nodes {
		t := c.check(item)
		if i == 0 {
			elem = t
			continue
		}
		j := schema.Join(elem, t)
		if j == nil && elem != nil && t != nil {
			c.Report(nodes.Span(item), "type-mismatch", "", "a list is of one type: this is %s, the items before are %s",
				report.DescribeType(t), report.DescribeType(elem))
		}
		elem = j
	}
	if len(n.Nodes) == 0 {
		elem = schema.Any
	}
	if elem == nil {
		return nil
	}
	return schema.ListOf(elem)
}

func (c *checker) object(n *ast.MapNode) *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			c.Report(pair.Key.Location(), "not-a-constant", "", "a key of an object is a constant")
			return nil
		}
		v := c.check(pair.Value)
		if v == nil {
			return nil
		}
		t.Fields = append(t.Fields, schema.Field{Name: key.Value, Type: v})
	}
	return t
}

func (c *checker) conditional(n *ast.ConditionalNode) *schema.Type {
	c.boolOperand(n.Cond, "the question")
	var a, b *schema.Type
	c.under(c.whenTrue(n.Cond), func() { a = c.check(n.Exp1) })
	c.under(c.whenFalse(n.Cond), func() { b = c.check(n.Exp2) })
	t := schema.Join(a, b)
	if t == nil && a != nil && b != nil {
		c.Report(nodes.Span(n.Exp2), "type-mismatch", "", "both answers must be of one type: this is %s, the other %s",
			report.DescribeType(b), report.DescribeType(a))
	}
	return t
}
